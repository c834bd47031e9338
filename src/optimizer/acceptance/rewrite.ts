/** A rewrite that somebody proposes, and what it took to accept it. */
import type { LiveSet } from '../../analysis/index.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import type { WindowContext } from '../../verify/index.ts';
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

/** What is known of the windows of a program, and of what is read from an instruction on. */
export interface Facts {
  contextOf(program: Program, window: Window): WindowContext;
  /** Undefined where that is not known. */
  liveBefore(program: Program, index: number): LiveSet | undefined;
}

/** A rewrite that the verifier has proven. */
export interface Proven {
  rewrite: Rewrite;
  how: Proof;
}

/** A rewrite that was taken. */
export interface Change extends Proven {
  /** The program before it. */
  before: Program;
  /** Slots of the program with it. */
  slots: number;
  /** That program, if it is proven without the changes that came with it. */
  program: Program | undefined;
}

export interface GateTools {
  checks: GateChecks;
  facts: Facts;
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
