/**
 * Campaigns: many programs and inputs, our interpreter against the kernel. The tests run a small one, a
 * nightly job the same with larger numbers. Everything follows from the seed, so that a row names all that is
 * needed to see it again.
 */
import { release } from 'node:os';
import { Rng } from '../../base/random.ts';
import type { Program } from '../../program/program.ts';
import type { DiffResult } from './diff.ts';
import { filterTest, fuzzTest, linuxNumber, randomFilter, randomProgram } from './fuzz.ts';
import { guessedHelpers, machineModel, type ReferenceModel, vmDiff } from './model.ts';
import { firstOf, kernelTests } from './test-inputs.ts';

export interface CampaignRow {
  program: Program;
  /** Helpers whose results the model can only guess; when there are some, a difference may be due to them. */
  guessed: readonly string[];
  result: DiffResult;
}

/** `count` random programs (each from `seed` and its number) on `tests` inputs each. */
export function* fuzzCampaign(
  options: { seed: number; count: number; tests: number },
  modelOf: (program: Program) => ReferenceModel = machineModel,
): Generator<CampaignRow> {
  const linux = linuxNumber(release());
  for (let k = 0; k < options.count; k++) {
    const rng = new Rng(options.seed, 'fuzz', k);
    const program = randomProgram(rng, 10 + rng.below(40), linux);
    const tests = Array.from({ length: options.tests }, () => fuzzTest(rng));
    yield { program, guessed: guessedHelpers(program), result: vmDiff(program, modelOf(program), tests) };
  }
}

/** `count` random socket filters of legacy packet loads, on `tests` packets each. */
export function* filterCampaign(
  options: { seed: number; count: number; tests: number },
  modelOf: (program: Program) => ReferenceModel = machineModel,
): Generator<CampaignRow> {
  for (let k = 0; k < options.count; k++) {
    const rng = new Rng(options.seed, 'filter', k);
    const program = randomFilter(rng);
    const tests = Array.from({ length: options.tests }, () => filterTest(rng));
    yield { program, guessed: [], result: vmDiff(program, modelOf(program), tests) };
  }
}

/** Given programs on `tests` generated inputs each, that the kernel can play. */
export function* modelCampaign(
  programs: Iterable<Program>,
  options: { seed: number; tests: number },
  modelOf: (program: Program) => ReferenceModel = machineModel,
): Generator<CampaignRow> {
  for (const program of programs) {
    const tests = firstOf(kernelTests(program, options.seed), options.tests);
    yield { program, guessed: guessedHelpers(program), result: vmDiff(program, modelOf(program), tests) };
  }
}
