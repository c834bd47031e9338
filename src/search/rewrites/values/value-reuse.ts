/**
 * Values that a register still holds, instead of the same computed again or copied: addresses of maps and
 * stack, constants, copies that are only read, common subexpressions.
 *
 *   names of values --1 each block with reads from whoever has the value longest--> --2 without what nobody
 *     reads then-->
 *   --3 cut to the ranges in which something is saved--> windows and their replacements
 */
import { type Block, controlFlow } from '../../../analysis/cfg/cfg.ts';
import { liveRegisters, readsOf } from '../../../analysis/index.ts';
import { CALLER_SAVED, registersRead, registersWritten } from '../../../isa/effects.ts';
import { type Insn, insn, isNop, R10, slotsOf } from '../../../isa/insn.ts';
import { specOf } from '../../../isa/semantics.ts';
import { pinOf } from '../../../program/edit.ts';
import type { Program } from '../../../program/program.ts';
import type { Window } from '../../../verify/types.ts';
import { usesSource } from '../../edit.ts';
import { MOV32_K, MOV64_K, MOV64_X } from '../../opcodes.ts';
import { KnownValues, type Name, type Names, sameName } from './known-values.ts';

export interface Reuse {
  window: Window;
  replacement: readonly Insn[];
}

/** Longest range that is replaced as one. */
const LONGEST = 32;

/** Last first; they do not overlap. */
export function valueReuses(program: Program): Reuse[] {
  const cfg = controlFlow(program);
  const values = new KnownValues(program, cfg);
  const live = liveRegisters(program, cfg);
  const found: Reuse[] = [];
  for (const block of cfg.blocks) {
    let after = 1 << R10;
    for (const s of block.successors) after |= live[cfg.blocks[s]!.start]!;
    found.push(...reusesOf(program, block, values, after));
  }
  return found.reverse();
}

function reusesOf(program: Program, block: Block, values: KnownValues, liveAfter: number): Reuse[] {
  const { start, end } = block;
  const pinned = (at: number): boolean => pinOf(program, at) !== undefined;
  const forwarded = forward(program, block, values, pinned);
  const now = forwarded.map(({ now }) => now);
  const kept = needed(now, start, liveAfter, pinned);
  const ranges: Window[] = [];
  for (let at = start; at < end; at++) {
    const [old, next] = [program.insns[at]!, now[at - start]!];
    const gone = !kept[at - start];
    if (isNop(old) || (!gone && slotsOf(next) === slotsOf(old))) continue;
    // What used the result has to change with it, unless that was there already.
    const last = gone && !isIdle(next) ? lastUse(program.insns, at, end) : at;
    ranges.push({ start: Math.max(start, forwarded[at - start]!.from), end: last + 1 });
  }
  return merged(ranges, (at) => Math.max(start, forwarded[at - start]!.from)).flatMap((window) => {
    for (let at = window.start; at < window.end; at++) if (pinned(at)) return [];
    if (window.end - window.start > LONGEST) return [];
    const [from, to] = [window.start - start, window.end - start];
    const replacement = now.slice(from, to).filter((_, n) => kept[from + n]);
    return [{ window, replacement }];
  });
}

/** Ranges without overlaps, each from where all begins that its instructions rest on. */
function merged(ranges: readonly Window[], from: (at: number) => number): Window[] {
  const result: Window[] = [];
  for (const range of ranges) {
    let { start, end } = range;
    for (let at = end - 1; at >= start; at--) start = Math.min(start, from(at));
    for (let before = result.at(-1); before !== undefined && before.end > start; before = result.at(-1)) {
      start = Math.min(start, before.start);
      end = Math.max(end, before.end);
      result.pop();
    }
    result.push({ start, end });
  }
  return result;
}

/** Last instruction before `end` that reads what `at` writes. */
function lastUse(insns: readonly Insn[], at: number, end: number): number {
  const register = registersWritten(insns[at]!);
  let last = at;
  for (let p = at + 1; p < end; p++) {
    if ((readsOf(insns[p]!) & register) !== 0) last = p;
    const kind = specOf(insns[p]!)?.kind;
    const written = kind === 'call' ? CALLER_SAVED : registersWritten(insns[p]!);
    if ((written & register) === register) break;
  }
  return last;
}

/** An instruction, and the first one that its change rests on: itself where it has not changed. */
interface Forwarded {
  now: Insn;
  from: number;
}

/** The block's instructions, reading from the register that has each value longest. */
function forward(
  program: Program,
  block: Block,
  values: KnownValues,
  pinned: (at: number) => boolean,
): Forwarded[] {
  let names = values.at(block.id);
  /** Where each register got what it holds. */
  const since = new Array<number>(R10).fill(block.start - 1);
  since.push(Number.NEGATIVE_INFINITY);
  /** Where what it holds begins to be computed, in that register. */
  const begun = [...since];
  const made: Forwarded[] = [];
  for (let at = block.start; at < block.end; at++) {
    const old = program.insns[at]!;
    const propagation = new Propagation(values, names, since, begun, at);
    made.push(pinned(at) ? { now: old, from: at } : propagation.of(old));
    const next = values.after(names, at);
    const written = specOf(old)?.kind === 'call' ? CALLER_SAVED : registersWritten(old);
    for (let r = 0; r < R10; r++) {
      if (((written >> r) & 1) === 0 || sameName(next[r], names[r])) continue;
      since[r] = at;
      if (((registersRead(old) >> r) & 1) === 0) begun[r] = at;
    }
    names = next;
  }
  return made;
}

/** One instruction with values from elsewhere. */
class Propagation {
  private readonly values: KnownValues;
  private readonly names: Names;
  private readonly since: readonly number[];
  private readonly begun: readonly number[];
  private from: number;

  constructor(
    values: KnownValues,
    names: Names,
    since: readonly number[],
    begun: readonly number[],
    at: number,
  ) {
    this.begun = begun;
    this.values = values;
    this.names = names;
    this.since = since;
    this.from = at;
  }

  of(i: Insn): Forwarded {
    const now = this.propagated(i);
    return { now, from: this.from };
  }

  private propagated(i: Insn): Insn {
    const spec = specOf(i);
    switch (spec?.kind) {
      case 'alu':
      case 'ldimm64':
        return this.computed(i) ?? (usesSource(i) ? { ...i, src: this.reading(i.src) } : i);
      case 'load':
        return this.addressed(i, 'src');
      case 'store':
        return this.addressed(usesSource(i) ? { ...i, src: this.reading(i.src) } : i, 'dst');
      case 'atomic':
        return this.addressed(i, 'dst');
      case 'jump':
        return { ...i, dst: this.reading(i.dst), src: usesSource(i) ? this.reading(i.src) : i.src };
      default:
        return i;
    }
  }

  /** A move from a register that holds the result already. */
  private computed(i: Insn): Insn | undefined {
    const { names, since } = this;
    const result = this.values.resultOf(i, names);
    if (sameName(result, names[i.dst])) {
      // Of `w1 = w1` the analysis knows what it rests on.
      if (i.src !== i.dst) this.restsOn(since[i.dst]!, result);
      return insn(MOV64_X, i.dst, i.dst);
    }
    const holder = this.holder(result);
    // A short constant is as good as a copy of it.
    if (holder === undefined || i.op === MOV64_K || i.op === MOV32_K) return undefined;
    if (i.op !== MOV64_X) this.restsOn(this.begun[holder]!, result);
    else if (holder !== i.src) this.restsOn(since[i.src]!, result);
    return insn(MOV64_X, i.dst, holder);
  }

  private holder(name: Name | undefined): number | undefined {
    let best: number | undefined;
    for (let r = R10; r >= 0; r--)
      if (sameName(this.names[r], name) && (best === undefined || this.since[r]! < this.since[best]!))
        best = r;
    return best;
  }

  private reading(register: number): number {
    const holder = this.holder(this.names[register]);
    if (holder === undefined || this.since[holder]! >= this.since[register]!) return register;
    this.restsOn(this.since[register]!, this.names[register]);
    return holder;
  }

  /** The access by the register that has the address, or one at a distance from it, longest. */
  private addressed(i: Insn, field: 'dst' | 'src'): Insn {
    const { names, since } = this;
    const name = names[i[field]];
    let best = i;
    for (let r = R10; r >= 0; r--) {
      const other = names[r];
      if (name === undefined || other?.base !== name.base || since[r]! >= since[best[field]]!) continue;
      const off = BigInt(i.off) + name.distance - other.distance;
      if (off === BigInt.asIntN(16, off)) best = { ...i, [field]: r, off: Number(off) };
    }
    if (best !== i) this.restsOn(since[i[field]]!, name);
    return best;
  }

  /**
   * That a register has a value since instruction `at`; of addresses and constants the analysis knows that.
   */
  private restsOn(at: number, name: Name | undefined): void {
    if (name !== undefined && name.base.of.size > 0) this.from = Math.min(this.from, at);
  }
}

/** A move of a register to itself. */
function isIdle(i: Insn): boolean {
  return i.op === MOV64_X && i.off === 0 && i.dst === i.src;
}

/** Per instruction of a block, whether anything depends on it. */
function needed(
  insns: readonly Insn[],
  start: number,
  liveAfter: number,
  pinned: (at: number) => boolean,
): boolean[] {
  const kept = new Array<boolean>(insns.length).fill(true);
  let live = liveAfter;
  for (let n = insns.length - 1; n >= 0; n--) {
    const i = insns[n]!;
    const kind = specOf(i)?.kind;
    const written = kind === 'call' ? CALLER_SAVED : registersWritten(i);
    const pure = kind === 'alu' || kind === 'ldimm64';
    if (pure && !pinned(start + n) && ((written & live) === 0 || isIdle(i))) {
      kept[n] = false;
      continue;
    }
    live = (live & ~written) | readsOf(i);
  }
  return kept;
}
