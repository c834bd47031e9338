/**
 * Runs of one window of a program, from the states in which real runs enter it.
 *
 *   tests --Machine.statesAt(window.start)--> states --run the source's window--> what each is expected to leave
 *   candidate --evaluate--> distance in live registers, live stack bytes and memory that others see
 *
 * Ten instructions instead of the whole program: this is what a search spends its time on. Windows are straight-line
 * code without calls, so nothing of the run's outside matters.
 */
import { type Insn, insn, OP_EXIT } from '../isa/insn.ts';
import type { Program } from '../program/program.ts';
import { markExpected, noteExpected } from './expected.ts';
import { FastMachine } from './fast.ts';
import { CELL, ENTRY, HEAD, REGS, SHADOW, STACK_BYTES } from './layout.ts';
import { MACHINE_DEFAULTS, type MachineOptions, type MachineState } from './machine.ts';
import { arenaAt } from './memory.ts';
import type { TestCase } from './types.ts';
import type { Variant } from './wasm/parts.ts';

/** What can be observed after a window. */
export interface Observed {
  /** Bits of r0..r10 that are read later. */
  registers: readonly bigint[];
  /** 512 entries: 1 where the byte at r10 - 512 + i is read later. */
  stack: Uint8Array;
}

const WINDOW: Variant = { latency: false, coverage: false, window: true };
const EXIT = insn(OP_EXIT);

export class WindowMachine extends FastMachine {
  protected override readonly evaluated = WINDOW;
  private window: readonly Insn[] = [];
  private observed: Observed = { registers: [], stack: new Uint8Array(STACK_BYTES) };
  private states: MachineState[] = [];

  /** `tests` are those of the machine that the states come from; `spare` states can be added to each window. */
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
  open(window: readonly Insn[], states: readonly MachineState[], observed: Observed): void {
    this.window = window;
    this.observed = observed;
    this.states = [];
    const { view } = this.arena;
    for (let n = 0; n < 11; n++) view.setBigUint64(CELL.LIVE_REGS + 8 * n, observed.registers[n] ?? 0n, true);
    for (const state of states) this.add(state);
    this.setCandidate(window);
  }

  /**
   * One more state, which the candidates run from as well; the current candidate stays. False when the source faults
   * on it, or there is no room.
   */
  add(state: MachineState): boolean {
    if (this.states.length >= this.tests.length) return false;
    const n = this.states.length;
    const ok = this.with([...this.window, EXIT], () => this.place(n, state));
    if (!ok) return false;
    this.states.push(state);
    this.setOrder(this.states.map((_, k) => k));
    return true;
  }

  /** The state with other values in some registers. */
  static varied(state: MachineState, registers: ReadonlyMap<number, bigint>): MachineState {
    return { ...state, registers: state.registers.map((old, n) => registers.get(n) ?? old) };
  }

  /** State number `n`, as given to `open` or `add`. */
  state(n: number): MachineState | undefined {
    return this.states[n];
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
    arena.select(at);
    view.setUint32(at + HEAD.EXPECTED_COUNT, 0, true);
    this.observeStack(state.registers[10] ?? 0n);
    const exports = this.instance(WINDOW);
    if (exports.exec(at) !== 0) {
      exports.undo();
      return false;
    }
    arena.select(at);
    this.observed.registers.forEach((live, r) => {
      const left = view.getBigUint64(REGS + 8 * r, true) & live;
      view.setBigUint64(at + HEAD.EXPECTED_REGS + 8 * r, left, true);
    });
    const words = noteExpected(arena, this.plan!.expected + n * (this.plan!.arena / 8) * ENTRY);
    exports.undo();
    markExpected(arena, words);
    return true;
  }

  /** Makes the live bytes of the running frame count, and no others of it. */
  private observeStack(r10: bigint): void {
    const { arena } = this;
    const top = arena.locate(Number(r10 & 0xffff_ffffn), Number(r10 >> 32n));
    if (top < 0) return;
    for (let k = 0; k < STACK_BYTES; k++) {
      const p = top - STACK_BYTES + k + arena.delta;
      const old = arena.bytes[p]! & ~SHADOW.OUTPUT;
      arena.bytes[p] = this.observed.stack[k] === 1 ? old | SHADOW.OUTPUT : old;
    }
  }

  override setCandidate(insns: readonly Insn[]): void {
    super.setCandidate([...insns, EXIT]);
  }
}
