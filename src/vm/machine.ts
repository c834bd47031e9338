/**
 * The interpreter's public face: one machine per program.
 *
 *   program --createMachine--> Machine --setTests--> images in linear memory
 *     run(insns, test)                     -> Outcome, in full
 *     setSource(insns)                     -> expected outcome of every test
 *     setCandidate(insns), patch(i, insn)  -> decoded instructions
 *     evaluate(limit)                      -> distance from the expected outcomes, summed over the tests
 *
 * Candidates are positions: every instruction, `ld_imm64` too, takes one. Distances of jumps count slots in the layout
 * of the last `setCandidate`, so that a patch never moves the target of another instruction.
 */
import type { Insn } from '../isa/insn.ts';
import { HOOKS } from '../program/hooks.ts';
import type { Program } from '../program/program.ts';
import { Arena } from './arena.ts';
import { encodeEnd, encodeRecord, Positions } from './decode.ts';
import { callHelper, Kernel } from './helpers/index.ts';
import { DEFAULT_PROFILE, type LatencyProfile, priceOf } from './latency.ts';
import { CELL, ENTRY, HEAD, HELPER_EXIT, REGS, SHADOW } from './layout.ts';
import { arenaAt, initialise, type MemoryPlan, planMemory } from './memory.ts';
import { readOutcome } from './outcome.ts';
import { type ExpectedMaps, snapshot, structureDistance } from './structure.ts';
import type { ExternalCall, Outcome, TestCase } from './types.ts';
import { Wasm } from './wasm/api.ts';
import { moduleFor } from './wasm/module.ts';

export interface MachineOptions {
  /** How outputs are compared: differing bits, or sum of absolute differences (K2's two). */
  metric: 'pop' | 'abs';
  /** Distance of a test on which the candidate faults. */
  faultCost: number;
  /** Distance per external call that differs, is missing or too many. */
  callCost: number;
  /** Distance per packet boundary that differs. */
  edgeCost: number;
  /** Instructions per run before it counts as a fault. */
  stepLimit: number;
  /** How often `may_goto` falls through. */
  mayGoto: number;
  /** CPU ids that a test may run on: 0 .. cpus-1. */
  cpus: number;
  /** The context is plain memory, readable and writable; all 64 bits of r0 count. */
  plainContext: boolean;
  /** Prices of instructions. */
  profile: LatencyProfile;
}

export const MACHINE_DEFAULTS: MachineOptions = {
  metric: 'pop',
  faultCost: 2048,
  callCost: 128,
  edgeCost: 64,
  stepLimit: 1_000_000,
  mayGoto: 8192,
  cpus: 2,
  plainContext: false,
  profile: DEFAULT_PROFILE,
};

/** Sum over the tests that ran; `stopped` when the error exceeded the limit, so that not all of them did. */
export interface Evaluation {
  error: number;
  failed: number;
  faults: number;
  stopped: boolean;
}

/** Per instruction: executions, and how often a jump was taken. */
export interface Coverage {
  executed: readonly number[];
  taken: readonly number[];
}

export interface Machine {
  readonly program: Program;
  readonly tests: readonly TestCase[];
  setTests(tests: readonly TestCase[]): void;
  /** One run on one test, in full. Does not disturb source or candidate. */
  run(insns: readonly Insn[], test: number): Outcome;
  runAll(insns: readonly Insn[]): Outcome[];
  /** Runs the source on every test. Returns the tests on which it faults: they do not take part in `evaluate`. */
  setSource(insns: readonly Insn[]): number[];
  setCandidate(insns: readonly Insn[]): void;
  patch(index: number, insn: Insn): void;
  evaluate(limit?: number): Evaluation;
  /** Mean modeled nanoseconds over the tests (those on which the source faults left out). */
  latency(insns: readonly Insn[]): number;
  /** Coverage of `insns` over all tests. */
  coverage(insns: readonly Insn[]): Coverage;
  /** The memory that the runs work on (layout.ts), for benches: the shadow of a byte is `delta` further on. */
  linearMemory(): { bytes: Uint8Array; delta: number };
}

interface Exports {
  exec(arena: number): number;
  undo(): void;
  evaluate(limit: number): void;
  measure(): void;
}

const PLAIN = { latency: false, coverage: false };
const FULL = { latency: true, coverage: true };
const PRICED = { latency: true, coverage: false };

export function createMachine(program: Program, options: Partial<MachineOptions> = {}): Machine {
  return new WasmMachine(program, { ...MACHINE_DEFAULTS, ...options });
}

class WasmMachine implements Machine {
  readonly program: Program;
  tests: readonly TestCase[] = [];
  private readonly options: MachineOptions;
  private plan: MemoryPlan | undefined;
  private arena!: Arena;
  private kernel!: Kernel;
  private instances = new Map<unknown, Exports>();
  private memory: unknown;
  private source: readonly Insn[] | undefined;
  private candidate: readonly Insn[] | undefined;
  private positions: Positions | undefined;
  private expectedMaps: ExpectedMaps[] = [];
  private active: number[] = [];

  constructor(program: Program, options: MachineOptions) {
    this.program = program;
    this.options = options;
  }

  setTests(tests: readonly TestCase[]): void {
    this.tests = tests;
    this.allocate(this.program.insns.length);
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
      this.kernel = new Kernel(this.arena, this.program, HOOKS[this.program.hook], options);
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

  private instance(variant: { latency: boolean; coverage: boolean }): Exports {
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
  private selected(): Kernel {
    const at = this.arena.view.getUint32(CELL.ARENA, true);
    if (at !== this.arena.at) this.arena.select(at);
    return this.kernel;
  }

  private structure(): number {
    const { arena } = this.selected();
    const expected = this.expectedMaps[arena.head(HEAD.TEST)] ?? [];
    return structureDistance(arena, expected, this.options.metric === 'abs' ? 1 : 0);
  }

  private load(insns: readonly Insn[]): Positions {
    if (this.plan === undefined || insns.length > this.plan.insns) {
      this.allocate(insns.length);
      if (this.source !== undefined) this.setSource(this.source);
    }
    const where = new Positions(insns);
    const { view } = this.arena;
    const maps = this.program.maps.length;
    insns.forEach((i, index) => {
      encodeRecord(view, index, i, where, maps);
    });
    encodeEnd(view, insns.length);
    return where;
  }

  /** Runs loaded code on a test and leaves the result in memory. */
  private exec(exports: Exports, test: number): number {
    const at = arenaAt(this.plan!, test);
    const status = exports.exec(at);
    this.arena.select(at);
    return status;
  }

  private priced(insns: readonly Insn[]): void {
    const { view } = this.arena;
    insns.forEach((i, index) => {
      view.setFloat64(this.plan!.prices + index * 8, priceOf(i, this.options.profile), true);
    });
    view.setFloat64(this.plan!.prices + insns.length * 8, 0, true);
  }

  /** Does something with other code loaded, then puts the candidate back. */
  private with<T>(insns: readonly Insn[], act: () => T): T {
    const kept = this.candidate;
    const positions = this.positions;
    this.load(insns);
    const result = act();
    if (kept !== undefined && positions !== undefined) {
      const { view } = this.arena;
      kept.forEach((i, index) => {
        encodeRecord(view, index, i, positions, this.program.maps.length);
      });
      encodeEnd(view, kept.length);
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
      this.forget(test);
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
      const words = this.changedWords(test);
      exports.undo();
      for (const word of words) this.markExpected(word);
      this.kernel.expected[test] = digests;
    }
    this.setOrder(this.active);
    return faulty;
  }

  /** Forgets what was expected of a test. */
  private forget(test: number): void {
    const { arena } = this;
    arena.select(arenaAt(this.plan!, test));
    const list = arena.head(HEAD.EXPECTED);
    for (let i = 0; i < arena.head(HEAD.EXPECTED_COUNT); i++) {
      const p = arena.u32(list + i * ENTRY) + arena.delta;
      for (let b = 0; b < 8; b++) arena.bytes[p + b]! &= ~SHADOW.EXPECTED;
    }
    arena.view.setUint32(arena.at + HEAD.EXPECTED_COUNT, 0, true);
  }

  private markExpected(word: number): void {
    const { bytes, delta } = this.arena;
    for (let b = 0; b < 8; b++) bytes[word + delta + b]! |= SHADOW.EXPECTED;
  }

  /** Writes down what the finished run left: r0, packet boundaries, call count, and the visible words it changed. */
  private changedWords(test: number): number[] {
    const { arena } = this;
    const { view, bytes, delta, at } = arena;
    const list = this.plan!.expected + test * (this.plan!.arena / 8) * ENTRY;
    const words: number[] = [];
    for (let p = arena.u32(CELL.LOG_BASE); p < arena.u32(CELL.LOG_TOP); p += ENTRY) {
      const word = arena.u32(p);
      const entry = list + words.length * ENTRY;
      let visible = false;
      for (let b = 0; b < 8; b++) {
        const seen = (bytes[word + delta + b]! & SHADOW.OUTPUT) !== 0;
        bytes[entry + 16 + b] = seen ? 0xff : 0;
        visible ||= seen;
      }
      if (!visible || words.includes(word)) continue;
      view.setUint32(entry, word, true);
      bytes.copyWithin(entry + 8, word, word + 8);
      words.push(word);
    }
    view.setUint32(at + HEAD.EXPECTED, list, true);
    view.setUint32(at + HEAD.EXPECTED_COUNT, words.length, true);
    view.setBigUint64(
      at + HEAD.EXPECTED_R0,
      view.getBigUint64(REGS, true) & view.getBigUint64(CELL.R0_MASK, true),
      true,
    );
    for (const [to, from] of [
      [HEAD.EXPECTED_DATA, HEAD.DATA],
      [HEAD.EXPECTED_DATA_END, HEAD.DATA_END],
      [HEAD.EXPECTED_DATA_META, HEAD.DATA_META],
    ] as const)
      bytes.copyWithin(at + to, at + from, at + from + 8);
    view.setUint32(at + HEAD.EXPECTED_CALLS, arena.head(HEAD.CALLS), true);
    view.setUint32(at + HEAD.EXPECTED_STRUCTURE, arena.head(HEAD.STRUCTURE) === 0 ? 0 : 1, true);
    return words;
  }

  private setOrder(tests: readonly number[]): void {
    const { view } = this.arena;
    view.setUint32(CELL.TESTS, tests.length, true);
    tests.forEach((test, i) => {
      view.setUint32(this.plan!.order + i * 4, arenaAt(this.plan!, test), true);
    });
  }

  setCandidate(insns: readonly Insn[]): void {
    this.positions = this.load(insns);
    this.candidate = [...insns];
  }

  patch(index: number, insn: Insn): void {
    const candidate = this.candidate as Insn[] | undefined;
    if (candidate === undefined || this.positions === undefined || index >= candidate.length)
      throw new RangeError(`no candidate with an instruction ${index}`);
    candidate[index] = insn;
    encodeRecord(this.arena.view, index, insn, this.positions, this.program.maps.length);
  }

  evaluate(limit = Number.POSITIVE_INFINITY): Evaluation {
    if (this.candidate === undefined) throw new RangeError('no candidate to evaluate');
    this.instance(PLAIN).evaluate(limit);
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

  linearMemory(): { bytes: Uint8Array; delta: number } {
    return { bytes: this.arena.bytes, delta: this.arena.delta };
  }

  coverage(insns: readonly Insn[]): Coverage {
    return this.with(insns, () => {
      const { view, bytes } = this.arena;
      const at = this.plan!.coverage;
      bytes.fill(0, at, at + (insns.length + 1) * 8);
      const exports = this.instance(FULL);
      for (let test = 0; test < this.tests.length; test++) {
        this.exec(exports, test);
        exports.undo();
      }
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
