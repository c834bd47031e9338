/**
 * Symbolic execution of a window: the semantics table over terms.
 *
 *   in:   instructions, the window's context as terms (Frame)
 *   out:  Run: how control leaves (through the end, by a jump, by `exit`), with registers, memory logs and
 *         path condition of each way out;
 *         accesses to shared memory in order; the regions touched
 *
 * Code without loops: jumps may go anywhere else, also out of the window. States that meet are merged into
 * one: values become if-then-else on the branch taken.
 */

import { region as regions } from '../../analysis/domain/value.ts';
import { indexOfSlot, slotOffsets } from '../../isa/flow.ts';
import { type Insn, imm64, PseudoLd, R10 } from '../../isa/insn.ts';
import { type AluOp, type CallOp, type JumpOp, type LdAbsOp, specOf } from '../../isa/semantics.ts';
import { isOpen } from '../../program/contracts/contract.ts';
import { Helper, helperById, mapArgOf } from '../../program/tables/helpers.ts';
import { type Normalizer, Op, type Term, termAlgebra } from '../../solver/index.ts';
import { Refused, Unsupported } from '../errors.ts';
import { Calls } from './calls/calls.ts';
import { constantData, directId } from './constant-data.ts';
import { havoc, MemoryReader } from './memory.ts';
import { MemoryOps } from './memory-ops.ts';
import { executionOrder, outOf } from './order.ts';
import { memoryOf, privateIn } from './regions.ts';
import type { ExecutionEnv, Role, SymbolicExit, SymbolicRun, SymbolicStart } from './run.ts';
import {
  conjunction,
  firstState,
  fork,
  lowBits,
  mergeAll,
  readRegister,
  type State,
  versionOf,
  writeRegister,
} from './state.ts';

/** Longest window, in instructions. */
const MAX_INSNS = 4096;

/** Deepest nesting of followed calls, as in the kernel. */
const MAX_FRAMES = 8;

/** @throws Unsupported, Refused */
export function execute(
  insns: readonly Insn[],
  start: SymbolicStart,
  around: ExecutionEnv,
  role: Role = {},
): SymbolicRun {
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

class Executor {
  private readonly insns: readonly Insn[];
  private readonly around: ExecutionEnv;
  private readonly role: Role;
  private readonly n: Normalizer;
  private readonly algebra;
  private readonly reader: MemoryReader;
  private readonly memory: MemoryOps;
  private readonly calls: Calls;
  private readonly programOffsets: Int32Array | undefined;
  private activations = 0;

  constructor(insns: readonly Insn[], around: ExecutionEnv, role: Role) {
    this.insns = insns;
    this.around = around;
    this.role = role;
    this.n = around.normalizer;
    this.algebra = termAlgebra(this.n.build);
    this.reader = new MemoryReader(
      this.n,
      constantData(around),
      around.offsets,
      (x, y) => around.facts.apart(x, y),
      privateIn(around),
    );
    this.memory = new MemoryOps(around, this.reader, insns.length, role.program === undefined, role.others);
    this.calls = new Calls(around, this.reader, this.memory, role);
    this.programOffsets = role.program && slotOffsets(role.program.insns);
  }

  run(start: SymbolicStart): SymbolicRun {
    const ends = this.activate(this.insns, this.role.base ?? 0, 0, firstState(start.registers, start.logs));
    const exits: SymbolicExit[] = [];
    for (const [to, states] of ends) {
      const s = this.merged(states);
      if (s !== undefined)
        exits.push({ to, condition: conjunction(this.n, s.path), registers: s.regs, logs: s.logs });
    }
    const { log } = this.calls;
    const { accesses, groups, memories, touched } = this.memory;
    return {
      exits,
      accesses,
      groups,
      memories,
      touched,
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
        writeRegister(s, i.dst, this.alu(spec, i, s));
        break;
      case 'ldimm64':
        writeRegister(s, i.dst, this.wideImmediate(i));
        break;
      case 'load':
        writeRegister(s, i.dst, this.memory.load(spec, i, s, a.depth === 0 ? index : -1, a.base + index));
        break;
      case 'store':
        this.memory.store(spec, i, s, a.depth === 0 ? index : -1, a.base + index);
        break;
      case 'atomic':
        this.memory.atomic(spec, i, s, a.depth === 0 ? index : -1, a.base + index);
        break;
      case 'call':
        {
          const after = this.merged(
            this.byMap(spec, i, s).filter((one) => this.call(spec, i, one, a, index)),
          );
          if (after !== undefined) a.waiting[index + 1]!.push(after);
        }
        return;
      case 'ldabs':
        if (!this.legacyLoad(spec, i, s, a)) return;
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

  private alu(spec: AluOp, i: Insn, s: State): Term {
    const b = this.n.build;
    const w = spec.width;
    const dst = spec.readsDst ? lowBits(this.n, s, i.dst, w) : b.const(0n, w);
    const src =
      spec.operand === 'X'
        ? lowBits(this.n, s, i.src, w)
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

  /** False when control does not come back. */
  private call(spec: CallOp, i: Insn, s: State, a: Activation, index: number): boolean {
    if (spec.target === 'kfunc') throw new Unsupported('a kernel function is called');
    if (spec.target === 'helper' && i.imm === Helper.tail_call && a.depth > 0) return this.tailCall(s, a);
    if (spec.target === 'helper') this.calls.helper(i.imm, s);
    else if (this.role.program !== undefined) this.follow(i, s, a, index);
    else this.calls.opaque(`function at ${outOf(a.offsets, a.offsets[index]! + 1 + i.imm)}`, s, a.depth);
    return true;
  }

  /**
   * In a function that is called: where it succeeds, the caller goes on with what the other program returns.
   */
  private tailCall(s: State, a: Activation): boolean {
    const event = this.calls.helper(Helper.tail_call, s);
    const taken = this.n.normalize(this.n.store.var(`call${event.token}.taken`, 1));
    const chosen = this.role.path?.choose(taken);
    if (chosen !== false) {
      const out = fork(s, chosen === undefined ? [...s.path, taken] : s.path);
      this.calls.succeeded(out, event);
      this.leave(a, 'exit', out);
    }
    if (chosen === undefined) s.path = [...s.path, this.n.not(taken)];
    return chosen !== true;
  }

  /** A bpf-to-bpf call: the callee's paths, merged at its end, continue here. */
  private follow(i: Insn, s: State, a: Activation, index: number): void {
    const program = this.role.program!;
    const slot = this.programOffsets![a.base + index]! + 1 + i.imm;
    const start = indexOfSlot(this.programOffsets!, slot);
    const callee = program.functions.find((f) => f.start === start);
    if (callee === undefined) throw new Refused('a call into the middle of a function');
    // Its code is not what runs once somebody has replaced it.
    if (isOpen(callee)) {
      this.calls.opaque(`function ${callee.name}`, s, a.depth, callee);
      return;
    }
    const depth = a.depth + 1;
    if (depth >= MAX_FRAMES) throw new Unsupported(`more than ${MAX_FRAMES} nested calls`);
    const { bases, merging } = this.around;
    const frame = regions.stack(this.around.frame + depth);
    const saved = s.regs.slice(6);
    s.regs[0] = undefined;
    s.regs.fill(undefined, 6, 10);
    s.regs[R10] = bases.base(frame, '');
    const memory = memoryOf(frame, merging);
    if (merging !== 'all') s.logs.set(memory, havoc(undefined, `${memory}@${this.activations++}`));
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

  /**
   * ld_abs, ld_ind: bytes of the packet in network order, or the function ends with 0. False when it does for
   * sure.
   */
  private legacyLoad(spec: LdAbsOp, i: Insn, s: State, a: Activation): boolean {
    const b = this.n.build;
    const { bases, merging } = this.around;
    if (this.n.normalize(readRegister(s, 6)) !== bases.base(regions.ctx, ''))
      throw new Unsupported(`${spec.name} without the context in r6`);
    if (s.logs.get(memoryOf(regions.packet, merging)) !== undefined)
      throw new Unsupported(`${spec.name} after stores to the packet`);
    const version = this.n.store.constant(this.n.normalize(versionOf(this.n, s, 'skb')));
    if (version === undefined)
      throw new Unsupported(`${spec.name} of a packet that was changed on some paths`);
    const k = b.const(BigInt(i.imm), 32);
    const position = this.n.normalize(
      b.zext(spec.indirect ? b.add(k, lowBits(this.n, s, i.src, 32)) : k, 64),
    );
    const memory = `skb@${version}`;
    const missing = this.n.normalize(
      b.extract(this.n.store.read(`${memory} missing ${spec.size}`, position), 0, 1),
    );
    const chosen = this.role.path?.choose(missing);
    if (chosen !== false) {
      const out = fork(s, chosen === undefined ? [...s.path, missing] : s.path);
      out.regs[0] = b.const(0n, 64);
      this.leave(a, 'exit', out);
    }
    if (chosen === true) return false;
    if (chosen === undefined) s.path = [...s.path, this.n.not(missing)];
    let value = this.n.store.read(memory, position);
    for (let n = 1; n < spec.size; n++)
      value = b.concat(value, this.n.store.read(memory, this.reader.offset(position, n)));
    s.regs.fill(undefined, 1, 6);
    s.regs[0] = b.zext(value, 64);
    return true;
  }

  private jump(spec: JumpOp, i: Insn, s: State, a: Activation, index: number): void {
    const w = spec.width;
    const src = spec.operand === 'X' ? lowBits(this.n, s, i.src, w) : this.n.build.const(BigInt(i.imm), w);
    const asked = this.n.normalize(spec.eval(this.algebra, lowBits(this.n, s, i.dst, w), src));
    const decided = this.around.facts.decide(asked);
    const taken = decided === undefined ? asked : this.n.build.const(decided ? 1n : 0n, 1);
    const known = this.n.store.constant(taken);
    if (known === undefined && this.role.path !== undefined) {
      if (this.role.path.choose(taken)) this.goTo(a, index, i.off, s);
      else a.waiting[index + 1]!.push(s);
      return;
    }
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
      this.leave(a, outOf(a.offsets, slot), s);
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
