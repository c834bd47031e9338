/** Cost vectors of input and result: counts and models always, kernels where they may be asked. */
import { costOf } from '../../kernel/cost/cost-of.ts';
import { openKernel, RUNNING } from '../../kernel/index.ts';
import type { OptimizeResult } from '../../optimizer/types.ts';
import type { CostVector } from '../../program/cost/cost-vector.ts';
import type { Program } from '../../program/program.ts';

export interface BothCosts {
  before: CostVector;
  after: CostVector;
}

/** @param names of kernels; one that cannot be asked is in the vector with the reason */
export function costsOfBoth(original: Program, result: OptimizeResult, names: readonly string[]): BothCosts {
  const kernels = names.map((name) => ({ name, kernel: openKernel(name) }));
  const of = (program: Program, pathNs: number): CostVector =>
    costOf(program, { kernels, pathNs: () => pathNs });
  return {
    before: of(original, result.latencyBefore.path),
    after: of(result.program, result.latencyAfter.path),
  };
}

/** The kernels of a definition; else the running one, unless the options leave it out. */
export function kernelsOf(
  asked: readonly string[] | undefined,
  kernel: 'auto' | 'off' | 'require',
): readonly string[] {
  return asked ?? (kernel === 'off' ? [] : [RUNNING]);
}
