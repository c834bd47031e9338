/**
 * What each register holds, in names: two registers with one name hold the same number.
 *
 *   Program, Cfg --forward over the blocks, until nothing changes--> names before each block --valuesAfter-->
 *     after an instruction
 *
 * A name is a base and a distance from it. Bases are constants, the frame pointer, maps, what an instruction
 * has made ("the result of instruction 7"), and expressions of those. Nothing here is proven: it finds where
 * to look.
 */
import type { Cfg } from '../../../analysis/cfg/cfg.ts';
import { CALLER_SAVED, registersWritten } from '../../../isa/effects.ts';
import { type Insn, imm64, OP_LD_IMM64, PseudoLd, R10 } from '../../../isa/insn.ts';
import { type AluOp, specOf } from '../../../isa/semantics.ts';
import type { Program } from '../../../program/program.ts';

export interface Base {
  readonly id: number;
  /** Instructions whose results it is made of: when one of them runs again, the name has lost its meaning. */
  readonly of: ReadonlySet<number>;
  /** Its upper 32 bits are 0. */
  readonly narrow: boolean;
}

/** `base + distance`; of the base of constants, the distance is the number. */
export interface Name {
  readonly base: Base;
  readonly distance: bigint;
}

/** Names of r0 to r10. */
export type Names = readonly (Name | undefined)[];

const NOTHING: ReadonlySet<number> = new Set();
/** Stands for a block among instructions, whose numbers are not negative. */
const ofBlock = (block: number): number => -1 - block;
/** More than instructions can add to an address. */
const FAR = 1n << 31n;

export function sameName(a: Name | undefined, b: Name | undefined): boolean {
  return a !== undefined && b !== undefined && a.base === b.base && a.distance === b.distance;
}

/** Names of one program's values. */
export class KnownValues {
  private readonly bases = new Map<string, Base>();
  private readonly zero = this.base('constant', NOTHING, false);
  private readonly first: (Names | undefined)[];
  private readonly program: Program;

  constructor(program: Program, cfg: Cfg) {
    this.program = program;
    this.first = new Array(cfg.blocks.length).fill(undefined);
    for (const entry of cfg.entries) if (entry >= 0) this.first[entry] = this.atEntry(entry);
    const open = new Set(cfg.order.flat());
    for (const id of open) {
      open.delete(id);
      let names = this.first[id];
      if (names === undefined) continue;
      const block = cfg.blocks[id]!;
      for (let at = block.start; at < block.end; at++) names = this.after(names, at);
      for (const next of block.successors) if (this.meet(next, names)) open.add(next);
    }
  }

  /** Names before the first instruction of a block. */
  at(block: number): Names {
    return this.first[block] ?? this.atEntry(block);
  }

  /** Names before an instruction. */
  before(at: number, cfg: Cfg): Names {
    const id = cfg.blockOf[at]!;
    let names = this.at(id);
    for (let p = cfg.blocks[id]!.start; p < at; p++) names = this.after(names, p);
    return names;
  }

  private atEntry(block: number): Names {
    const names = Array.from({ length: R10 }, (_, r) => this.joined(block, r));
    return [...names, { base: this.base('frame', NOTHING, false), distance: 0n }];
  }

  /** What a register holds where ways meet that bring different values. */
  private joined(block: number, register: number): Name {
    const key = `block ${block} r${register}`;
    return { base: this.base(key, new Set([ofBlock(block)]), false), distance: 0n };
  }

  /** @returns true when a block knows less than before */
  private meet(id: number, incoming: Names): boolean {
    const known = this.first[id];
    let changed = known === undefined;
    const both = incoming.map((name, r) => {
      // What met there before is an older value.
      const isOld = name?.base.of.has(ofBlock(id)) ?? true;
      if (known === undefined) return isOld ? this.joined(id, r) : name;
      const before = known[r];
      if (!isOld && sameName(name, before)) return name;
      const joined = this.joined(id, r);
      changed ||= !sameName(before, joined);
      return joined;
    });
    if (changed) this.first[id] = both;
    return changed;
  }

  /** Names after instruction `at`, from those before it. */
  after(names: Names, at: number): Names {
    const i = this.program.insns[at]!;
    const kind = specOf(i)?.kind;
    const written = kind === 'call' ? CALLER_SAVED : registersWritten(i);
    if (written === 0) return names;
    const name = this.resultOf(i, names) ?? { base: this.fresh(i, at), distance: 0n };
    // Results of this instruction that are still there are older ones.
    const next = names.map((n) => (n?.base.of.has(at) ? undefined : n));
    const target = kind === 'call' || kind === 'ldabs' ? 0 : Math.log2(written & -written);
    for (let r = 0; r < R10; r++) if ((written >> r) & 1) next[r] = r === target ? name : undefined;
    return next;
  }

  private fresh(i: Insn, at: number): Base {
    const spec = specOf(i);
    const narrow =
      (spec?.kind === 'load' && spec.size <= 4 && !spec.signed) ||
      (spec?.kind === 'alu' && spec.width === 32);
    return this.base(`result ${at}`, new Set([at]), narrow);
  }

  private base(key: string, of: ReadonlySet<number>, narrow: boolean): Base {
    let base = this.bases.get(key);
    if (base === undefined) this.bases.set(key, (base = { id: this.bases.size, of, narrow }));
    return base;
  }

  private constant(value: bigint): Name {
    return { base: this.zero, distance: BigInt.asUintN(64, value) };
  }

  /**
   * What an instruction without effects leaves in its destination; undefined for what only running it tells.
   */
  resultOf(i: Insn, names: Names): Name | undefined {
    if (i.op === OP_LD_IMM64) return this.address(i);
    const spec = specOf(i);
    if (spec?.kind !== 'alu') return undefined;
    const [d, s] = [names[i.dst], spec.operand === 'X' ? names[i.src] : this.constant(BigInt(i.imm))];
    if (spec.mnemonic === 'mov') return spec.width === 64 ? s : this.low(s);
    if (spec.width === 64 && spec.operand === 'K' && d !== undefined && d.base !== this.zero) {
      const by =
        spec.mnemonic === 'add' ? BigInt(i.imm) : spec.mnemonic === 'sub' ? -BigInt(i.imm) : undefined;
      const distance = by === undefined ? FAR : d.distance + by;
      if (distance > -FAR && distance < FAR) return { base: d.base, distance };
    }
    return this.expression(spec, i, d, s);
  }

  private address(i: Insn): Name {
    if (i.src === PseudoLd.IMM64) return this.constant(imm64(i));
    const isValue = i.src === PseudoLd.MAP_VALUE || i.src === PseudoLd.MAP_IDX_VALUE;
    const key = `address ${i.src} ${i.imm} ${isValue ? '' : i.immHi}`;
    return { base: this.base(key, NOTHING, false), distance: isValue ? BigInt(i.immHi) : 0n };
  }

  private low(s: Name | undefined): Name | undefined {
    if (s === undefined) return undefined;
    if (s.base === this.zero) return this.constant(BigInt.asUintN(32, s.distance));
    return s.base.narrow && s.distance === 0n ? s : this.made('low', [s], true);
  }

  private expression(spec: AluOp, i: Insn, d: Name | undefined, s: Name | undefined): Name | undefined {
    const operands = [...(spec.readsDst ? [d] : []), ...(spec.operand === 'none' ? [] : [s])];
    const known = operands.filter((n) => n !== undefined);
    return known.length === operands.length
      ? this.made(`${spec.name} ${i.off}`, known, spec.width === 32)
      : undefined;
  }

  private made(what: string, operands: readonly Name[], narrow: boolean): Name {
    const key = `${what} ${operands.map((n) => `${n.base.id}+${n.distance}`).join(' ')}`;
    const of = new Set(operands.flatMap((n) => [...n.base.of]));
    return { base: this.base(key, of, narrow), distance: 0n };
  }
}
