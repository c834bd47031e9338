/** Solvers by the name that a user gives. */
import { UserError } from '../base/errors.ts';
import { processSolver } from './smtlib/process.ts';
import type { Solver } from './types.ts';
import { createSolver } from './z3/z3.ts';

/** The solver that comes with the package. */
export const EMBEDDED = 'embedded';

/**
 * The embedded Z3, or an installed binary: `z3`, `bitwuzla`, `cvc5`, or a path to one of those. A binary is
 * asked known verdicts first.
 * @throws UserError when it cannot be started, or gets one of them wrong
 */
export async function solverNamed(name: string = EMBEDDED): Promise<Solver> {
  if (name === EMBEDDED) return createSolver();
  const made = processSolver(name);
  if (made.ok) return made.solver;
  throw new UserError(
    `the solver cannot be used: ${made.reason}`,
    '--solver',
    'Install it, give its path, or leave the option out: a solver comes with k2.',
  );
}
