/**
 * How long equivalence checks take, with K2's accelerations switched off one after the other, and what the cache spares.
 *
 *   optimizer --asks--> recording verifier --keeps a fair sample of the questions--> asked again under each set of switches
 */
import type { Insn } from '../isa/insn.ts';
import type { Program } from '../program/program.ts';
import { createWindowVerifier, type Verdict, type Window, type WindowVerifier } from '../verify/index.ts';
import { Rng } from '../vm/random.ts';
import type { EquivalenceOptions, Switch } from './measures.ts';
import { median } from './statistics.ts';

interface Question {
  program: Program;
  window: Window;
  replacement: readonly Insn[];
}

export interface RecordingVerifier extends WindowVerifier {
  /** At most as many as wanted, every one asked with the same chance of being kept. */
  readonly questions: readonly Question[];
  readonly asked: number;
}

/** A verifier that remembers some of what it is asked. */
export async function recordingVerifier(wanted: number, seed: number): Promise<RecordingVerifier> {
  const inner = await createWindowVerifier();
  const rng = new Rng('questions', seed);
  const questions: Question[] = [];
  let asked = 0;
  return {
    questions,
    get asked() {
      return asked;
    },
    stats: inner.stats,
    cache: inner.cache,
    check(program, window, replacement) {
      const at = asked < wanted ? asked : rng.below(asked + 1);
      asked++;
      if (at < wanted)
        questions[at] = { program, window: { ...window }, replacement: replacement.map((i) => ({ ...i })) };
      return inner.check(program, window, replacement);
    },
    checkIn: (context, source, replacement) => inner.checkIn(context, source, replacement),
    checkPrograms: (a, b) => inner.checkPrograms(a, b),
    close: () => inner.close(),
  };
}

export interface SwitchTimes {
  on: readonly Switch[];
  /** Questions that were answered before the time was up. */
  asked: number;
  verdicts: Record<Verdict['kind'], number>;
  /** Microseconds per check. */
  meanUs: number;
  medianUs: number;
  maxUs: number;
  /** True when the limit ended it early. */
  isCut: boolean;
}

export async function measureChecks(
  questions: readonly Question[],
  options: EquivalenceOptions,
): Promise<SwitchTimes[]> {
  const rows: SwitchTimes[] = [];
  for (const on of options.switches) {
    const has = (s: Switch): boolean => on.includes(s);
    const verifier = await createWindowVerifier({
      accelerations: {
        memoryTypes: has('I'),
        mapTypes: has('II'),
        offsets: has('III'),
        windows: has('IV'),
        cache: has('V'),
      },
    });
    const times: number[] = [];
    const verdicts = { equivalent: 0, different: 0, unknown: 0 };
    const end = performance.now() + options.seconds * 1000;
    try {
      for (const { program, window, replacement } of questions) {
        if (performance.now() > end) break;
        const began = performance.now();
        const { kind } = verifier.check(program, window, replacement);
        times.push((performance.now() - began) * 1000);
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
      maxUs: none ? 0 : Math.max(...times),
      isCut: times.length < questions.length,
    });
  }
  return rows;
}
