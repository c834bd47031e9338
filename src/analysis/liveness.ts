/**
 * Backward liveness: which registers, which of their bits, and which bytes of the stack frame are read later.
 * Everything that others can see (packet, map values, context, frames of callers) counts as always live.
 *
 *   in:   Analysis (what registers point to)
 *   out:  liveBefore(index), liveAfter(index)
 */

import { ARGUMENTS, registersWritten } from '../isa/effects.ts';
import { type Insn, R10 } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import { argumentRegisters, isOpen } from '../program/contracts/contract.ts';
import { helperById } from '../program/tables/helpers.ts';
import type { Analysis } from './analyze.ts';
import { liveRegisters, readsOf } from './cfg/register-liveness.ts';
import { ALL_BITS, aluDemand, jumpDemand, lowBits } from './demanded-bits.ts';
import { STACK_SIZE } from './domain/stack.ts';
import { type AbstractState, current } from './domain/state.ts';
import { mayPointToStack, type Pointer, type Value } from './domain/value.ts';
import { isProvisional } from './transfer/env.ts';
import { callMemory } from './transfer/helper-call.ts';

export interface LiveSet {
  /** Registers that some instruction may read later (bit n = rn). r10 is always live. */
  readonly registers: number;
  /** Per register, the bits whose value can make a difference; 0 for a register that only dead code reads. */
  readonly bits: readonly bigint[];
  /** Bytes of the running function's frame: bit p is the byte at r10 - 512 + p. */
  readonly stack: bigint;
}

export interface Liveness {
  liveBefore(index: number): LiveSet;
  /** After the instruction, whichever way it goes. */
  liveAfter(index: number): LiveSet;
}

export const ALL_STACK = (1n << BigInt(STACK_SIZE)) - 1n;
const R10_BITS: readonly bigint[] = [...new Array<bigint>(10).fill(0n), ALL_BITS];
export const NOTHING_LIVE: LiveSet = { registers: 1 << R10, bits: R10_BITS, stack: 0n };

/** 64, 32, 16, 8 or 0: the narrowest width that holds all bits of `mask`. */
export function widthOf(mask: bigint): 0 | 8 | 16 | 32 | 64 {
  if (mask === 0n) return 0;
  for (const w of [8, 16, 32] as const) if (mask >> BigInt(w) === 0n) return w;
  return 64;
}

/** Set of the stack bytes from `from` to before `to`, as offsets from r10 (negative). */
export function stackBytes(from: number, to: number): bigint {
  const [lo, hi] = [Math.max(0, STACK_SIZE + from), Math.min(STACK_SIZE, STACK_SIZE + to)];
  return hi <= lo ? 0n : ((1n << BigInt(hi - lo)) - 1n) << BigInt(lo);
}

function union(a: LiveSet, b: LiveSet): LiveSet {
  if (a === b) return a;
  return {
    registers: a.registers | b.registers,
    bits: a.bits.map((m, n) => m | b.bits[n]!),
    stack: a.stack | b.stack,
  };
}

function equal(a: LiveSet, b: LiveSet): boolean {
  return a.registers === b.registers && a.stack === b.stack && a.bits.every((m, n) => m === b.bits[n]);
}

function sameSets(a: readonly LiveSet[], b: readonly LiveSet[]): boolean {
  return a.length === b.length && a.every((x, n) => x === b[n] || equal(x, b[n]!));
}

interface Touched {
  /** Bytes of the own frame that are or may be touched. */
  bytes: bigint;
  /** All of `bytes` are touched for certain. */
  exact: boolean;
}

const NONE: Touched = { bytes: 0n, exact: false };

/**
 * What an access of `size` bytes at register `n` + `off` touches, in any of the cases. What never runs
 * touches nothing.
 */
function touched(cases: readonly AbstractState[], n: number, off: number, size: number | undefined): Touched {
  let all: Touched | undefined;
  for (const state of cases) {
    const t = touchedIn(state, current(state).regs[n]!, off, size);
    all =
      all === undefined
        ? t
        : { bytes: all.bytes | t.bytes, exact: all.exact && t.exact && all.bytes === t.bytes };
  }
  return all ?? NONE;
}

function touchedIn(state: AbstractState, p: Value, off: number, size: number | undefined): Touched {
  // A number is no address in a program that a verifier accepted: such a case does not occur.
  if (p.kind === 'uninit' || (p.kind === 'any' && p.stack)) return { bytes: ALL_STACK, exact: false };
  if (p.kind !== 'pointer' || !isOwnFrame(state, p)) return NONE;
  const { smin, smax } = p.variable;
  if (size === undefined || smin < -1024n || smax > 1024n) return { bytes: ALL_STACK, exact: false };
  const from = p.off + off;
  return {
    bytes: stackBytes(from + Number(smin), from + Number(smax) + size),
    exact: smin === smax && !p.nullable,
  };
}

function isOwnFrame(state: AbstractState, p: Pointer): boolean {
  return p.region.kind === 'stack' && p.region.frame === state.frames.length - 1;
}

/** Of a block: what is live at its successors, and before each of its instructions. */
interface Life {
  behind: readonly LiveSet[];
  before: readonly LiveSet[];
}

/** By block (`Analysis.keyOf`). */
const known = new WeakMap<object, Life>();

class Live implements Liveness {
  private readonly analysis: Analysis;
  /** Live registers before each instruction, without regard to what they hold. */
  private plain: Uint16Array | undefined;
  private readonly atStart: LiveSet[];
  /** Bits of r0 that the hook looks at when the program ends. */
  private readonly exitBits: bigint;

  constructor(analysis: Analysis, earlier: Live | undefined) {
    this.analysis = analysis;
    this.exitBits = lowBits(analysis.env.hook.returnBits);
    const { edit } = analysis;
    if (edit !== undefined && earlier?.analysis.earlier?.version === edit.from) {
      this.atStart = earlier.atStart.slice();
      this.update(edit.changed);
      return;
    }
    this.atStart = analysis.cfg.blocks.map(() => NOTHING_LIVE);
    this.solve();
  }

  /** Starts from what was live in another version, whose loop-free code differs in some blocks. */
  private update(changed: readonly number[]): void {
    const { blocks, order, predecessors } = this.analysis.cfg;
    const todo = new Uint8Array(blocks.length);
    for (const id of changed) todo[id] = 1;
    for (const id of [...order[0]!].reverse()) {
      if (todo[id] === 0) continue;
      const live = this.within(id)[0]!;
      if (live === this.atStart[id] || equal(live, this.atStart[id]!)) continue;
      this.atStart[id] = live;
      for (const p of predecessors[id]!) todo[p] = 1;
    }
  }

  private solve(): void {
    const { cfg } = this.analysis;
    // Without loops, last first, all that follows a block is known when its turn comes.
    const loops = cfg.backEdges.length > 0;
    for (const order of cfg.order)
      for (let changed = true; changed; ) {
        changed = false;
        for (const id of [...order].reverse()) {
          const live = this.within(id)[0]!;
          if (live === this.atStart[id] || equal(live, this.atStart[id]!)) continue;
          this.atStart[id] = live;
          changed = loops;
        }
      }
  }

  private behind(id: number): LiveSet[] {
    return this.analysis.cfg.blocks[id]!.successors.map((s) => this.atStart[s]!);
  }

  /** Live before each instruction of a block, given what is live behind it now. */
  private within(id: number): readonly LiveSet[] {
    const behind = this.behind(id);
    const key = this.analysis.keyOf(id);
    const there = known.get(key);
    if (there !== undefined && sameSets(there.behind, behind)) return there.before;
    const { start, end } = this.analysis.cfg.blocks[id]!;
    const before = new Array<LiveSet>(end - start);
    let live = behind.reduce(union, NOTHING_LIVE);
    for (let at = end - 1; at >= start; at--) before[at - start] = live = this.before(at, live);
    // The same object where nothing has changed: whoever compares it sees that at once.
    if (there !== undefined && equal(there.before[0]!, before[0]!)) before[0] = there.before[0]!;
    known.set(key, { behind, before });
    return before;
  }

  liveBefore(index: number): LiveSet {
    const id = this.analysis.cfg.blockOf[index]!;
    return this.within(id)[index - this.analysis.cfg.blocks[id]!.start]!;
  }

  liveAfter(index: number): LiveSet {
    const id = this.analysis.cfg.blockOf[index]!;
    return index + 1 < this.analysis.cfg.blocks[id]!.end
      ? this.liveBefore(index + 1)
      : this.behind(id).reduce(union, NOTHING_LIVE);
  }

  /** Live before instruction `index`, given what is live after it. */
  private before(index: number, after: LiveSet): LiveSet {
    const i = this.analysis.program.insns[index]!;
    const op = specOf(i);
    const bits = after.bits.slice();
    const written = registersWritten(i);
    const read = op?.kind === 'call' && op.target === 'local' ? this.calleeReads(index) : readsOf(i);
    for (let n = 0; n < 10; n++) if ((written & (1 << n)) !== 0) bits[n] = 0n;
    const need = (n: number, mask: bigint): void => {
      bits[n] = (bits[n] ?? 0n) | mask;
    };
    const stack = this.stackBefore(index, i, after);
    switch (op?.kind) {
      case 'alu': {
        const needed = after.bits[i.dst] ?? 0n;
        const final = op.operand !== 'K' || !isProvisional(this.analysis.env, index);
        const d = final || needed === 0n ? aluDemand(op, i, needed) : { dst: lowBits(op.width), src: 0n };
        if (op.readsDst) need(i.dst, d.dst);
        if (op.operand === 'X') need(i.src, d.src);
        break;
      }
      case 'jump': {
        const d = jumpDemand(op, i);
        need(i.dst, d.dst);
        if (op.operand === 'X') need(i.src, d.src);
        break;
      }
      case 'store':
        need(i.dst, ALL_BITS);
        if (op.operand === 'X')
          need(i.src, this.readsWhole(i) ? ALL_BITS : this.storedBits(index, i, op.size, after.stack));
        break;
      case 'atomic':
        need(i.dst, ALL_BITS);
        need(i.src, lowBits(8 * op.size));
        if (op.result === 'r0') need(0, lowBits(8 * op.size));
        break;
      case 'ldabs':
        need(6, ALL_BITS);
        if (op.indirect) need(i.src, lowBits(32));
        break;
      case 'exit':
        need(0, this.inEntry(index) ? this.exitBits : ALL_BITS);
        break;
      default:
        for (let n = 0; n <= 10; n++) if ((read & (1 << n)) !== 0) need(n, ALL_BITS);
    }
    need(R10, ALL_BITS);
    return { registers: (after.registers & ~written) | read | (1 << R10), bits, stack };
  }

  private inEntry(index: number): boolean {
    return this.analysis.cfg.blocks[this.analysis.cfg.blockOf[index]!]!.fn === 0;
  }

  private calleeReads(index: number): number {
    const { program, cfg } = this.analysis;
    const call = cfg.calls.find((c) => c.at === index);
    const callee = call && program.functions[call.callee];
    // What others may put in its place reads what the prototype says.
    if (isOpen(callee)) return argumentRegisters(callee);
    this.plain ??= liveRegisters(program, cfg);
    return call === undefined ? ARGUMENTS : this.plain[program.functions[call.callee]!.start]! & ARGUMENTS;
  }

  /** Whatever it stores to: a field of the context at this offset would look at more bits than it has. */
  private readsWhole(i: Insn): boolean {
    return this.analysis.env.hook.fields.some((f) => f.readsWhole === true && f.offset === i.off);
  }

  /** Of a register that is stored to the stack, only the bytes that are read again. */
  private storedBits(index: number, i: Insn, size: number, liveStack: bigint): bigint {
    const t = touched(this.analysis.statesBefore(index), i.dst, i.off, size);
    if (!t.exact || t.bytes === 0n || isProvisional(this.analysis.env, index)) return lowBits(8 * size);
    let mask = 0n;
    const base = t.bytes.toString(2).length - size;
    for (let n = 0; n < size; n++)
      if (((liveStack >> BigInt(base + n)) & 1n) === 1n) mask |= 0xffn << BigInt(8 * n);
    return mask;
  }

  private stackBefore(index: number, i: Insn, after: LiveSet): bigint {
    const op = specOf(i);
    const at = (n: number, size: number): Touched =>
      touched(
        this.analysis.statesBefore(index),
        n,
        i.off,
        isProvisional(this.analysis.env, index) ? undefined : size,
      );
    switch (op?.kind) {
      case 'load':
        return after.stack | at(i.src, op.size).bytes;
      case 'store': {
        const t = at(i.dst, op.size);
        return t.exact ? after.stack & ~t.bytes : after.stack;
      }
      case 'atomic':
        return after.stack | at(i.dst, op.size).bytes;
      case 'exit':
        return 0n;
      case 'call': {
        const reads = (s: AbstractState): bigint =>
          op.target === 'helper' ? this.helperReads(s, i) : escaped(s);
        return this.analysis.statesBefore(index).reduce((bytes, s) => bytes | reads(s), after.stack);
      }
      default:
        return after.stack;
    }
  }

  private helperReads(state: AbstractState, i: Insn): bigint {
    const helper = helperById(i.imm);
    if (helper.effects.includes('callback')) return ALL_STACK;
    const { regs, stack } = current(state);
    const own = (v: Value | undefined): boolean =>
      (v?.kind === 'any' && v.stack) || (v?.kind === 'pointer' && isOwnFrame(state, v));
    let bytes = 0n;
    let followed = 0n;
    for (const m of callMemory(this.analysis.env, helper, regs)) {
      if (!m.reads) continue;
      const t = touchedIn(state, m.pointer, 0, m.size);
      bytes |= t.bytes;
      if (helper.args[m.arg]!.mem?.size.by === 'arg' || m.size === undefined) followed |= t.bytes;
    }
    // A pointer where a number is expected, or inside an array, may be followed: probe_read, trace_printk,
    // snprintf.
    for (const [n, arg] of helper.args.entries()) {
      const v = regs[n + 1];
      if (own(v) && (arg.mem === undefined || (arg.mem.reads && v?.kind === 'any'))) return ALL_STACK;
    }
    for (const [n, slot] of stack.entries())
      if (own(slot?.spill) && ((followed >> BigInt(8 * n)) & 0xffn) !== 0n) return ALL_STACK;
    return bytes;
  }
}

/** All bytes, unless nothing that a called subprogram or kernel function is given can lead to the frame. */
function escaped(state: AbstractState): bigint {
  const { regs } = current(state);
  return regs.slice(1, 6).some((v) => !(v.kind === 'uninit' && v.maybe !== true) && mayPointToStack(v))
    ? ALL_STACK
    : 0n;
}

/**
 * Liveness of a program that was analysed.
 * @param earlier of the version that the analysis was built on: makes it faster, and nothing else
 */
export function liveness(analysis: Analysis, earlier?: Liveness): Liveness {
  return new Live(analysis, earlier instanceof Live ? earlier : undefined);
}
