/** What every solver back end is asked and answers. */
import type { TermAssignment } from './terms/eval.ts';
import type { Term, TermStore } from './terms/terms.ts';

/**
 * Concrete values under which all assertions hold. Symbols that are not listed may have any value: they are
 * read as 0.
 */
export interface Model {
  variables: ReadonlyMap<string, bigint>;
  /** Memory name -> address -> byte of the initial contents. */
  memories: ReadonlyMap<string, ReadonlyMap<bigint, number>>;
}

/** `rlimit`: resource units spent; 0 where they are not counted. */
export type CheckResult =
  | { result: 'sat'; model: Model; rlimit: number }
  | { result: 'unsat'; rlimit: number }
  | { result: 'unknown'; reason: string; rlimit: number };

export interface CheckOptions {
  /**
   * Budget in the solver's own deterministic resource units; 1.3 to 3 million are about a CPU second of
   * embedded Z3.
   */
  rlimit: number;
}

/** Decides whether assertions (terms of width 1, all of one store) can hold together. */
export interface Solver {
  readonly name: string;
  check(store: TermStore, assertions: readonly Term[], options: CheckOptions): CheckResult;
  /** Makes the next answer depend on no earlier check, where it does. */
  forget?(): void;
  close(): void;
}

/** The model as an assignment for eval.ts. */
export function assignmentOf(model: Model): TermAssignment {
  return {
    variable: (name) => model.variables.get(name) ?? 0n,
    byte: (memory, address) => model.memories.get(memory)?.get(address) ?? 0,
  };
}
