/**
 * Changes of a program that are each judged, one after the other, before anybody decides whether to keep
 * them.
 */
import { referenceOf } from '../../isa/flow.ts';
import { type Insn, sameInsn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import {
  type Accepted,
  decide,
  decideArrangement,
  type GateChecks,
  type GateDecision,
  type Refusal,
  rewriteKey,
} from './gate.ts';
import type { Rewrite } from './rewrite.ts';

export class Transaction {
  /** With all changes so far. */
  program: Program;
  readonly changes: [Rewrite, Accepted][] = [];
  /** What was proven and turned down all the same. */
  readonly refused: Refusal[] = [];
  private readonly checks: GateChecks;
  private readonly objected: ReadonlySet<string>;

  constructor(program: Program, checks: GateChecks, objected: ReadonlySet<string>) {
    this.program = program;
    this.checks = checks;
    this.objected = objected;
  }

  /** @returns true when every check passes */
  rewrite(rewrite: Rewrite): boolean {
    const { window, replacement } = rewrite;
    if (this.objected.has(rewriteKey(this.program, window, replacement))) return false;
    return this.add(rewrite, decide(this.program, window, replacement, this.checks));
  }

  /** The same instructions in another arrangement. */
  arrange(candidate: Program, by: string): boolean {
    const window = differing(this.program.insns, candidate.insns);
    const end = window.end + candidate.insns.length - this.program.insns.length;
    const replacement = candidate.insns.slice(window.start, end);
    return this.add(
      { window, replacement, by, arranged: true },
      decideArrangement(this.program, candidate, this.checks),
    );
  }

  private add(rewrite: Rewrite, decision: GateDecision): boolean {
    if (!decision.accepted) {
      if (decision.verdict?.kind === 'equivalent') this.refused.push(decision);
      return false;
    }
    this.program = decision.program;
    this.changes.push([rewrite, decision]);
    return true;
  }
}

/** The range of `a` that `b` has other instructions for; distances of jumps do not count. */
function differing(a: readonly Insn[], b: readonly Insn[]): Window {
  const least = Math.min(a.length, b.length);
  let start = 0;
  while (start < least && sameButDistance(a[start]!, b[start]!)) start++;
  let same = 0;
  while (same < least - start && sameButDistance(a.at(-1 - same)!, b.at(-1 - same)!)) same++;
  return { start, end: a.length - same };
}

function sameButDistance(a: Insn, b: Insn): boolean {
  const field = referenceOf(a)?.field;
  return sameInsn(a, field === undefined ? b : { ...b, [field]: a[field] });
}
