/**
 * A program that the kernel refuses although it is safe, changed until it is accepted.
 *
 *   program --load--> reason, instruction, register --diagnose--> the fact that the verifier misses
 *     --verify/reach--> proven on every path that can happen, or not
 *     --moves--> a change that gives it the fact --load--> the next reason, ... --> accepted
 *
 * Nothing is changed for a fact that is not proven, unless `guard` asks for it: the change then decides what
 * happens where the fact does not hold.
 */
import type { KernelSession, LoadVerdict } from '../../kernel/run/load.ts';
import type { Program } from '../../program/program.ts';
import { holdsBefore, type PathFact, type PathFactOptions } from '../../verify/reach/path-facts.ts';
import { type Diagnosis, diagnose } from './families.ts';
import { type Change, guardNull, initialise, isGuarded } from './moves.ts';

/** One reason, and what was done about it. */
export interface RepairStep {
  reason: string;
  family: Diagnosis['family'];
  /** What the verifier misses. */
  misses: string;
  /** Of the program as it was then. */
  index: number;
  register: number;
  changes: readonly Change[];
  /**
   * Path suffixes that were looked at, and those that cannot happen; absent where `guard` made the change
   * without a proof.
   */
  proof?: { paths: number; impossible: number };
}

export type RepairResult =
  | { status: 'accepted'; steps: readonly [] }
  | { status: 'repaired'; program: Program; steps: readonly RepairStep[]; verdict: LoadVerdict }
  | { status: 'not repaired'; reason: string; refusal: string; steps: readonly RepairStep[] };

export interface RepairOptions extends PathFactOptions {
  /** Add checks for facts that are not proven. */
  guard?: boolean;
}

/** Reasons to answer before giving up. */
const MOST_STEPS = 40;

/** Loads versions of the program, and says where and why one is refused. */
export type Judge = Pick<KernelSession, 'check' | 'explain'>;

export function repair(original: Program, kernel: Judge, options: RepairOptions): RepairResult {
  const steps: RepairStep[] = [];
  let program = original;
  for (;;) {
    const verdict = kernel.check(program);
    if (verdict.status === 'accepted')
      return steps.length === 0
        ? { status: 'accepted', steps: [] }
        : { status: 'repaired', program, steps, verdict };
    const explained = kernel.explain(program);
    const refusal = explained.ok ? 'accepted when asked again' : explained.reason;
    const stop = (reason: string): RepairResult => ({ status: 'not repaired', reason, refusal, steps });
    if (explained.ok || !explained.refused) return stop('the kernel gives no verdict');
    if (steps.length >= MOST_STEPS) return stop(`${MOST_STEPS} changes were not enough`);
    const { insn: index } = explained;
    const diagnosis = diagnose(explained.reason);
    const { family, fact, register, misses } = diagnosis;
    if (fact === undefined || register === undefined || index === undefined)
      return stop(`no repair is known for this family (${family}): the verifier misses ${misses}`);
    if (steps.some((s) => s.reason === explained.reason && s.index === index && s.register === register))
      return stop('the change did not give the verifier what it misses');
    const proof = holdsBefore(program, index, register, fact, options);
    if (!proof.holds && options.guard !== true) return stop(`not proven to be safe: ${proof.reason}`);
    const changed = change(program, index, register, diagnosis, proof);
    if (changed === undefined) return stop('no change is known that gives the verifier this fact here');
    steps.push({
      reason: explained.reason,
      family,
      misses,
      index,
      register,
      changes: changed.changes,
      ...(proof.holds ? { proof: { paths: proof.paths, impossible: proof.impossible } } : {}),
    });
    program = changed.program;
  }
}

function change(
  program: Program,
  index: number,
  register: number,
  { fact }: Diagnosis,
  proof: PathFact,
): { program: Program; changes: readonly Change[] } | undefined {
  // A register that is read without having been written is a mistake that no check can mend.
  if (fact === 'written') return proof.holds ? initialise(program, index, register) : undefined;
  // A check against 0 stops only paths on which it is 0; a second one stops no more.
  return isGuarded(program, index, register) ? undefined : guardNull(program, index, register);
}
