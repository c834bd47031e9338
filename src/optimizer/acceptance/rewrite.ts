/** A rewrite that somebody proposes, and what it took to accept it. */
import type { Insn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import type { Proof, Window } from '../../verify/types.ts';
import type { GateChecks, Refusal } from './gate.ts';

export interface Rewrite {
  window: Window;
  replacement: readonly Insn[];
  by: string;
  /** The whole program in another arrangement: it runs the same instructions in the same order. */
  arranged?: true;
}

/** The program after a rewrite, and how that was proven. */
export interface AcceptedRewrite {
  program: Program;
  how: Proof;
}

/** What a rewrite was made of. */
export type RewriteSource = Omit<Rewrite, 'by'> & { program: Program };

export interface GateTools {
  checks: GateChecks;
  /** What is still to be asked of a whole program after every check accepted each rewrite. */
  objection(candidate: Program): Refusal | undefined;
  /** Called whenever the best version is another one. */
  changed(best: Program): void;
  /** Makes the next proof depend on none of the earlier ones. */
  forget(): void;
  /** What every rewrite was made of is kept, for its proof to be written down at the end. */
  keepsSources?: boolean;
  /** Of a long program, thousands of versions take more memory than all the rest. */
  keepsVersions: boolean;
}
