/**
 * The Metropolis-Hastings chain over one window: propose, price, accept or reject.
 *
 *   cost = alpha * (c * distance + count) + beta * performance + gamma * unsafe
 *
 * `c` is 1, or 1 over the number of tests; `count` is how many tests a candidate fails, or passes, that is
 * not equivalent (settings.ts). Candidates that pass all tests count as equivalent until a proof says
 * otherwise.
 *
 * The acceptance draw comes first and becomes the largest error that could still be accepted, so that the
 * interpreter stops at the first test that decides. Only a candidate that passes every test and beats the
 * best proven one is shown to the verifier; a counterexample becomes a test, so its like dies in the
 * interpreter. The rules are treated as symmetric (transition ratio 1), as in K2's released code.
 */

import type { Rng } from '../../base/random.ts';
import { type Insn, nop } from '../../isa/insn.ts';
import type { Edit } from '../edit.ts';
import type { Pools } from './pools.ts';
import { propose } from './proposals.ts';
import type { ChainSettings, RuleWeights } from './settings.ts';

/** Runs a candidate window on the test cases. */
export interface CandidateEvaluator {
  /** Number of test cases. */
  readonly tests: number;
  set(window: readonly Insn[]): void;
  patch(at: number, i: Insn): void;
  /** Summed distance to the source over all tests, which may stop early with any value above `limit`. */
  error(limit: number): number;
  /** Tests that the candidate failed in the last `error` that did not stop early. */
  failed(): number;
}

/** What the verifier said of a candidate that passes every test. */
export type Proven = 'equivalent' | 'counterexample added' | 'different' | 'unknown';

export interface ChainTask {
  source: readonly Insn[];
  /** Positions that must stay as they are. */
  frozen: ReadonlySet<number>;
  settings: ChainSettings;
  pools: Pools;
  rng: Rng;
  steps: number;
  evaluator: CandidateEvaluator;
  /** Cheap static judgement before the interpreter: false when the candidate cannot be well formed. */
  wellFormed(window: readonly Insn[]): boolean;
  /** Performance cost in the goal's unit; lower is better. */
  price(window: readonly Insn[]): number;
  /** Proof; may add a test to the evaluator, and must then call `evaluator.set` before it returns. */
  prove(window: readonly Insn[]): Proven;
  /** Polled between steps: true ends the chain early. */
  stop?(): boolean;
}

export interface ChainResult {
  /** Best proven window, absent when nothing beat the source. */
  best?: readonly Insn[];
  price: number;
  stats: ChainStats;
}

/** What the Markov chains of a search did. */
export interface ChainStats {
  steps: number;
  /** Proposals that ran on the tests. */
  evaluated: number;
  accepted: number;
  /** Step at which `best` was found. */
  foundAt: number;
  proofs: Record<Proven, number>;
  acceptedByRule: Record<keyof RuleWeights, number>;
}

export function emptyStats(): ChainStats {
  return {
    steps: 0,
    evaluated: 0,
    accepted: 0,
    foundAt: 0,
    proofs: { equivalent: 0, 'counterexample added': 0, different: 0, unknown: 0 },
    acceptedByRule: { ir: 0, or: 0, nr: 0, me1: 0, me2: 0, cir: 0, idiom: 0 },
  };
}

/** How many steps pass between two polls of `stop`. */
const POLL = 1024;

export function runChain(task: ChainTask): ChainResult {
  const { settings, evaluator, rng } = task;
  const window = task.source.map((i) => ({ ...i }));
  const stats = emptyStats();
  const scale = settings.average ? settings.alpha / Math.max(1, evaluator.tests) : settings.alpha;
  /** The number of tests is not averaged. */
  const countScale = settings.alpha / scale;
  const logBase = Math.log(settings.base);
  const refuted = new Set<string>();

  evaluator.set(window);
  let performance = task.price(window);
  let cost = settings.beta * performance;
  let bestPrice = performance;
  let best: readonly Insn[] | undefined;
  let temperature = settings.temperatures[0] ?? 1;
  const restart = (round: number): void => {
    temperature = settings.temperatures[round % settings.temperatures.length] ?? 1;
    (best ?? task.source).forEach((i, k) => {
      window[k] = i;
    });
    evaluator.set(window);
    performance = bestPrice;
    cost = settings.beta * performance;
  };

  for (; stats.steps < task.steps; stats.steps++) {
    if (stats.steps % POLL === 0 && task.stop?.()) break;
    if (stats.steps > 0 && stats.steps % settings.restart === 0) restart(stats.steps / settings.restart);
    const proposal = propose(window, task.frozen, settings, task.pools, rng);
    if (proposal === undefined) continue;
    const old = proposal.edits.map(({ at }) => ({ at, insn: window[at] as Insn }));
    const write = (edits: readonly Edit[], run: boolean): void => {
      for (const { at, insn } of edits) {
        window[at] = insn;
        if (run) evaluator.patch(at, insn);
      }
    };

    write(proposal.edits, false);
    // Accepted when u < base^-((new - old) / temperature), that is new < old - temperature * log_base(u).
    const ceiling = cost - (temperature * Math.log(1 - rng.unit())) / logBase;
    const price = task.price(window);
    let limit = (ceiling - settings.beta * price) / scale;
    const unsafe = limit < 0 || task.wellFormed(window) ? 0 : settings.gamma;
    if (unsafe > 0) limit -= unsafe / scale;
    if (!(limit >= 0)) {
      write(old, false);
      continue;
    }
    write(proposal.edits, true);
    stats.evaluated++;
    let error = evaluator.error(limit);
    if (error <= limit) error += counted(settings, evaluator, error === 0) * countScale;
    if (error === 0 && price < bestPrice && unsafe === 0) {
      const key = JSON.stringify(window);
      const proven = refuted.has(key) ? 'different' : task.prove(window);
      stats.proofs[proven]++;
      if (proven === 'equivalent') {
        best = window.map((i) => ({ ...i }));
        bestPrice = price;
        stats.foundAt = stats.steps + 1;
      } else {
        refuted.add(key);
        error = proven === 'counterexample added' ? evaluator.error(Infinity) : 0;
        error += counted(settings, evaluator, false) * countScale;
        // Known to be wrong, and no test says so. A fixed price would let the chain settle there.
        if (error === 0) error = Infinity;
      }
    }
    if (error > limit) {
      write(old, true);
      continue;
    }
    performance = price;
    cost = scale * error + settings.beta * performance + unsafe;
    stats.accepted++;
    stats.acceptedByRule[proposal.rule]++;
  }
  return { best, price: bestPrice, stats };
}

/** Tests that count against the candidate that has just run. */
function counted({ unequal }: ChainSettings, evaluator: CandidateEvaluator, equal: boolean): number {
  if (equal || unequal === 'none') return 0;
  return unequal === 'failing' ? evaluator.failed() : evaluator.tests - evaluator.failed();
}

/** A window of `length` positions that holds `insns` and then nothing. */
export function padded(insns: readonly Insn[], length: number): Insn[] {
  return Array.from({ length }, (_, k) => (k < insns.length ? { ...(insns[k] as Insn) } : nop()));
}
