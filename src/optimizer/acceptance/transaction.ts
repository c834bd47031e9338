/**
 * Changes of a program that are each judged, one after the other, before anybody decides whether to keep
 * them.
 */
import { referenceOf } from '../../isa/flow.ts';
import { type Insn, sameInsn, sizeInSlots } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import { applyAll, changesOf, proveAll } from './batch.ts';
import { decide, decideArrangement, type GateDecision, type Refusal, rewriteKey } from './gate.ts';
import type { Change, GateTools, Rewrite } from './rewrite.ts';

export type TransactionTools = Pick<GateTools, 'checks' | 'facts' | 'keepsSources'>;

export class Transaction {
  /** With all changes so far. */
  program: Program;
  readonly changes: Change[] = [];
  /** What was proven and turned down all the same. */
  readonly refused: Refusal[] = [];
  private readonly tools: TransactionTools;
  private readonly objected: ReadonlySet<string>;

  constructor(program: Program, tools: TransactionTools, objected: ReadonlySet<string>) {
    this.program = program;
    this.tools = tools;
    this.objected = objected;
  }

  /** @returns true when every check passes */
  rewrite(rewrite: Rewrite): boolean {
    const { window, replacement } = rewrite;
    if (this.objected.has(rewriteKey(this.program, window, replacement))) return false;
    return this.add(rewrite, decide(this.program, window, replacement, this.tools.checks));
  }

  /**
   * Those of several rewrites of the program as it is that are proven and go together, in order.
   * @returns true when there are any
   */
  rewriteAll(rewrites: readonly Rewrite[]): boolean {
    const { checks, facts, keepsSources } = this.tools;
    const before = this.program;
    if (keepsSources === true)
      return [...rewrites].reverse().reduce((any, rewrite) => this.rewrite(rewrite) || any, false);
    const made = applyAll(before, proveAll(before, rewrites, checks.verify, this.objected), facts);
    if (made === undefined || checks.tests(made.program) !== undefined) return false;
    this.program = made.program;
    this.changes.push(...changesOf(before, made.rewrites, made.program));
    return true;
  }

  /** The same instructions in another arrangement. */
  arrange(candidate: Program, by: string): boolean {
    const window = differing(this.program.insns, candidate.insns);
    const end = window.end + candidate.insns.length - this.program.insns.length;
    const replacement = candidate.insns.slice(window.start, end);
    return this.add(
      { window, replacement, by, arranged: true },
      decideArrangement(this.program, candidate, this.tools.checks),
    );
  }

  private add(rewrite: Rewrite, decision: GateDecision): boolean {
    if (!decision.accepted) {
      if (decision.verdict?.kind === 'equivalent') this.refused.push(decision);
      return false;
    }
    const { program, verdict } = decision;
    const slots = sizeInSlots(program.insns);
    this.changes.push({ rewrite, how: verdict.how, before: this.program, slots, program });
    this.program = program;
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
