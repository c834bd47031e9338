/**
 * Differential runs for as long as wanted: seed after seed of generated inputs, until a difference or until
 * somebody says enough; and what our interpreter says of the first of them.
 */
import type { Program } from '../../program/program.ts';
import { createMachine } from '../../vm/machine/machine.ts';
import type { TestCase } from '../../vm/types.ts';
import { type DiffReport, type DiffResult, kernelDiff } from './diff.ts';
import { asRun, guessedHelpers, machineModel, vmDiff } from './model.ts';
import { firstOf, kernelTests } from './test-inputs.ts';

export interface LongDiffOptions {
  /** First seed; the next ones follow. */
  seed: number;
  /** Runs per seed. */
  runs: number;
  sequence: number;
  /** Asked after each seed with all there is so far: whether to take another. */
  more?(soFar: DiffReport & { seeds: number }): boolean;
}

/** `kernelDiff` on guided inputs of one seed or many; the reports of the seeds become one. */
export function longDiff(
  a: Program,
  b: Program,
  { seed, runs, sequence, more = () => false }: LongDiffOptions,
): DiffResult & { seeds?: number } {
  let all: DiffReport | undefined;
  for (let k = 0; ; k++) {
    const one = kernelDiff(a, b, kernelTests(a, seed + k), { limit: runs, sequence });
    if (one.status !== 'ran') return one;
    all = all === undefined ? one : merged(all, one);
    const soFar = { ...all, seeds: k + 1 };
    // A kernel that plays nothing will not play the next seed either.
    if (one.difference !== undefined || one.runs === 0 || !more(soFar)) return soFar;
  }
}

type ReasonCounts = Readonly<Record<string, number>>;

function added(a: ReasonCounts, b: ReasonCounts): ReasonCounts {
  const out: Record<string, number> = { ...a };
  for (const [key, n] of Object.entries(b)) out[key] = (out[key] ?? 0) + n;
  return out;
}

function merged(a: DiffReport, b: DiffReport): DiffReport {
  return {
    ...b,
    runs: a.runs + b.runs,
    agreed: a.agreed + b.agreed,
    skipped: added(a.skipped, b.skipped),
    masked: added(a.masked, b.masked),
    coverage: {
      returns: added(a.coverage.returns, b.coverage.returns),
      packetChanged: a.coverage.packetChanged + b.coverage.packetChanged,
    },
    // The index counts from the first seed's first input.
    ...(b.difference === undefined
      ? {}
      : { difference: { ...b.difference, index: a.runs + b.difference.index } }),
  };
}

/** What our interpreter says of the inputs, and how much of the program they reach. */
export interface ThirdOpinion {
  runs: number;
  agreed: number;
  /** Places where kernel and interpreter part, when they do. */
  places?: Readonly<Record<string, readonly [string, string]>>;
  /** Helpers whose results the interpreter can only guess. */
  guessed: readonly string[];
  instructions: number;
  reached: number;
}

/** Tests that the interpreter holds at once. */
const CHUNK = 64;

/**
 * A program in kernel and interpreter on the first `count` inputs of a seed; undefined when the kernel cannot
 * run it.
 */
export function thirdOpinion(
  program: Program,
  inputsOf: Program,
  seed: number,
  count: number,
): ThirdOpinion | undefined {
  const tests = firstOf(kernelTests(inputsOf, seed), count);
  const result = vmDiff(program, machineModel(program), tests);
  if (result.status !== 'ran') return undefined;
  const { runs, agreed, difference } = result;
  return {
    runs,
    agreed,
    ...(difference === undefined ? {} : { places: difference.places }),
    guessed: guessedHelpers(program),
    instructions: program.insns.length,
    reached: reachedBy(program, tests),
  };
}

/** Instructions that at least one of the tests executes, as the interpreter sees it. */
function reachedBy(program: Program, tests: readonly TestCase[]): number {
  const machine = createMachine(asRun(program));
  const reached = new Set<number>();
  for (let at = 0; at < tests.length; at += CHUNK) {
    machine.setTests(tests.slice(at, at + CHUNK));
    for (const [i, n] of machine.coverage(program.insns).executed.entries()) if (n > 0) reached.add(i);
  }
  return reached.size;
}
