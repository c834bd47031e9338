/**
 * Symbolic execution of a window: the semantics table over terms.
 *
 *   in:   instructions, the window's context as terms (Frame)
 *   out:  Run: how control leaves (through the end, by a jump, by `exit`), with registers, memory logs and path condition of each way out;
 *         accesses to shared memory in order; the regions touched
 *
 * Code without loops: jumps may go anywhere else, also out of the window. States that meet are merged into one: values become if-then-else on the branch taken.
 */

import { type Region, region as regions } from '../analysis/values.ts';
import { fallsThrough, indexOfSlot, jumpTarget, slotOffsets } from '../isa/flow.ts';
import { type Insn, imm64, PseudoLd, R10 } from '../isa/insn.ts';
import {
  type AluOp,
  type AtomicOp,
  type CallOp,
  type JumpOp,
  type LdAbsOp,
  type LoadOp,
  type StoreOp,
  specOf,
} from '../isa/semantics.ts';
import { helperById, mapArgOf } from '../program/helpers.ts';
import type { CtxField } from '../program/hooks.ts';
import type { MapDef, Program } from '../program/program.ts';
import { type Normalizer, Op, splitOffset, type Term, termAlgebra } from '../solver/index.ts';
import type { Access } from './accesses.ts';
import { Calls } from './calls.ts';
import { ctxPointerAt } from './ctxload.ts';
import type { CallEvent, Pair } from './events.ts';
import type { LookupFacts } from './lookups.ts';
import { type KnownByte, type Log, MemoryReader, wash, write } from './memory.ts';
import { type Bases, isShared, type Merging, memoryOf } from './regions.ts';
import { conjunction, firstState, fork, mergeAll, type State, versionOf } from './state.ts';
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
  /** Depth of the running function's frame. */
  readonly frame: number;
  /** Distances between addresses that are constants are decided during the run, not in the formula. */
  readonly offsets: boolean;
  readonly facts: LookupFacts;
}

/** Where the instructions come from and what they are compared with. */
export interface Role {
  /** The source's calls, when this is the candidate. */
  reference?: readonly CallEvent[];
  /** Whole programs: calls of their functions are followed. */
  program?: Pick<Program, 'insns' | 'functions'>;
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
  /** Calls in order; of a candidate also the calls of the source that they stand for, and those that have none. */
  calls: readonly CallEvent[];
  pairs: readonly Pair[];
  missing: readonly CallEvent[];
}

/** Longest window, in instructions. */
const MAX_INSNS = 4096;

/** Deepest nesting of followed calls, as in the kernel. */
const MAX_FRAMES = 8;

/** @throws Unsupported, Refused */
export function execute(insns: readonly Insn[], start: Start, around: Surroundings, role: Role = {}): Run {
  if (insns.length > MAX_INSNS) throw new Unsupported(`more than ${MAX_INSNS} instructions`);
  return new Executor(insns, around, role).run(start);
}

/** One function (or the window) on its way from its first instruction to all its ends. */
interface Activation {
  insns: readonly Insn[];
  offsets: Int32Array;
  /** Index of its first instruction in the program. */
  base: number;
  /** 0 = the window itself. */
  depth: number;
  waiting: State[][];
  outside: Map<'exit' | number, State[]>;
}

/** Where an access goes under a condition. */
interface Place {
  guard: Term | undefined;
  address: Term;
  region: Region | undefined;
  memory: string;
}

/** No object lies below this address. */
const NULL_PAGE = 4096n;
/** Deepest nesting of conditions that pick a pointer. */
const MAX_SPLITS = 6;

class Executor {
  private readonly insns: readonly Insn[];
  private readonly around: Surroundings;
  private readonly role: Role;
  private readonly n: Normalizer;
  private readonly algebra;
  private readonly reader: MemoryReader;
  private readonly accesses: Access[] = [];
  private readonly memories: (string | undefined)[];
  private readonly touched = new Set<Region | undefined>();
  private readonly calls: Calls;
  private readonly programOffsets: Int32Array | undefined;
  private activations = 0;

  constructor(insns: readonly Insn[], around: Surroundings, role: Role) {
    this.insns = insns;
    this.around = around;
    this.role = role;
    this.n = around.normalizer;
    this.algebra = termAlgebra(this.n.build);
    this.reader = new MemoryReader(this.n, constantData(around), around.offsets, (x, y) =>
      around.facts.apart(x, y),
    );
    this.memories = new Array<string | undefined>(insns.length).fill(undefined);
    this.calls = new Calls(around, this.reader, around.facts, this.accesses, this.touched, role.reference);
    this.programOffsets = role.program && slotOffsets(role.program.insns);
  }

  run(start: Start): Run {
    const ends = this.activate(this.insns, 0, 0, firstState(start.registers, start.logs));
    const exits: Exit[] = [];
    for (const [to, states] of ends) {
      const s = this.merged(states);
      if (s !== undefined)
        exits.push({ to, condition: conjunction(this.n, s.path), registers: s.regs, logs: s.logs });
    }
    const { log } = this.calls;
    return {
      exits,
      accesses: this.accesses,
      memories: this.memories,
      touched: this.touched,
      calls: log.events,
      pairs: log.pairs,
      missing: log.missing(),
    };
  }

  private merged(states: readonly State[]): State | undefined {
    return mergeAll(this.n, this.around.bases, states);
  }

  /** Runs from the first instruction; states by where they leave. */
  private activate(
    insns: readonly Insn[],
    base: number,
    depth: number,
    first: State,
  ): Map<'exit' | number, State[]> {
    const a: Activation = {
      insns,
      offsets: slotOffsets(insns),
      base,
      depth,
      waiting: Array.from({ length: insns.length + 1 }, () => []),
      outside: new Map(),
    };
    a.waiting[0]!.push(first);
    for (const index of executionOrder(insns, a.offsets)) {
      const state = this.merged(a.waiting[index]!);
      if (state !== undefined) this.step(a, index, state);
    }
    const fallen = a.waiting[insns.length]!;
    return fallen.length === 0 ? a.outside : new Map([[0, fallen] as const, ...a.outside]);
  }

  private step(a: Activation, index: number, s: State): void {
    const i = a.insns[index]!;
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
        this.set(s, i.dst, this.load(spec, i, s, a.depth === 0 ? index : -1));
        break;
      case 'store':
        this.store(spec, i, s, a.depth === 0 ? index : -1);
        break;
      case 'atomic':
        this.atomic(spec, i, s, a.depth === 0 ? index : -1);
        break;
      case 'call':
        a.waiting[index + 1]!.push(
          this.merged(
            this.byMap(spec, i, s).map((one) => {
              this.call(spec, i, one, a, index);
              return one;
            }),
          )!,
        );
        return;
      case 'ldabs':
        this.legacyLoad(spec, i, s, a);
        break;
      case 'jump':
        this.jump(spec, i, s, a, index);
        return;
      case 'goto':
        this.goTo(a, index, spec.distance === 'off' ? i.off : i.imm, s);
        return;
      case 'exit':
        this.leave(a, 'exit', s);
        return;
      default:
        throw new Unsupported(`${spec.name} inside a window`);
    }
    a.waiting[index + 1]!.push(s);
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
    if (index >= 0) this.memories[index] = memory;
    return { address, region, memory };
  }

  /** The places that an access may go to: several where the branch taken decides about the region. */
  private places(s: State, base: Term, off: number, index: number): Place[] {
    const { bases } = this.around;
    const whole = this.n.normalize(this.n.build.add(base, this.n.build.const(BigInt(off), 64)));
    const split = (address: Term, guard: Term | undefined, depth: number): Place[] => {
      if (guard !== undefined && this.impossible(address, [...s.path, guard])) return [];
      const two =
        bases.regionOf(address) === undefined && depth < MAX_SPLITS ? bases.alternatives(address) : undefined;
      if (two === undefined) return [{ guard, ...this.address(address, 0, index) }];
      const both = (c: Term): Term => (guard === undefined ? c : this.n.build.and(guard, c));
      return [
        ...split(two.yes, both(two.condition), depth + 1),
        ...split(two.no, both(this.n.not(two.condition)), depth + 1),
      ];
    };
    // Windows are replayed by instruction, with one memory each.
    const list = split(whole, undefined, this.role.program === undefined ? MAX_SPLITS : 0);
    return list.length > 0 ? list : [{ guard: undefined, ...this.address(whole, 0, index) }];
  }

  /** Near NULL, which nobody follows, or on no path. */
  private impossible(address: Term, path: readonly Term[]): boolean {
    const c = this.n.store.constant(address);
    if (c !== undefined && c < NULL_PAGE) return true;
    return this.n.store.constant(this.n.normalize(conjunction(this.n, path))) === 0n;
  }

  private note(s: State, { region, guard }: Place, access: Omit<Access, 'condition'>): void {
    if (!isShared(region, this.around.packetShared)) return;
    const path = guard === undefined ? s.path : [...s.path, guard];
    this.accesses.push({ ...access, condition: this.n.normalize(conjunction(this.n, path)) });
  }

  private load(spec: LoadOp, i: Insn, s: State, index: number): Term {
    const b = this.n.build;
    const places = this.places(s, this.get(s, i.src), i.off, index);
    const { region, address } = places[0]!;
    const { offset } = splitOffset(this.n.store, address);
    for (const p of places)
      if (p.region?.kind === 'ctx')
        this.checkContextLoad(
          Number(splitOffset(this.n.store, p.address).offset),
          spec.size,
          s.logs.get(p.memory),
        );
    const pointer =
      region?.kind === 'ctx' ? ctxPointerAt(this.around.ctxFields, Number(offset), spec.size) : undefined;
    if (pointer !== undefined) {
      if (places.length > 1) throw new Unsupported('a context pointer that may be another');
      return s.moved.get(pointer.region.key)?.value ?? this.around.bases.base(pointer.region, pointer.id);
    }
    const { size } = spec;
    let value: Term | undefined;
    for (const p of places) {
      const { memory } = p;
      this.note(s, p, {
        kind: 'load',
        name: spec.name,
        memory,
        address: p.address,
        size,
        orders: spec.acquire,
      });
      const here = this.reader.load(memory, s.logs.get(memory), p.address, size);
      value = value === undefined || p.guard === undefined ? here : b.ite(p.guard, here, value);
    }
    return spec.signed ? b.sext(value!, 64) : b.zext(value!, 64);
  }

  private ctxField(offset: number, size: number): CtxField | undefined {
    return this.around.ctxFields.find((f) => offset < f.offset + f.size && f.offset < offset + size);
  }

  /** Fields of the context are not quite memory. @throws Unsupported for what is not modelled */
  private checkContextLoad(offset: number, size: number, log: Log): void {
    const field = this.ctxField(offset, size);
    if (field?.keepAccess !== undefined) throw new Unsupported(`${field.name}: ${field.keepAccess}`);
    if (log === undefined || field === undefined) return;
    if (field.lossy !== undefined) throw new Unsupported(`${field.name} after a store: ${field.lossy}`);
    if (field.pointer !== undefined && !field.pointer.startsWith('packet') && hasWash(log))
      throw new Unsupported(`${field.name} after a call that may have changed it`);
  }

  private checkContextStore(offset: number, spec: StoreOp): void {
    const field = this.ctxField(offset, spec.size);
    if (field?.keepAccess !== undefined) throw new Unsupported(`${field.name}: ${field.keepAccess}`);
    if (field?.readsWhole === true && spec.operand === 'X')
      throw new Unsupported(`${field.name}: ${field.lossy}`);
  }

  private store(spec: StoreOp, i: Insn, s: State, index: number): void {
    const b = this.n.build;
    const { size } = spec;
    const value =
      spec.operand === 'K' ? b.const(BigInt(i.imm), size * 8) : b.extract(this.get(s, i.src), 0, size * 8);
    const places = this.places(s, this.get(s, i.dst), i.off, index);
    for (const p of places) {
      const { memory, address } = p;
      if (p.region?.kind === 'ctx')
        this.checkContextStore(Number(splitOffset(this.n.store, address).offset), spec);
      this.note(s, p, { kind: 'store', name: spec.name, memory, address, size, orders: spec.release });
      s.logs.set(memory, write(s.logs.get(memory), address, size, value, p.guard));
    }
  }

  private atomic(spec: AtomicOp, i: Insn, s: State, index: number): void {
    const b = this.n.build;
    const w = spec.size === 4 ? 32 : 64;
    const { address, region, memory } = this.address(this.get(s, i.dst), i.off, index);
    const orders = spec.result !== 'none';
    this.note(
      s,
      { guard: undefined, address, region, memory },
      {
        kind: 'atomic',
        name: spec.name,
        memory,
        address,
        size: spec.size,
        orders,
      },
    );
    const log = s.logs.get(memory);
    const old = this.reader.load(memory, log, address, spec.size);
    const r0 = spec.result === 'r0' ? this.operand(s, 0, w) : b.const(0n, w);
    const next = spec.eval(this.algebra, old, this.operand(s, i.src, w), r0);
    s.logs.set(memory, write(log, address, spec.size, next));
    if (spec.result === 'src') this.set(s, i.src, b.zext(old, 64));
    if (spec.result === 'r0') this.set(s, 0, b.zext(old, 64));
  }

  /** The state, or, where the branch taken decides which map a helper is given, one state per map. */
  private byMap(spec: CallOp, i: Insn, s: State): State[] {
    const at = spec.target === 'helper' ? mapArgOf(helperById(i.imm)) : undefined;
    const value = at === undefined ? undefined : s.regs[at + 1];
    if (at === undefined || value === undefined) return [s];
    const map = this.n.normalize(value);
    if (this.n.store.op(map) !== Op.Ite || this.around.bases.regionOf(map) !== undefined) return [s];
    const condition = this.n.store.a(map);
    const choose = (taken: Term, chosen: Term): State => {
      const one = fork(s, [...s.path, taken]);
      one.regs[at + 1] = chosen;
      return one;
    };
    return [
      choose(condition, this.n.store.b(map)),
      choose(this.n.not(condition), this.n.store.c(map)),
    ].flatMap((one) => this.byMap(spec, i, one));
  }

  private call(spec: CallOp, i: Insn, s: State, a: Activation, index: number): void {
    if (spec.target === 'helper') this.calls.helper(i.imm, s);
    else if (spec.target === 'kfunc') throw new Unsupported('a kernel function is called');
    else if (this.role.program !== undefined) this.follow(i, s, a, index);
    else this.calls.opaque(`function at ${outOf(a, a.offsets[index]! + 1 + i.imm)}`, s);
  }

  /** A bpf-to-bpf call: the callee's paths, merged at its end, continue here. */
  private follow(i: Insn, s: State, a: Activation, index: number): void {
    const program = this.role.program!;
    const slot = this.programOffsets![a.base + index]! + 1 + i.imm;
    const start = indexOfSlot(this.programOffsets!, slot);
    const callee = program.functions.find((f) => f.start === start);
    if (callee === undefined) throw new Refused('a call into the middle of a function');
    const depth = a.depth + 1;
    if (depth >= MAX_FRAMES) throw new Unsupported(`more than ${MAX_FRAMES} nested calls`);
    const { bases, merging } = this.around;
    const frame = regions.stack(this.around.frame + depth);
    const saved = s.regs.slice(6);
    s.regs[0] = undefined;
    s.regs.fill(undefined, 6, 10);
    s.regs[R10] = bases.base(frame, '');
    const memory = memoryOf(frame, merging);
    if (merging !== 'all') s.logs.set(memory, wash(undefined, `${memory}@${this.activations++}`));
    const ends = this.activate(program.insns.slice(callee.start, callee.end), callee.start, depth, s);
    const left = this.merged(ends.get('exit') ?? []);
    if (left === undefined || ends.size !== 1) throw new Unsupported('a function that does not return');
    Object.assign(s, left);
    saved.forEach((t, k) => {
      s.regs[6 + k] = t;
    });
    s.regs.fill(undefined, 1, 6);
    if (merging !== 'all') s.logs.delete(memory);
  }

  /** ld_abs, ld_ind: bytes of the packet in network order, or the program ends with 0. */
  private legacyLoad(spec: LdAbsOp, i: Insn, s: State, a: Activation): void {
    const b = this.n.build;
    const { bases, merging } = this.around;
    if (a.depth > 0) throw new Unsupported(`${spec.name} in a function that is called`);
    if (this.n.normalize(this.get(s, 6)) !== bases.base(regions.ctx, ''))
      throw new Unsupported(`${spec.name} without the context in r6`);
    if (s.logs.get(memoryOf(regions.packet, merging)) !== undefined)
      throw new Unsupported(`${spec.name} after stores to the packet`);
    const version = this.n.store.constant(this.n.normalize(versionOf(this.n, s, 'skb')));
    if (version === undefined)
      throw new Unsupported(`${spec.name} of a packet that was changed on some paths`);
    const k = b.const(BigInt(i.imm), 32);
    const position = this.n.normalize(b.zext(spec.indirect ? b.add(k, this.operand(s, i.src, 32)) : k, 64));
    const memory = `skb@${version}`;
    const missing = this.n.normalize(
      b.extract(this.n.store.read(`${memory} missing ${spec.size}`, position), 0, 1),
    );
    const out = fork(s, [...s.path, missing]);
    out.regs[0] = b.const(0n, 64);
    this.leave(a, 'exit', out);
    s.path = [...s.path, this.n.not(missing)];
    let value = this.n.store.read(memory, position);
    for (let n = 1; n < spec.size; n++)
      value = b.concat(value, this.n.store.read(memory, this.reader.offset(position, n)));
    s.regs.fill(undefined, 1, 6);
    s.regs[0] = b.zext(value, 64);
  }

  private jump(spec: JumpOp, i: Insn, s: State, a: Activation, index: number): void {
    const w = spec.width;
    const src = spec.operand === 'X' ? this.operand(s, i.src, w) : this.n.build.const(BigInt(i.imm), w);
    const asked = this.n.normalize(spec.eval(this.algebra, this.operand(s, i.dst, w), src));
    const decided = this.around.facts.decide(asked);
    const taken = decided === undefined ? asked : this.n.build.const(decided ? 1n : 0n, 1);
    const known = this.n.store.constant(taken);
    const not = this.n.not(taken);
    if (known !== 0n && !s.path.includes(not)) {
      const path = known === 1n || s.path.includes(taken) ? s.path : [...s.path, taken];
      this.goTo(a, index, i.off, fork(s, path));
    }
    if (known !== 1n && !s.path.includes(taken))
      a.waiting[index + 1]!.push({
        ...s,
        path: known === 0n || s.path.includes(not) ? s.path : [...s.path, not],
      });
  }

  private goTo(a: Activation, index: number, distance: number, s: State): void {
    const slot = a.offsets[index]! + 1 + distance;
    const end = a.offsets[a.insns.length]!;
    if (slot < 0 || slot > end) {
      this.leave(a, outOf(a, slot), s);
      return;
    }
    const target = indexOfSlot(a.offsets, slot);
    if (target === undefined) throw new Refused('a jump into the middle of an instruction');
    a.waiting[target]!.push(s);
  }

  private leave(a: Activation, to: 'exit' | number, s: State): void {
    const list = a.outside.get(to);
    if (list === undefined) a.outside.set(to, [s]);
    else list.push(s);
  }
}

/**
 * Instructions that control can reach, each after all that lead to it, in an order that does not depend on where blocks lie.
 * @throws Unsupported when there is a loop
 */
function executionOrder(insns: readonly Insn[], offsets: Int32Array): number[] {
  const OPEN = 1;
  const DONE = 2;
  const mark = new Uint8Array(insns.length + 1);
  const order: number[] = [];
  const stack: { index: number; next: number[] }[] = [];
  const enter = (index: number): void => {
    if (index >= insns.length || mark[index] === DONE) return;
    if (mark[index] === OPEN) throw new Unsupported('a loop inside the window');
    mark[index] = OPEN;
    const target = specOf(insns[index]!)?.kind === 'call' ? undefined : jumpTarget(insns, index, offsets);
    const next = fallsThrough(insns[index]!) ? [index + 1] : [];
    stack.push({ index, next: target === undefined ? next : [target, ...next] });
  };
  enter(0);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.next.shift();
    if (next !== undefined) {
      enter(next);
      continue;
    }
    mark[top.index] = DONE;
    order.push(top.index);
    stack.pop();
  }
  return order.reverse();
}

function hasWash(log: Log): boolean {
  for (let w = log; w !== undefined; w = w.prev) if (w.wash !== undefined) return true;
  return false;
}

/** A slot outside the window, as in ExitPoint. */
function outOf(a: Activation, slot: number): number {
  const end = a.offsets[a.insns.length]!;
  return slot > end ? slot - end : slot;
}

/** Bytes of frozen maps, reached by their direct address. */
export function constantData({
  maps,
  bases,
  normalizer,
}: Pick<Surroundings, 'maps' | 'bases' | 'normalizer'>): KnownByte {
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
