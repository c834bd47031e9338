/**
 * Campaigns: many programs and inputs, our interpreter against the kernel. The tests run a small one, a nightly job the
 * same with larger numbers. Everything follows from the seed, so that a row names all that is needed to see it again.
 */
import { release } from 'node:os';
import type { Program } from '../program/program.ts';
import { observer } from '../vm/observe.ts';
import { Rng } from '../vm/random.ts';
import { deepTests } from '../vm/testgen/index.ts';
import type { TestCase } from '../vm/types.ts';
import type { DiffResult } from './diff.ts';
import { filterTest, fuzzTest, linuxNumber, randomFilter, randomProgram } from './fuzz.ts';
import { asRun, guessedHelpers, type Model, machineModel, vmDiff } from './model.ts';

export interface CampaignRow {
  program: Program;
  /** Helpers whose results the model can only guess; when there are some, a difference may be due to them. */
  guessed: readonly string[];
  result: DiffResult;
}

/** `count` random programs (each from `seed` and its number) on `tests` inputs each. */
export function* fuzzCampaign(
  options: { seed: number; count: number; tests: number },
  modelOf: (program: Program) => Model = machineModel,
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
  modelOf: (program: Program) => Model = machineModel,
): Generator<CampaignRow> {
  for (let k = 0; k < options.count; k++) {
    const rng = new Rng(options.seed, 'filter', k);
    const program = randomFilter(rng);
    const tests = Array.from({ length: options.tests }, () => filterTest(rng));
    yield { program, guessed: [], result: vmDiff(program, modelOf(program), tests) };
  }
}

/**
 * Inputs for one program without end, that the kernel can play and that reach deep code: the interpreter says which
 * map entries a test looked for and whether it got anywhere new.
 */
export function kernelTests(program: Program, seed: number): Generator<TestCase, never> {
  const run = asRun(program);
  return deepTests(run, seed, observer(run));
}

function first<T>(items: Generator<T>, count: number): T[] {
  return Array.from({ length: count }, () => items.next().value as T);
}

/** Given programs on `tests` generated inputs each, that the kernel can play. */
export function* modelCampaign(
  programs: Iterable<Program>,
  options: { seed: number; tests: number },
  modelOf: (program: Program) => Model = machineModel,
): Generator<CampaignRow> {
  for (const program of programs) {
    const tests = first(kernelTests(program, options.seed), options.tests);
    yield { program, guessed: guessedHelpers(program), result: vmDiff(program, modelOf(program), tests) };
  }
}
