/** One program in, a smaller one out: wires the judges to the pipeline. */
import { UserError } from '../program/errors.ts';
import type { Program } from '../program/program.ts';
import { contextProvider, createWindowVerifier, type WindowVerifier } from '../verify/index.ts';
import { kernelRefusal, openConsents } from './kernelword.ts';
import { type Control, Optimization } from './optimize.ts';
import type { OptimizeOptions, OptimizeResult } from './types.ts';

/** Optimizes one program. The verifier may be shared between calls: its cache is. */
export async function optimizeProgram(
  program: Program,
  options: OptimizeOptions,
  control: Control = {},
  verifier?: WindowVerifier,
): Promise<OptimizeResult> {
  const own = verifier ?? (await createWindowVerifier({ contextOf: contextProvider() }));
  const consents = openConsents(program, options.kernel);
  try {
    if (options.kernel === 'require' && consents.session === undefined)
      throw new UserError(`the kernel cannot be asked: ${consents.reason}`, program.name, 'See `k2 doctor`.');
    return new Optimization(program, options, control, {
      verify: (p, window, replacement) => own.check(p, window, replacement),
      kernel: (candidate) => kernelRefusal(consents, candidate),
      contextOf: (p, window) => own.contextOf(p, window),
    }).run(consents);
  } finally {
    consents.session?.close();
    if (verifier === undefined) own.close();
  }
}
