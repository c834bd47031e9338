/**
 * The search of one window: a program, a window of it, a generator and a budget in, a proven rewrite and
 * statistics out.
 *
 *   window --raise--> positions --(chain, on the states that tests reach)--> candidate --lower--> rewrite
 *     --decide--> found
 */
import type { Value } from '../../analysis/domain/value.ts';
import { Rng } from '../../base/random.ts';
import { type Insn, slotsOf } from '../../isa/insn.ts';
import type { Target } from '../../isa/levels.ts';
import type { Program } from '../../program/program.ts';
import { type ChainStats, emptyStats, type Proven, runChain } from '../../search/chain/chain.ts';
import { buildPools } from '../../search/chain/pools.ts';
import { lower, loweredCost, loweredSlots, raise } from '../../search/chain/positions.ts';
import { type EntryRegisters, wellFormed, windowFactsOf } from '../../search/chain/quick-check.ts';
import type { ChainSettings } from '../../search/chain/settings.ts';
import type { WindowContext } from '../../verify/index.ts';
import type { Counterexample, Proof, Window } from '../../verify/types.ts';
import { priceOf } from '../../vm/latency/latency.ts';
import type { GateOracles } from '../acceptance/checks.ts';
import { decide, type GateChecks, type Refusal, rewriteKey } from '../acceptance/gate.ts';
import { learn, remember } from '../states/counterexample-states.ts';
import type { TestBench } from '../states/test-bench.ts';
import type { OptimizeOptions } from '../types.ts';

/** Everything that decides the result, and nothing that cannot go to another thread. */
export interface WindowTask {
  program: Program;
  window: Window;
  /** Names the random numbers. */
  stream: readonly (string | number)[];
  steps: number;
  /** Rewrites that are not wanted, whatever the checks say (rewriteKey). */
  objected: ReadonlySet<string>;
  /** Counterexamples of earlier windows that started here. */
  pooled: readonly Counterexample[];
}

export interface SearchTools extends Pick<GateOracles, 'contextOf' | 'liveBefore' | 'forget' | 'transcript'> {
  bench: TestBench;
  checks: GateChecks;
  settings: ChainSettings;
  target: Target;
  goal: OptimizeOptions['goal'];
  stop(): boolean;
}

export interface WindowResult {
  /** Accepted by all checks. */
  found?: { replacement: readonly Insn[]; how: Proof };
  stats: ChainStats;
  /** Candidates that were proven and turned down all the same. */
  refused: readonly Refusal[];
  /** Counterexamples that showed a difference in the machine as well. */
  learned: readonly Counterexample[];
  /** Neither a test nor a made-up state comes to the window. */
  isUnreached?: boolean;
}

/** Nanoseconds that count as one slot in a price: an ordinary ALU instruction's. */
const UNIT_NS = 0.37;
/** What a slot costs besides its time, so that of two equally fast windows the shorter one wins. */
const SLOT_SHARE = 0.02;
/** Instructions around a window whose constants are drawn from. */
const CONTEXT = 8;

/**
 * Candidates of one visit that the verifier may leave undecided: where it fails that often, others like them
 * will come. One that takes the solver all the effort that it is allowed, about a second, counts as several.
 */
const MOST_UNKNOWN = 8;
const EXHAUSTING = 4;

/** Price of a window with the goal latency: its modeled time, in units of an ordinary instruction. */
function loweredTime(window: readonly Insn[]): number {
  return loweredCost(window, (i) => priceOf(i) / UNIT_NS + SLOT_SHARE * slotsOf(i));
}

/** The result is a function of the task: the same in every thread, and whatever was searched before. */
export function searchWindow(task: WindowTask, tools: SearchTools): WindowResult {
  const { program, window, steps } = task;
  const rng = new Rng(...task.stream);
  tools.forget();
  tools.bench.setSource(program);
  const source = program.insns.slice(window.start, window.end);
  const context = tools.contextOf(program, window);
  const exits = context.exits.map((e) => e.to);
  const raised = raise(source, exits);
  if (raised === undefined) return { stats: emptyStats(), refused: [], learned: [] };
  const machine = tools.bench.open(window, raised.insns, context, rng);
  if (machine === undefined) return { stats: emptyStats(), refused: [], learned: [], isUnreached: true };
  const entry = entryOf(context);
  const around = windowFactsOf(raised.insns, entry, pointerFieldsOf(context), liveOf(context));
  const pointers = context.registers.flatMap((v, r) => (v.kind === 'pointer' ? [r] : []));
  const nearby = program.insns.slice(Math.max(0, window.start - CONTEXT), window.end + CONTEXT);
  const refused: Refusal[] = [];
  const learned: Counterexample[] = [];
  remember(machine, context, task.pooled);
  let found: WindowResult['found'];
  let unknown = 0;
  const prove = (candidate: readonly Insn[]): Proven => {
    const replacement = lower(candidate, exits);
    if (task.objected.has(rewriteKey(program, window, replacement))) return 'different';
    const decision = decide(program, window, replacement, tools.checks);
    if (decision.accepted) {
      found = { replacement, how: decision.verdict.how };
      return 'equivalent';
    }
    const { by, reason, verdict } = decision;
    if (verdict?.kind === 'equivalent') refused.push({ by, reason });
    if (verdict?.kind === 'unknown') {
      unknown += verdict.exhausted === true ? EXHAUSTING : 1;
      return 'unknown';
    }
    const input = verdict?.kind === 'different' ? verdict.counterexample : undefined;
    if (input === undefined || !learn(machine, context, input)) return 'different';
    learned.push(input);
    return 'counterexample added';
  };
  let last = { error: 0, failed: 0 };
  const { stats } = runChain({
    source: raised.insns,
    frozen: new Set(),
    settings: tools.settings,
    pools: buildPools(source, nearby, pointers, tools.target, exits.length),
    rng,
    steps,
    evaluator: {
      tests: machine.size,
      set: (w) => machine.setCandidate(w),
      patch: (at, i) => machine.patch(at, i),
      error: (limit) => {
        last = machine.evaluate(limit);
        return last.error;
      },
      failed: () => last.failed,
    },
    wellFormed: (w) => wellFormed(w, entry, around),
    price: tools.goal === 'latency' ? loweredTime : loweredSlots,
    prove,
    stop: () => unknown >= MOST_UNKNOWN || tools.stop(),
  });
  return { found, stats, refused, learned };
}

function entryOf({ registers }: WindowContext): EntryRegisters {
  const mask = (test: (v: Value) => boolean): number =>
    registers.reduce((bits, v, r) => (test(v) ? bits | (1 << r) : bits), 0);
  return {
    defined: mask((v) => v.kind !== 'uninit'),
    pointers: mask((v) => v.kind === 'pointer'),
    context: mask((v) => v.kind === 'pointer' && v.region.kind === 'ctx'),
    nullable: mask((v) => v.kind === 'pointer' && v.nullable),
  };
}

function pointerFieldsOf({ ctxFields }: WindowContext): Set<number> {
  return new Set(ctxFields.flatMap((f) => (f.pointer === undefined ? [] : [f.offset])));
}

/** Registers that are read at the window's end, and at each place outside. */
function liveOf(context: WindowContext): number[] {
  const mask = (bits: readonly bigint[]): number =>
    bits.reduce((m, b, r) => (b === 0n ? m : m | (1 << r)), 0);
  return [context, ...context.exits].map((at) => mask(at.liveRegisters));
}
