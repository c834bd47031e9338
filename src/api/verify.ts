/** Equivalence checking: two versions of a program, compared by proof. */
import type { MemoryModel } from '../program/contracts/shared-memory.ts';
import type { Program } from '../program/program.ts';
import { compareVersions, type Scope } from '../verify/compare-programs.ts';
import { createWindowVerifier, type Verdict } from '../verify/index.ts';

/** How to prove. */
export interface VerifySettings {
  /** `embedded` (the default), an installed `z3`, `bitwuzla` or `cvc5`, or a path to one. */
  solver?: string;
  /** What others may do to memory that they share with the program. Default: `strict`. */
  memoryModel?: MemoryModel;
}

/**
 * A verdict, and what it was proven of: the program, the one range that differs, or all ranges one by one.
 */
export type Verification = Verdict & { scope: Scope };

/**
 * Proves that two versions of a program do the same, or finds an input that shows a difference.
 *
 * @example
 * ```ts
 * const verdict = await verify(a, b);
 * if (verdict.kind === 'different') console.log(verdict.where, verdict.counterexample?.test);
 * ```
 * @returns `equivalent` with how it was proven, `different` with where and an input, or `unknown` with the
 *   reason
 */
export async function verify(a: Program, b: Program, options: VerifySettings = {}): Promise<Verification> {
  const verifier = await createWindowVerifier(options);
  try {
    const { scope, verdict } = compareVersions(a, b, verifier);
    return { ...verdict, scope };
  } finally {
    verifier.close();
  }
}
