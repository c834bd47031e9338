/**
 * How long equivalence checks take, with K2's accelerations switched off one after the other, and what the
 * cache spares.
 *
 *   optimizer --asks--> recording verifier --keeps a fair sample of the questions--> asked again under each
 *     set of switches
 */

import { Rng } from '../../base/random.ts';
import { median } from '../../base/statistics.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import {
  createWindowVerifier,
  type Verdict,
  type Window,
  type WindowVerifier,
  type WindowVerifierOptions,
} from '../../verify/index.ts';
import type { EquivalenceOptions, Switch } from '../definition/measures.ts';

interface TimedRewrite {
  program: Program;
  window: Window;
  replacement: readonly Insn[];
}

export interface RecordingVerifier extends WindowVerifier {
  /** At most as many as wanted, those that were proven first. */
  readonly questions: readonly TimedRewrite[];
  readonly asked: number;
}

/** How candidates are judged. */
export type Judged = Pick<WindowVerifierOptions, 'solver' | 'memoryModel'>;

/** A verifier that remembers some of what it is asked. */
export async function recordingVerifier(
  wanted: number,
  seed: number,
  judged: Judged = {},
): Promise<RecordingVerifier> {
  const inner = await createWindowVerifier(judged);
  const rng = new Rng('questions', seed);
  // Most candidates are refuted in no time; those that are proven get half of the places.
  const proven = new Reservoir(Math.ceil(wanted / 2), rng);
  const others = new Reservoir(Math.floor(wanted / 2), rng);
  let asked = 0;
  return {
    get questions() {
      return [...proven.kept, ...others.kept];
    },
    get asked() {
      return asked;
    },
    memoryModel: inner.memoryModel,
    stats: inner.stats,
    cache: inner.cache,
    check(program, window, replacement) {
      asked++;
      const verdict = inner.check(program, window, replacement);
      const question = { program, window: { ...window }, replacement: replacement.map((i) => ({ ...i })) };
      (verdict.kind === 'equivalent' ? proven : others).offer(question);
      return verdict;
    },
    checkIn: (context, source, replacement) => inner.checkIn(context, source, replacement),
    checkPrograms: (a, b) => inner.checkPrograms(a, b),
    contextOf: (program, window) => inner.contextOf(program, window),
    liveBefore: (program, index) => inner.liveBefore(program, index),
    transcript: (...question) => inner.transcript(...question),
    transcriptIn: (...question) => inner.transcriptIn(...question),
    forget: () => inner.forget(),
    close: () => inner.close(),
  };
}

/** Keeps so many of what it is offered, each with the same chance (Vitter's algorithm R). */
class Reservoir {
  readonly kept: TimedRewrite[] = [];
  private readonly size: number;
  private readonly rng: Rng;
  private offered = 0;

  constructor(size: number, rng: Rng) {
    this.size = size;
    this.rng = rng;
  }

  offer(question: TimedRewrite): void {
    const at = this.offered < this.size ? this.offered : this.rng.below(this.offered + 1);
    this.offered++;
    if (at < this.size) this.kept[at] = question;
  }
}

export interface SwitchTimes {
  on: readonly Switch[];
  /** Questions that were answered before the time was up. */
  asked: number;
  verdicts: Record<Verdict['kind'], number>;
  /** Microseconds of CPU time per check. */
  meanUs: number;
  medianUs: number;
  /** Of those that were proven equivalent; 0 where none was. */
  provenUs: number;
  maxUs: number;
  /** True when the limit ended it early. */
  isCut: boolean;
}

export async function measureChecks(
  questions: readonly TimedRewrite[],
  options: EquivalenceOptions,
  judged: Judged = {},
): Promise<SwitchTimes[]> {
  const rows: SwitchTimes[] = [];
  await warmUp(questions);
  for (const on of options.switches) {
    const has = (s: Switch): boolean => on.includes(s);
    const verifier = await createWindowVerifier({
      ...judged,
      rlimit: options.rlimit,
      accelerations: {
        memoryTypes: has('I'),
        mapTypes: has('II'),
        offsets: has('III'),
        windows: has('IV'),
        cache: has('V'),
      },
    });
    const times: number[] = [];
    let proven = 0;
    const verdicts = { equivalent: 0, different: 0, unknown: 0 };
    const end = cpuUs() + options.seconds * 1e6;
    try {
      // The cache answers what was asked before: that is what is measured of it.
      if (has('V')) for (const q of questions) verifier.check(q.program, q.window, q.replacement);
      for (const { program, window, replacement } of questions) {
        const began = cpuUs();
        if (began > end) break;
        const { kind } = verifier.check(program, window, replacement);
        const us = cpuUs() - began;
        times.push(us);
        if (kind === 'equivalent') proven += us;
        verdicts[kind]++;
      }
    } finally {
      verifier.close();
    }
    const none = times.length === 0;
    rows.push({
      on,
      asked: times.length,
      verdicts,
      meanUs: none ? 0 : times.reduce((s, t) => s + t, 0) / times.length,
      medianUs: none ? 0 : median(times),
      provenUs: verdicts.equivalent === 0 ? 0 : proven / verdicts.equivalent,
      maxUs: none ? 0 : Math.max(...times),
      isCut: times.length < questions.length,
    });
  }
  return rows;
}

/** CPU time of this process: what else the machine does counts less than on a clock. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Lets the solver and the interpreter start, which would count for the first set of switches. */
async function warmUp(questions: readonly TimedRewrite[]): Promise<void> {
  const verifier = await createWindowVerifier({ accelerations: { cache: false } });
  for (const { program, window, replacement } of questions.slice(0, 4))
    verifier.check(program, window, replacement);
  verifier.close();
}
