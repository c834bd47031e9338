/**
 * Does a repaired program do what the original does? The kernel refuses the original, so that the two are
 * compared in our interpreter, and the repaired one in the kernel against the original in our interpreter.
 */
import { asRun, firstOf, guessedHelpers, kernelTests, machineModel, vmDiff } from '../../kernel/index.ts';
import type { Program } from '../../program/program.ts';
import { outcomeDifferences, outcomeDifferenceText } from '../../verify/outcome-diff.ts';

export type Agreement =
  | { status: 'agree'; interpreter: number; kernel: number; note?: string }
  | { status: 'differ'; where: 'interpreter' | 'kernel'; detail: string };

/** @param runs inputs for each of the two comparisons */
export function agreementOf(original: Program, repaired: Program, runs: number, seed: number): Agreement {
  const before = asRun(original);
  const tests = firstOf(kernelTests(before, seed), runs);
  const [a, b] = [machineModel(original).run(tests), machineModel(repaired).run(tests)];
  let compared = 0;
  for (const [n, outcome] of a.entries()) {
    // What the original does when it faults is nothing to agree with.
    if (outcome.status === 'fault') continue;
    compared++;
    const [difference] = outcomeDifferences(before, outcome, b[n]!);
    if (difference !== undefined)
      return {
        status: 'differ',
        where: 'interpreter',
        detail: `input ${n}: ${outcomeDifferenceText(difference)}`,
      };
  }
  const head = { status: 'agree', interpreter: compared } as const;
  const guessed = guessedHelpers(original);
  if (guessed.length > 0)
    return {
      ...head,
      kernel: 0,
      note: `the kernel's results of ${guessed.join(', ')} are its own, so it was not compared`,
    };
  const diff = vmDiff(asRun(repaired), machineModel(original), tests);
  if (diff.status !== 'ran') return { ...head, kernel: 0, note: `not run in the kernel: ${diff.reason}` };
  if (diff.difference !== undefined)
    return {
      status: 'differ',
      where: 'kernel',
      detail: JSON.stringify(diff.difference.places).slice(0, 300),
    };
  return { ...head, kernel: diff.runs };
}
