/**
 * Runs of one window of a program, from the states in which real runs enter it.
 *
 *   tests --Machine.statesAt(window.start)--> states --run the source's window--> what each is expected to
 *     leave
 *   candidate --evaluate--> distance in the place where the window is left, registers and stack bytes that
 *     are live
 *                           there, memory that others see, and external calls
 *
 * Ten instructions instead of the whole program: this is what a search spends its time on.
 *
 * Windows are positions, not slots: a jump's distance counts instructions. Records of a window of n
 * positions:
 *
 *     0 .. n-1    the window      n    the end      n + 1 + k    place k outside      n + 1 + places
 *       `exit`
 */

import { type Insn, insn, OP_CALL, OP_EXIT, OP_JA } from '../../isa/insn.ts';
import { type AtomicOp, type LoadOp, type StoreOp, specOf } from '../../isa/semantics.ts';
import type { Program } from '../../program/program.ts';
import type { MissedKey } from '../helpers/index.ts';
import { CELL, CODE, ENTRY, HEAD, MAP, RECORD, REGS, SHADOW, STACK_BYTES } from '../memory/layout.ts';
import type { MachineState } from '../memory/machine-state.ts';
import { arenaAt } from '../memory/memory-plan.ts';
import { allMaps } from '../memory/sim-map.ts';
import type { TestCase } from '../types.ts';
import { Special, type Targets } from '../wasm/decode.ts';
import type { Variant } from '../wasm/parts.ts';
import { markExpected, noteExpected } from './expected.ts';
import { type ExpectedMaps, snapshot } from './map-distance.ts';
import type { MachineOptions } from './types.ts';
import { MACHINE_DEFAULTS } from './types.ts';
import { FastMachine } from './wasm-machine.ts';

/** What can be observed at one place where a window is left. */
export interface LiveOutPlace {
  /** Bits of r0..r10 that are read later. */
  registers: readonly bigint[];
  /** 512 entries: 1 where the byte at r10 - 512 + i is read later. */
  stack: Uint8Array;
}

/**
 * What can be observed after a window: at its end, at the places outside that it jumps to, and after `exit`.
 */
export interface Observables {
  end: LiveOutPlace;
  places: readonly LiveOutPlace[];
  exit: LiveOutPlace;
}

/** Linear addresses, and the shadow bits that accessing them takes. */
interface LinearRange {
  from: number;
  to: number;
  bits: number;
}

const WINDOW: Variant = { latency: false, coverage: false, window: true };
const EXIT = insn(OP_EXIT);
/** Room for longer windows than the program, and their ends. */
const SPARE_INSNS = 128;
const NOTHING: LiveOutPlace = { registers: [], stack: new Uint8Array(STACK_BYTES) };
const byPosition: Targets = { target: (from, distance) => from + 1 + distance };

export class WindowMachine extends FastMachine {
  protected override readonly evaluated = WINDOW;
  protected override readonly spareInsns = SPARE_INSNS;
  private window: readonly Insn[] = [];
  private observables: Observables = { end: NOTHING, places: [], exit: NOTHING };
  private states: MachineState[] = [];
  private calls = false;
  /** Keys that the source's window looked up in vain from the state that `add` was last asked about. */
  missed: readonly MissedKey[] = [];

  /**
   * `tests` are those of the machine that the states come from; `spare` states can be added to each window.
   */
  constructor(
    program: Program,
    tests: readonly TestCase[],
    spare: number,
    options: Partial<MachineOptions> = {},
  ) {
    super(program, { ...MACHINE_DEFAULTS, ...options });
    // Room only: every image is overwritten by a state.
    const filler = tests[0];
    this.setTests(filler === undefined ? [] : [...tests, ...Array<TestCase>(spare).fill(filler)]);
  }

  /** States that the current window runs from. */
  get size(): number {
    return this.states.length;
  }

  /** Starts on a window: states on which the source's window faults are left out. */
  open(window: readonly Insn[], states: readonly MachineState[], observables: Observables): void {
    this.window = window;
    this.observables = observables;
    this.states = [];
    this.calls = window.some((i) => i.op === OP_CALL);
    for (const state of states) this.add(state);
    this.setCandidate(window);
  }

  /**
   * One more state, which the candidates run from as well; the current candidate stays. False when the source
   * faults on it, or there is no room.
   */
  add(state: MachineState): boolean {
    if (this.states.length >= this.tests.length) return false;
    const n = this.states.length;
    const ok = this.with(this.ended(this.window), () => this.place(n, state));
    if (!ok) return false;
    this.states.push(state);
    this.setOrder(this.states.map((_, k) => k));
    return true;
  }

  /** Takes the last added state out again. */
  drop(): void {
    this.states.pop();
    this.setOrder(this.states.map((_, k) => k));
  }

  /** State number `n`, as given to `open` or `add`. */
  state(n: number): MachineState | undefined {
    return this.states[n];
  }

  /** A window and the records at which it ends. */
  private ended(window: readonly Insn[]): Insn[] {
    return [...window, EXIT, ...this.observables.places.map(() => EXIT), EXIT];
  }

  protected override targetsOf(): Targets {
    return byPosition;
  }

  protected override encode(index: number, i: Insn, targets: Targets): void {
    const n = this.window.length;
    const leaves = i.op === OP_EXIT && index < n;
    super.encode(index, leaves ? insn(OP_JA, 0, 0, n + this.observables.places.length - index) : i, targets);
  }

  private place(n: number, state: MachineState): boolean {
    const { arena } = this;
    const { bytes, view, delta } = arena;
    const at = arenaAt(this.plan!, n);
    bytes.set(state.bytes, at);
    const keep = ~(SHADOW.DIRTY | SHADOW.EXPECTED);
    for (let k = 0; k < state.shadow.length; k++) bytes[at + delta + k] = state.shadow[k]! & keep;
    state.registers.forEach((value, r) => {
      view.setBigUint64(at + HEAD.WINDOW_REGS + 8 * r, value, true);
    });
    view.setUint32(at + HEAD.EXPECTED_COUNT, 0, true);
    view.setUint32(at + HEAD.TEST, n, true);
    this.kernel.expected[n] = undefined;
    const observed = this.leaving(at);
    if (observed === undefined) return false;
    this.guard(at);
    this.observeStack(state.registers[10] ?? 0n, observed);
    const digests: number[] = [];
    this.kernel.digests = digests;
    const exports = this.instance(WINDOW);
    exports.exec(at);
    this.kernel.digests = undefined;
    arena.select(at);
    view.setUint32(at + HEAD.EXPECTED_PC, view.getUint32(CELL.PC, true), true);
    for (let r = 0; r < 11; r++) {
      const live = observed.registers[r] ?? 0n;
      view.setBigUint64(at + HEAD.LIVE_REGS + 8 * r, live, true);
      view.setBigUint64(at + HEAD.EXPECTED_REGS + 8 * r, view.getBigUint64(REGS + 8 * r, true) & live, true);
    }
    this.expectedMaps[n] = this.calls ? snapshot(arena) : NO_MAPS;
    const words = noteExpected(arena, this.plan!.expected + n * (this.plan!.arena / 8) * ENTRY);
    exports.undo();
    markExpected(arena, words);
    this.kernel.expected[n] = digests;
    return true;
  }

  /** Runs the window from the state at `at`: what is observed where it ends; undefined when it faults. */
  private leaving(at: number): LiveOutPlace | undefined {
    const exports = this.instance(WINDOW);
    this.arena.select(at);
    const missed: MissedKey[] = [];
    this.kernel.missed = missed;
    const status = exports.exec(at);
    this.kernel.missed = undefined;
    this.missed = missed;
    const record = (this.arena.view.getUint32(CELL.PC, true) - CODE) / RECORD - this.window.length;
    exports.undo();
    this.arena.select(at);
    if (status !== 0) return undefined;
    const { end, places, exit } = this.observables;
    return record === 0 ? end : (places[record - 1] ?? exit);
  }

  /**
   * Of the values of maps only what the source accesses from this state may be accessed: others see them, so
   * that a candidate must not make an access that the source does not make (verify/proof/plain-accesses.ts).
   */
  private guard(at: number): void {
    const { arena } = this;
    const accesses = this.accessesFrom(at);
    arena.select(at);
    const { bytes, delta } = arena;
    for (const map of allMaps(arena)) {
      const [start, end] = map.storage();
      if (start === end) continue;
      const before = bytes.slice(start + delta, end + delta);
      for (let p = start + delta; p < end + delta; p++) bytes[p]! &= ~(SHADOW.READ | SHADOW.WRITE);
      for (const { from, to, bits } of accesses)
        for (let p = Math.max(from, start); p < Math.min(to, end); p++)
          bytes[p + delta]! |= before[p - start]! & bits;
    }
  }

  /**
   * What the source's instructions access from the state at `at`: linear addresses; whole values for calls.
   */
  private accessesFrom(at: number): LinearRange[] {
    const { arena } = this;
    const { view } = arena;
    const exports = this.instance(WINDOW);
    return this.window.flatMap((i, index) => {
      const spec = specOf(i);
      const memory = spec?.kind === 'load' || spec?.kind === 'store' || spec?.kind === 'atomic';
      if (!memory && i.op !== OP_CALL) return [];
      // An unknown opcode stops the run there, as in `statesAt`.
      const record = CODE + index * RECORD;
      const kept = view.getUint16(record, true);
      view.setUint16(record, Special.BAD, true);
      exports.exec(at);
      const reached = view.getUint32(CELL.PC, true) === record;
      arena.select(at);
      const addressIn = (r: number, off = 0): number =>
        arena.locate(view.getUint32(REGS + 8 * r, true) + off, view.getUint32(REGS + 8 * r + 4, true));
      const found = !reached
        ? []
        : memory
          ? [accessed(spec, addressIn(spec.kind === 'load' ? i.src : i.dst, i.off))]
          : [1, 2, 3, 4, 5].flatMap((r) => this.valueAround(addressIn(r)));
      exports.undo();
      view.setUint16(record, kept, true);
      return found;
    });
  }

  /** The value of a map that an address lies in. */
  private valueAround(p: number): LinearRange[] {
    return allMaps(this.arena).flatMap((map) => {
      const [start, end] = map.storage();
      if (p < start || p >= end) return [];
      const stride = map.get(MAP.STRIDE);
      const from = start + Math.floor((p - start) / stride) * stride;
      return [{ from, to: from + stride, bits: SHADOW.READ | SHADOW.WRITE }];
    });
  }

  /** Makes the live bytes of the running frame count, and no others of it. */
  private observeStack(r10: bigint, { stack }: LiveOutPlace): void {
    const { arena } = this;
    const top = arena.locate(Number(r10 & 0xffff_ffffn), Number(r10 >> 32n));
    if (top < 0) return;
    for (let k = 0; k < STACK_BYTES; k++) {
      const p = top - STACK_BYTES + k + arena.delta;
      const old = arena.bytes[p]! & ~SHADOW.OUTPUT;
      arena.bytes[p] = stack[k] === 1 ? old | SHADOW.OUTPUT : old;
    }
  }

  override setCandidate(insns: readonly Insn[]): void {
    super.setCandidate(this.ended(insns));
  }
}

function accessed({ kind, size }: LoadOp | StoreOp | AtomicOp, from: number): LinearRange {
  const bits = kind === 'load' ? SHADOW.READ : kind === 'store' ? SHADOW.WRITE : SHADOW.READ | SHADOW.WRITE;
  return { from, to: from + size, bits };
}

const NO_MAPS: ExpectedMaps = [];
