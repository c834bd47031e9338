/** One program in, a smaller one out: wires the judges to the pipeline. */
import { UserError } from '../program/errors.ts';
import type { Program } from '../program/program.ts';
import { contextProvider, createWindowVerifier, type WindowVerifier } from '../verify/index.ts';
import { oraclesOf } from './judges.ts';
import { openConsents } from './kernelword.ts';
import { type Control, Optimization } from './optimize.ts';
import { SearchThreads } from './searchpool.ts';
import type { OptimizeOptions, OptimizeResult } from './types.ts';

/**
 * Optimizes one program. Verifier and threads may be used for several programs, one after the other.
 * @param threads instead of `control.workers` new ones
 */
export async function optimizeProgram(
  program: Program,
  options: OptimizeOptions,
  control: Control = {},
  verifier?: WindowVerifier,
  threads?: SearchThreads,
): Promise<OptimizeResult> {
  const own =
    verifier ?? (await createWindowVerifier({ contextOf: contextProvider(), solver: options.solver }));
  const consents = openConsents(program, options.kernel);
  const helpers = threads ?? threadsFor(control, options);
  try {
    if (options.kernel === 'require' && consents.session === undefined)
      throw new UserError(`the kernel cannot be asked: ${consents.reason}`, program.name, 'See `k2 doctor`.');
    return await new Optimization(program, options, control, oraclesOf(own, consents)).run(consents, helpers);
  } finally {
    consents.session?.close();
    if (verifier === undefined) own.close();
    if (threads === undefined) await helpers?.close();
  }
}

/** None when the calling thread does the work: threads have the embedded solver only. */
export function threadsFor(
  { workers = 1 }: Control,
  { solver }: Pick<OptimizeOptions, 'solver'>,
): SearchThreads | undefined {
  return workers > 1 && solver === undefined ? new SearchThreads(workers) : undefined;
}
