/** One program in, a smaller one out: wires the checks to the pipeline. */

import { UserError } from '../base/errors.ts';
import { sizeInSlots } from '../isa/insn.ts';
import type { Program } from '../program/program.ts';
import {
  contextProvider,
  createWindowVerifier,
  type WindowVerifier,
  type WindowVerifierOptions,
} from '../verify/index.ts';
import { type GateOracles, oraclesOf } from './acceptance/checks.ts';
import { type LoadVerdicts, openLoadVerdicts } from './acceptance/kernel-check.ts';
import { budgetOf } from './defaults.ts';
import { Optimization, type OptimizeControl } from './pipeline.ts';
import { SearchThreads } from './search/search-pool.ts';
import type { OptimizeOptions, OptimizeResult } from './types.ts';
import { approved, paretoFront } from './versions.ts';

/** What several programs may use, one after the other. */
export interface Shared {
  verifier: WindowVerifier;
  /** Undefined: the calling thread does the work. */
  threads: SearchThreads | undefined;
}

/**
 * Optimizes one program.
 * @param verifier whose questions are measured, or that others use as well
 */
export async function optimizeProgram(
  program: Program,
  options: OptimizeOptions,
  control: OptimizeControl = {},
  verifier?: WindowVerifier,
  threads?: SearchThreads,
): Promise<OptimizeResult> {
  return withOracles(
    program,
    options,
    control,
    { verifier, threads },
    async (oracles, loadVerdicts, helpers) => {
      const optimization = new Optimization(program, options, control, oracles);
      await optimization.search(helpers);
      return optimization.result(loadVerdicts);
    },
  );
}

/**
 * Optimizes one program for both goals, half of the budget each; `versions` of the result is the front of
 * slots against modeled latency, its other fields are those of the smallest one. The goal of the options does
 * not matter.
 */
export async function optimizePareto(
  program: Program,
  options: OptimizeOptions,
  control: OptimizeControl = {},
  shared: Partial<Shared> = {},
): Promise<OptimizeResult> {
  const steps = Math.ceil(budgetOf(options, sizeInSlots(program.insns)) / 2);
  return withOracles(program, options, control, shared, async (oracles, loadVerdicts, threads) => {
    const run = async (goal: 'size' | 'latency'): Promise<Optimization> => {
      // Versions are kept; which of them to hand out is decided below.
      const kept = { ...options, goal, steps, topK: 0 };
      const optimization = new Optimization(program, kept, control, oracles);
      await optimization.search(threads);
      return optimization;
    };
    const [small, fast] = [await run('size'), await run('latency')];
    const front = paretoFront([...small.candidates(), ...fast.candidates()]);
    const versions = approved(front, front.length, (p) => small.word(p, loadVerdicts));
    return { ...small.result(loadVerdicts), versions };
  });
}

/** How the verifier judges the rewrites of programs that are optimized so. */
export function verifierOptions({
  solver,
  memoryModel,
}: Pick<OptimizeOptions, 'solver' | 'memoryModel'>): WindowVerifierOptions {
  return { contextOf: contextProvider(), solver, memoryModel };
}

async function withOracles(
  program: Program,
  options: OptimizeOptions,
  control: OptimizeControl,
  shared: Partial<Shared>,
  use: (
    oracles: GateOracles,
    loadVerdicts: LoadVerdicts,
    threads: SearchThreads | undefined,
  ) => Promise<OptimizeResult>,
): Promise<OptimizeResult> {
  const verifier = shared.verifier ?? (await createWindowVerifier(verifierOptions(options)));
  const loadVerdicts = openLoadVerdicts(program, options.kernel);
  const threads = shared.threads ?? threadsFor(control, options);
  try {
    if (options.kernel === 'require' && loadVerdicts.session === undefined)
      throw new UserError(
        `the kernel cannot be asked: ${loadVerdicts.reason}`,
        program.name,
        'See `k2 doctor`.',
      );
    return await use(oraclesOf(verifier, loadVerdicts), loadVerdicts, threads);
  } finally {
    loadVerdicts.session?.close();
    if (shared.verifier === undefined) verifier.close();
    if (shared.threads === undefined) await threads?.close();
  }
}

/** None when the calling thread does the work: threads have the embedded solver only. */
export function threadsFor(
  { workers = 1 }: OptimizeControl,
  { solver }: Pick<OptimizeOptions, 'solver'>,
): SearchThreads | undefined {
  return workers > 1 && solver === undefined ? new SearchThreads(workers) : undefined;
}
