/**
 * Symbolic execution of a window: the semantics table over terms.
 *
 *   in:   instructions, the window's context as terms (Frame)
 *   out:  Run: how control leaves (through the end, by a jump, by `exit`), with registers, memory logs and path condition of each way out;
 *         accesses to shared memory in order; the regions touched
 *
 * Jumps may go forward inside the window, and out of it. States that meet are merged into one: values become if-then-else on the branch taken.
 */

import { type Region, region as regions } from '../analysis/values.ts';
import { indexOfSlot, slotOffsets } from '../isa/flow.ts';
import { type Insn, imm64, PseudoLd, R10 } from '../isa/insn.ts';
import {
  type AluOp,
  type AtomicOp,
  type JumpOp,
  type LoadOp,
  type StoreOp,
  specOf,
} from '../isa/semantics.ts';
import type { CtxField } from '../program/hooks.ts';
import type { MapDef } from '../program/program.ts';
import { type Normalizer, Op, splitOffset, type Term, termAlgebra } from '../solver/index.ts';
import type { Access } from './accesses.ts';
import { ctxPointerAt } from './ctxload.ts';
import { type KnownByte, type Log, MemoryReader, mergeLogs, write } from './memory.ts';
import { type Bases, isShared, type Merging, memoryOf } from './regions.ts';
import { Refused, Unsupported } from './unsupported.ts';

/** The window's start. */
export interface Start {
  readonly registers: readonly (Term | undefined)[];
  /** Known contents, as writes that happened before. */
  readonly logs: ReadonlyMap<string, Log>;
}

export interface Surroundings {
  readonly normalizer: Normalizer;
  readonly bases: Bases;
  readonly merging: Merging;
  readonly maps: readonly MapDef[];
  readonly ctxFields: readonly CtxField[];
  readonly packetShared: boolean;
}

/** One way out, all paths to it merged. */
export interface Exit {
  /** 'exit': leaves the function; a number: where a jump goes, as in ExitPoint; 0 is the instruction after the window. */
  to: 'exit' | number;
  condition: Term;
  registers: readonly (Term | undefined)[];
  logs: ReadonlyMap<string, Log>;
}

export interface Run {
  exits: readonly Exit[];
  accesses: readonly Access[];
  /** Memory that each instruction accesses (the last one symbolically seen), by index. */
  memories: readonly (string | undefined)[];
  touched: ReadonlySet<Region | undefined>;
}

interface State {
  /** Conjunction of what the branches taken mean, oldest first. */
  path: readonly Term[];
  regs: (Term | undefined)[];
  logs: Map<string, Log>;
}

/** Longest window, in instructions. */
const MAX_INSNS = 4096;

/** @throws Unsupported, Refused */
export function execute(insns: readonly Insn[], start: Start, around: Surroundings): Run {
  if (insns.length > MAX_INSNS) throw new Unsupported(`more than ${MAX_INSNS} instructions`);
  return new Executor(insns, around).run(start);
}

class Executor {
  private readonly insns: readonly Insn[];
  private readonly around: Surroundings;
  private readonly n: Normalizer;
  private readonly algebra;
  private readonly reader: MemoryReader;
  private readonly offsets: Int32Array;
  private readonly waiting: State[][];
  private readonly outside = new Map<'exit' | number, State[]>();
  private readonly accesses: Access[] = [];
  private readonly memories: (string | undefined)[];
  private readonly touched = new Set<Region | undefined>();

  constructor(insns: readonly Insn[], around: Surroundings) {
    this.insns = insns;
    this.around = around;
    this.n = around.normalizer;
    this.algebra = termAlgebra(this.n.build);
    this.reader = new MemoryReader(this.n, constantData(around));
    this.offsets = slotOffsets(insns);
    this.waiting = Array.from({ length: insns.length + 1 }, () => []);
    this.memories = new Array<string | undefined>(insns.length).fill(undefined);
  }

  run(start: Start): Run {
    this.waiting[0]!.push({ path: [], regs: [...start.registers], logs: new Map(start.logs) });
    for (let index = 0; index < this.insns.length; index++) {
      const state = this.merged(this.waiting[index]!);
      if (state !== undefined) this.step(index, state);
    }
    const exits: Exit[] = [];
    for (const [to, states] of [[0, this.waiting[this.insns.length]!] as const, ...this.outside]) {
      const s = this.merged(states);
      if (s !== undefined)
        exits.push({ to, condition: this.conjunction(s.path), registers: s.regs, logs: s.logs });
    }
    return { exits, accesses: this.accesses, memories: this.memories, touched: this.touched };
  }

  private step(index: number, s: State): void {
    const i = this.insns[index]!;
    const spec = specOf(i);
    if (spec === undefined) throw new Refused(`instruction ${index} has no meaning`);
    switch (spec.kind) {
      case 'alu':
        this.set(s, i.dst, this.alu(spec, i, s));
        break;
      case 'ldimm64':
        this.set(s, i.dst, this.wideImmediate(i));
        break;
      case 'load':
        this.set(s, i.dst, this.load(spec, i, s, index));
        break;
      case 'store':
        this.store(spec, i, s, index);
        break;
      case 'atomic':
        this.atomic(spec, i, s, index);
        break;
      case 'jump':
        this.jump(spec, i, s, index);
        return;
      case 'goto':
        this.goTo(index, spec.distance === 'off' ? i.off : i.imm, s);
        return;
      case 'exit':
        this.leave('exit', s);
        return;
      default:
        throw new Unsupported(`${spec.name} inside a window`);
    }
    this.waiting[index + 1]!.push(s);
  }

  private get(s: State, r: number): Term {
    const t = s.regs[r];
    if (t === undefined) throw new Refused(`r${r} is read but holds nothing`);
    return t;
  }

  private set(s: State, r: number, t: Term): void {
    if (r >= R10) throw new Refused(`r${r} is written`);
    s.regs[r] = t;
  }

  /** Operand of 32 or 64 bits. */
  private operand(s: State, r: number, width: 32 | 64): Term {
    return this.n.build.extract(this.get(s, r), 0, width);
  }

  private alu(spec: AluOp, i: Insn, s: State): Term {
    const b = this.n.build;
    const w = spec.width;
    const dst = spec.readsDst ? this.operand(s, i.dst, w) : b.const(0n, w);
    const src =
      spec.operand === 'X'
        ? this.operand(s, i.src, w)
        : b.const(spec.operand === 'K' ? BigInt(i.imm) : 0n, w);
    return b.zext(spec.eval(this.algebra, dst, src), 64);
  }

  private wideImmediate(i: Insn): Term {
    const { bases, normalizer } = this.around;
    const b = normalizer.build;
    switch (i.src) {
      case PseudoLd.IMM64:
        return b.const(imm64(i), 64);
      case PseudoLd.MAP_FD:
        return bases.base(regions.map(i.imm), 'map');
      case PseudoLd.MAP_VALUE:
        return b.add(bases.base(regions.mapValue(i.imm), directId(i.imm)), b.const(BigInt(i.immHi), 64));
      case PseudoLd.FUNC:
        throw new Unsupported('a function address inside a window');
      default:
        return bases.base(regions.opaque(`ld_imm64 ${i.src}`), `${i.imm}:${i.immHi}`);
    }
  }

  /** Address in normal form, and where it points. */
  private address(
    base: Term,
    off: number,
    index: number,
  ): { address: Term; region: Region | undefined; memory: string } {
    const address = this.n.normalize(this.n.build.add(base, this.n.build.const(BigInt(off), 64)));
    const region = this.around.bases.regionOf(address);
    const memory = memoryOf(region, this.around.merging);
    this.touched.add(region);
    this.memories[index] = memory;
    return { address, region, memory };
  }

  private note(s: State, region: Region | undefined, access: Omit<Access, 'condition'>): void {
    if (!isShared(region, this.around.packetShared)) return;
    this.accesses.push({ ...access, condition: this.n.normalize(this.conjunction(s.path)) });
  }

  private load(spec: LoadOp, i: Insn, s: State, index: number): Term {
    const b = this.n.build;
    const { address, region, memory } = this.address(this.get(s, i.src), i.off, index);
    const { offset } = splitOffset(this.n.store, address);
    const pointer =
      region?.kind === 'ctx' ? ctxPointerAt(this.around.ctxFields, Number(offset), spec.size) : undefined;
    if (pointer !== undefined) return this.around.bases.base(pointer.region, pointer.id);
    this.note(s, region, {
      kind: 'load',
      name: spec.name,
      memory,
      address,
      size: spec.size,
      orders: spec.acquire,
    });
    const value = this.reader.load(memory, s.logs.get(memory), address, spec.size);
    return spec.signed ? b.sext(value, 64) : b.zext(value, 64);
  }

  private store(spec: StoreOp, i: Insn, s: State, index: number): void {
    const b = this.n.build;
    const { address, region, memory } = this.address(this.get(s, i.dst), i.off, index);
    const bits = spec.size * 8;
    const value =
      spec.operand === 'K' ? b.const(BigInt(i.imm), bits) : b.extract(this.get(s, i.src), 0, bits);
    this.note(s, region, {
      kind: 'store',
      name: spec.name,
      memory,
      address,
      size: spec.size,
      orders: spec.release,
    });
    s.logs.set(memory, write(s.logs.get(memory), address, spec.size, value));
  }

  private atomic(spec: AtomicOp, i: Insn, s: State, index: number): void {
    const b = this.n.build;
    const w = spec.size === 4 ? 32 : 64;
    const { address, region, memory } = this.address(this.get(s, i.dst), i.off, index);
    const orders = spec.result !== 'none';
    this.note(s, region, { kind: 'atomic', name: spec.name, memory, address, size: spec.size, orders });
    const log = s.logs.get(memory);
    const old = this.reader.load(memory, log, address, spec.size);
    const r0 = spec.result === 'r0' ? this.operand(s, 0, w) : b.const(0n, w);
    const next = spec.eval(this.algebra, old, this.operand(s, i.src, w), r0);
    s.logs.set(memory, write(log, address, spec.size, next));
    if (spec.result === 'src') this.set(s, i.src, b.zext(old, 64));
    if (spec.result === 'r0') this.set(s, 0, b.zext(old, 64));
  }

  private jump(spec: JumpOp, i: Insn, s: State, index: number): void {
    const w = spec.width;
    const src = spec.operand === 'X' ? this.operand(s, i.src, w) : this.n.build.const(BigInt(i.imm), w);
    const taken = this.n.normalize(spec.eval(this.algebra, this.operand(s, i.dst, w), src));
    const known = this.n.store.constant(taken);
    const not = this.n.not(taken);
    if (known !== 0n && !s.path.includes(not))
      this.goTo(index, i.off, {
        path: known === 1n || s.path.includes(taken) ? s.path : [...s.path, taken],
        regs: [...s.regs],
        logs: new Map(s.logs),
      });
    if (known !== 1n && !s.path.includes(taken))
      this.waiting[index + 1]!.push({
        ...s,
        path: known === 0n || s.path.includes(not) ? s.path : [...s.path, not],
      });
  }

  private goTo(index: number, distance: number, s: State): void {
    const slot = this.offsets[index]! + 1 + distance;
    const end = this.offsets[this.insns.length]!;
    if (slot < 0 || slot > end) {
      this.leave(slot < 0 ? slot : slot - end, s);
      return;
    }
    const target = indexOfSlot(this.offsets, slot);
    if (target === undefined) throw new Refused('a jump into the middle of an instruction');
    if (target <= index) throw new Unsupported('a loop inside the window');
    this.waiting[target]!.push(s);
  }

  private leave(to: 'exit' | number, s: State): void {
    const list = this.outside.get(to);
    if (list === undefined) this.outside.set(to, [s]);
    else list.push(s);
  }

  private conjunction(path: readonly Term[]): Term {
    const b = this.n.build;
    return path.reduce((x, y) => b.binary(Op.And, x, y), b.true);
  }

  private merged(states: readonly State[]): State | undefined {
    if (states.length === 0) return undefined;
    return states.reduce((a, b) => this.merge(a, b));
  }

  private merge(x: State, y: State): State {
    const b = this.n.build;
    let common = 0;
    while (common < x.path.length && x.path[common] === y.path[common]) common++;
    const [rx, ry] = [x.path.slice(common), y.path.slice(common)];
    const takenX = this.n.normalize(this.conjunction(rx));
    const either = this.n.normalize(b.binary(Op.Or, takenX, this.conjunction(ry)));
    const path = x.path.slice(0, common);
    if (this.n.store.constant(either) !== 1n) path.push(either);
    const regs = x.regs.map((t, r) => {
      const u = y.regs[r];
      return t === undefined || u === undefined ? undefined : b.ite(takenX, t, u);
    });
    const logs = new Map<string, Log>();
    for (const memory of new Set([...x.logs.keys(), ...y.logs.keys()]))
      logs.set(memory, mergeLogs(this.n, x.logs.get(memory), y.logs.get(memory), takenX));
    return { path, regs, logs };
  }
}

/** Bytes of frozen maps, reached by their direct address. */
export function constantData({ maps, bases, normalizer }: Surroundings): KnownByte {
  const frozen = new Map<Term, Uint8Array>();
  const keys = new Set<string>();
  maps.forEach((m, index) => {
    if (m.readonly !== true || m.initial === undefined) return;
    frozen.set(bases.base(regions.mapValue(index), directId(index)), m.initial);
    keys.add(regions.mapValue(index).key);
  });
  return (_memory, address) => {
    if (frozen.size === 0) return undefined;
    const { rest, offset } = splitOffset(normalizer.store, address);
    const data = rest === undefined ? undefined : frozen.get(rest);
    if (data !== undefined) return data[Number(offset)];
    const region = bases.regionOf(address);
    if (region === undefined || keys.has(region.key))
      throw new Unsupported('constant data at an unknown offset');
    return undefined;
  };
}

/** Id of a map's value that is addressed directly (global data), as analysis/ gives it to its pointers. */
export function directId(map: number): string {
  return String(-1 - map);
}
