/** Changes of a program that are each judged, one after the other, before anybody decides whether to keep them. */
import { referenceOf } from '../../isa/flow.ts';
import { type Insn, sameInsn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import {
  type Accepted,
  type Judgement,
  type Judges,
  judge,
  judgeArrangement,
  type Refusal,
  rewriteKey,
} from './gate.ts';
import type { Rewrite } from './rewrite.ts';

export class Trial {
  /** With all changes so far. */
  program: Program;
  readonly changes: [Rewrite, Accepted][] = [];
  /** What was proven and turned down all the same. */
  readonly refused: Refusal[] = [];
  private readonly judges: Judges;
  private readonly objected: ReadonlySet<string>;

  constructor(program: Program, judges: Judges, objected: ReadonlySet<string>) {
    this.program = program;
    this.judges = judges;
    this.objected = objected;
  }

  /** @returns true when every judge agrees */
  rewrite(rewrite: Rewrite): boolean {
    const { window, replacement } = rewrite;
    if (this.objected.has(rewriteKey(this.program, window, replacement))) return false;
    return this.add(rewrite, judge(this.program, window, replacement, this.judges));
  }

  /** The same instructions in another arrangement. */
  arrange(candidate: Program, by: string): boolean {
    const window = differing(this.program.insns, candidate.insns);
    const end = window.end + candidate.insns.length - this.program.insns.length;
    const replacement = candidate.insns.slice(window.start, end);
    return this.add({ window, replacement, by }, judgeArrangement(this.program, candidate, this.judges));
  }

  private add(rewrite: Rewrite, judgement: Judgement): boolean {
    if (!judgement.accepted) {
      if (judgement.verdict?.kind === 'equivalent') this.refused.push(judgement);
      return false;
    }
    this.program = judgement.program;
    this.changes.push([rewrite, judgement]);
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
