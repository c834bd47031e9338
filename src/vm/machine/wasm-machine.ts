/**
 * The fast machine: memory, decoded instructions and expected outcomes around the emitted WebAssembly
 * (wasm/module.ts).
 */

import type { Insn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { callHelper, HelperCall, type MissedKey } from '../helpers/index.ts';
import { pricesOf } from '../latency/latency.ts';
import { Arena } from '../memory/arena.ts';
import { CELL, CODE, ENTRY, HEAD, HELPER_EXIT, RECORD, REGS } from '../memory/layout.ts';
import type { MachineState } from '../memory/machine-state.ts';
import { arenaAt, initialise, type MemoryPlan, planMemory } from '../memory/memory-plan.ts';
import type { ExternalCall, Outcome, TestCase } from '../types.ts';
import { Wasm } from '../wasm/api.ts';
import { encodeEnd, encodeRecord, SlotPositions, Special, type Targets } from '../wasm/decode.ts';
import { moduleFor } from '../wasm/module.ts';
import type { Variant } from '../wasm/parts.ts';
import { forgetExpected, markExpected, noteExpected } from './expected.ts';
import { type ExpectedMaps, snapshot, structureDistance } from './map-distance.ts';
import { readOutcome } from './outcome.ts';
import type { Coverage, Evaluation, Machine, MachineOptions, Trace } from './types.ts';

export interface Exports {
  exec(arena: number): number;
  undo(): void;
  evaluate(limit: number): void;
  measure(): void;
}

const PLAIN: Variant = { latency: false, coverage: false, window: false };
const FULL: Variant = { latency: true, coverage: true, window: false };
const PRICED: Variant = { latency: true, coverage: false, window: false };

export class FastMachine implements Machine {
  readonly program: Program;
  tests: readonly TestCase[] = [];
  protected readonly options: MachineOptions;
  /** Which code `evaluate` runs. */
  protected readonly evaluated: Variant = PLAIN;
  /** Instructions that candidates may have more than the program. */
  protected readonly spareInsns: number = 0;
  protected plan: MemoryPlan | undefined;
  protected arena!: Arena;
  protected kernel!: HelperCall;
  private instances = new Map<unknown, Exports>();
  private memory: unknown;
  private source: readonly Insn[] | undefined;
  protected candidate: readonly Insn[] | undefined;
  private targets: Targets | undefined;
  protected expectedMaps: ExpectedMaps[] = [];
  private active: number[] = [];

  constructor(program: Program, options: MachineOptions) {
    this.program = program;
    this.options = options;
  }

  setTests(tests: readonly TestCase[]): void {
    this.tests = tests;
    this.allocate(this.program.insns.length + this.spareInsns);
    if (this.source !== undefined) this.setSource(this.source);
  }

  /** New memory when instructions or tests do not fit; then images and expected outcomes are made anew. */
  private allocate(insns: number): void {
    const { options } = this;
    const needed = { insns: Math.max(insns, this.plan?.insns ?? 0), tests: Math.max(1, this.tests.length) };
    const capacity = Math.max(needed.tests, this.plan === undefined ? 0 : roomFor(needed.tests));
    const plan = planMemory(this.program, this.tests, needed.insns, capacity, options);
    const old = this.plan;
    if (old === undefined || old.pages < plan.pages || old.delta !== plan.delta) {
      const memory = new Wasm.Memory({ initial: plan.pages, maximum: plan.pages });
      this.memory = memory;
      this.instances = new Map();
      this.arena = new Arena(new Uint8Array(memory.buffer), plan.delta);
      this.kernel = new HelperCall(this.arena, this.program, HOOKS[this.program.hook], options);
    }
    this.plan = old !== undefined && old.pages > plan.pages ? { ...plan, pages: old.pages } : plan;
    initialise(this.arena, this.plan, this.tests, options.stepLimit);
    const { view } = this.arena;
    const bits = options.plainContext ? 64 : HOOKS[this.program.hook].returnBits;
    view.setBigUint64(
      CELL.R0_MASK,
      bits === 64 ? 0xffff_ffff_ffff_ffffn : bits === 32 ? 0xffff_ffffn : 0n,
      true,
    );
    view.setBigUint64(CELL.FAULT_COST, BigInt(options.faultCost), true);
    view.setBigUint64(CELL.CALL_COST, BigInt(options.callCost), true);
    view.setBigUint64(CELL.EDGE_COST, BigInt(options.edgeCost), true);
    view.setUint32(CELL.METRIC, options.metric === 'abs' ? 1 : 0, true);
    view.setUint32(CELL.MAY_GOTO, options.mayGoto, true);
    this.candidate = undefined;
  }

  protected instance(variant: Variant): Exports {
    let found = this.instances.get(variant);
    if (found === undefined) {
      const env = {
        memory: this.memory,
        helper: (id: number): number => callHelper(this.selected(), id),
        structure: (): number => this.structure(),
      };
      const instance = new Wasm.Instance(moduleFor(variant, this.arena.delta), { env });
      found = instance.exports as unknown as Exports;
      this.instances.set(variant, found);
    }
    return found;
  }

  /** The helpers' view of the test that runs now. */
  private selected(): HelperCall {
    const at = this.arena.view.getUint32(CELL.ARENA, true);
    if (at !== this.arena.at) this.arena.select(at);
    return this.kernel;
  }

  private structure(): number {
    const { arena } = this.selected();
    const expected = this.expectedMaps[arena.head(HEAD.TEST)] ?? [];
    return structureDistance(arena, expected, this.options.metric === 'abs' ? 1 : 0);
  }

  /** Where the jumps of an instruction list go. */
  protected targetsOf(insns: readonly Insn[]): Targets {
    return new SlotPositions(insns);
  }

  protected encode(index: number, i: Insn, targets: Targets): void {
    encodeRecord(this.arena.view, index, i, targets, this.program.maps.length);
  }

  private load(insns: readonly Insn[]): Targets {
    if (this.plan === undefined || insns.length > this.plan.insns) {
      this.allocate(insns.length);
      if (this.source !== undefined) this.setSource(this.source);
    }
    const targets = this.targetsOf(insns);
    insns.forEach((i, index) => {
      this.encode(index, i, targets);
    });
    encodeEnd(this.arena.view, insns.length);
    return targets;
  }

  /** Runs loaded code on a test and leaves the result in memory. */
  protected exec(exports: Exports, test: number): number {
    const at = arenaAt(this.plan!, test);
    const status = exports.exec(at);
    this.arena.select(at);
    return status;
  }

  private priced(insns: readonly Insn[]): void {
    const { view } = this.arena;
    pricesOf(insns, this.options.profile, this.program.maps).forEach((price, index) => {
      view.setFloat64(this.plan!.prices + index * 8, price, true);
    });
    view.setFloat64(this.plan!.prices + insns.length * 8, 0, true);
  }

  /** Does something with other code loaded, then puts the candidate back. */
  protected with<T>(insns: readonly Insn[], act: () => T): T {
    const kept = this.candidate;
    const { targets } = this;
    this.load(insns);
    const result = act();
    if (kept !== undefined && targets !== undefined) {
      kept.forEach((i, index) => {
        this.encode(index, i, targets);
      });
      encodeEnd(this.arena.view, kept.length);
      this.candidate = kept;
    }
    return result;
  }

  run(insns: readonly Insn[], test: number): Outcome {
    return this.with(insns, () => this.outcome(insns, test));
  }

  runAll(insns: readonly Insn[]): Outcome[] {
    return this.with(insns, () => this.tests.map((_, test) => this.outcome(insns, test)));
  }

  private outcome(insns: readonly Insn[], test: number): Outcome {
    const exports = this.instance(PRICED);
    this.priced(insns);
    this.arena.view.setFloat64(CELL.LATENCY, 0, true);
    const calls: ExternalCall[] = [];
    this.kernel.calls = calls;
    const status = this.exec(exports, test);
    this.kernel.calls = undefined;
    const outcome = readOutcome(this.arena, status, calls);
    exports.undo();
    return outcome;
  }

  setSource(insns: readonly Insn[]): number[] {
    this.source = insns;
    this.load(insns);
    this.candidate = undefined;
    const exports = this.instance(PLAIN);
    const faulty: number[] = [];
    this.active = [];
    this.kernel.expected = [];
    this.expectedMaps = [];
    for (let test = 0; test < this.tests.length; test++) {
      this.arena.select(arenaAt(this.plan!, test));
      forgetExpected(this.arena);
      const digests: number[] = [];
      this.kernel.digests = digests;
      const status = this.exec(exports, test);
      this.kernel.digests = undefined;
      if (status !== 0 && status !== HELPER_EXIT) {
        exports.undo();
        faulty.push(test);
        continue;
      }
      this.active.push(test);
      this.expectedMaps[test] = snapshot(this.arena);
      const list = this.plan!.expected + test * (this.plan!.arena / 8) * ENTRY;
      const words = noteExpected(this.arena, list);
      exports.undo();
      markExpected(this.arena, words);
      this.kernel.expected[test] = digests;
    }
    this.setOrder(this.active);
    return faulty;
  }

  protected setOrder(tests: readonly number[]): void {
    const { view } = this.arena;
    view.setUint32(CELL.TESTS, tests.length, true);
    tests.forEach((test, i) => {
      view.setUint32(this.plan!.order + i * 4, arenaAt(this.plan!, test), true);
    });
  }

  setCandidate(insns: readonly Insn[]): void {
    this.targets = this.load(insns);
    this.candidate = [...insns];
  }

  patch(index: number, insn: Insn): void {
    const candidate = this.candidate as Insn[] | undefined;
    if (candidate === undefined || this.targets === undefined || index >= candidate.length)
      throw new RangeError(`no candidate with an instruction ${index}`);
    candidate[index] = insn;
    this.encode(index, insn, this.targets);
  }

  evaluate(limit = Number.POSITIVE_INFINITY): Evaluation {
    if (this.candidate === undefined) throw new RangeError('no candidate to evaluate');
    this.instance(this.evaluated).evaluate(limit);
    const { view } = this.arena;
    return {
      error: view.getFloat64(CELL.ERROR, true),
      failed: view.getUint32(CELL.FAILED, true),
      faults: view.getUint32(CELL.FAULTS, true),
      stopped: view.getUint32(CELL.STOPPED, true) !== 0,
    };
  }

  latency(insns: readonly Insn[]): number {
    return this.with(insns, () => {
      this.priced(insns);
      if (this.source === undefined) this.setOrder(this.tests.map((_, test) => test));
      this.instance(PRICED).measure();
      const count = this.arena.view.getUint32(CELL.TESTS, true);
      return count === 0 ? 0 : this.arena.view.getFloat64(CELL.LATENCY, true) / count;
    });
  }

  statesAt(insns: readonly Insn[], index: number): MachineState[] {
    return this.with(insns, () => {
      const { view, bytes, delta } = this.arena;
      // An unknown opcode stops a run at any depth of calls and leaves everything as it is.
      view.setUint16(CODE + index * RECORD, Special.BAD, true);
      const exports = this.instance(PLAIN);
      const states: MachineState[] = [];
      for (const test of this.tests.keys()) {
        this.exec(exports, test);
        const { at, size } = this.arena;
        if (view.getUint32(CELL.PC, true) === CODE + index * RECORD)
          states.push({
            test,
            registers: Array.from({ length: 11 }, (_, n) => view.getBigUint64(REGS + 8 * n, true)),
            bytes: bytes.slice(at, at + size),
            shadow: bytes.slice(at + delta, at + delta + size),
          });
        exports.undo();
      }
      return states;
    });
  }

  linearMemory(): { bytes: Uint8Array; delta: number } {
    return { bytes: this.arena.bytes, delta: this.arena.delta };
  }

  coverage(insns: readonly Insn[]): Coverage {
    return this.covering(insns, [...this.tests.keys()]);
  }

  observe(insns: readonly Insn[], test: number): Trace {
    const missed: MissedKey[] = [];
    return { coverage: this.covering(insns, [test], missed), missed };
  }

  private covering(insns: readonly Insn[], tests: readonly number[], missed?: MissedKey[]): Coverage {
    return this.with(insns, () => {
      const { view, bytes } = this.arena;
      const at = this.plan!.coverage;
      bytes.fill(0, at, at + (insns.length + 1) * 8);
      const exports = this.instance(FULL);
      this.kernel.missed = missed;
      for (const test of tests) {
        this.exec(exports, test);
        exports.undo();
      }
      this.kernel.missed = undefined;
      return {
        executed: insns.map((_, i) => view.getUint32(at + i * 8, true)),
        taken: insns.map((_, i) => view.getUint32(at + i * 8 + 4, true)),
      };
    });
  }
}

/** Room for tests that will be added later: the next power of two. */
function roomFor(tests: number): number {
  return 2 ** Math.ceil(Math.log2(tests + 1));
}
