/**
 * One program of a file: its result, or why it has none. What goes wrong in one program costs that program's
 * row only.
 */
import { UserError } from '../../base/errors.ts';
import type { Program } from '../../program/program.ts';
import type { OptimizeControl } from '../pipeline.ts';
import { optimizePareto, optimizeProgram, type Shared } from '../program.ts';
import type { OptimizeOptions, OptimizeResult } from '../types.ts';

export type ProgramOutcome =
  | { status: 'optimized'; result: OptimizeResult }
  | { status: 'skipped'; reason: string };

/** Programs whose turn came too late. */
export const NOT_BEGUN: ProgramOutcome = { status: 'skipped', reason: 'the time was over before its turn' };
export const NOT_FINISHED: ProgramOutcome = {
  status: 'skipped',
  reason: 'interrupted before it was finished',
};

/** @throws UserError for what the user can change, like a kernel that is required and not there */
export async function optimizeOne(
  program: Program,
  options: OptimizeOptions,
  pareto: boolean,
  control: OptimizeControl,
  shared: Partial<Shared> = {},
): Promise<ProgramOutcome> {
  try {
    const result = pareto
      ? await optimizePareto(program, options, control, shared)
      : await optimizeProgram(program, options, control, shared.verifier, shared.threads);
    return { status: 'optimized', result };
  } catch (e) {
    if (e instanceof UserError) throw e;
    return { status: 'skipped', reason: `internal error: ${e instanceof Error ? e.message : String(e)}` };
  }
}
