/**
 * Short code that several places lead to, copied to one of them, where more is known: `r1 = r0; goto end`
 * with `end: r0 = r1; exit` is `exit`. The reverse of sharing, for where that does not pay.
 */
import { jumpTargets, slotOffsets } from '../../isa/flow.ts';
import { type Insn, insn, isNop, OP_EXIT, OP_JA, sizeInSlots } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { pinOf, replaceRange } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import { simplified } from './simplify.ts';

export interface TailCopy {
  /** The program with the copy. */
  arrangement: Program;
  /** In it, the code that leads into the copy, with the copy. */
  window: Window;
  replacement: readonly Insn[];
}

/** Longest tail that is copied, and most of what leads to it that is looked at. */
const LONGEST_TAIL = 4;
const LONGEST_RUN = 16;
const EVERY_REGISTER = 0x3ff;

/** Copies after which something can be left out. */
export function tailCopies(program: Program): TailCopy[] {
  const { insns } = program;
  const offsets = slotOffsets(insns);
  const targets = jumpTargets(insns, offsets);
  const entered = new Set(targets);
  return insns.flatMap((i, at) => {
    if (pinOf(program, at) !== undefined || isNop(i)) return [];
    const isGoto = i.op === OP_JA;
    const falls = !isGoto && isStraight(i) && entered.has(at + 1);
    if (!isGoto && !falls) return [];
    const made = copyTo(at, isGoto, isGoto ? targets[at] : at + 1);
    return made === undefined ? [] : [made];
  });

  function copyTo(at: number, isGoto: boolean, target: number | undefined): TailCopy | undefined {
    const tail = target === undefined ? undefined : tailFrom(target);
    if (tail === undefined) return undefined;
    const kept = isGoto ? [] : [insns[at]!];
    const copy = [...kept, ...tail.body];
    const added = sizeInSlots(copy) + 1 - sizeInSlots([insns[at]!]);
    const here = offsets[at]! + sizeInSlots(copy);
    const end =
      tail.next === undefined
        ? insn(OP_EXIT)
        : insn(OP_JA, 0, 0, offsets[tail.next]! + (tail.next > at ? added : 0) - (here + 1));
    let start = at;
    while (
      start > 0 &&
      at - start < LONGEST_RUN &&
      isStraight(insns[start - 1]!) &&
      !entered.has(start) &&
      pinOf(program, start - 1) === undefined
    )
      start--;
    const run = [...insns.slice(start, at), ...copy, end];
    const replacement = simplified(run, tail.next === undefined ? 0 : EVERY_REGISTER);
    if (sizeInSlots(replacement) >= sizeInSlots(run)) return undefined;
    // The goto at the end is as far away as before: what is left out is in front of it.
    const shorter = sizeInSlots(run) - sizeInSlots(replacement);
    const last = replacement.at(-1)!;
    if (last.op === OP_JA && last.off < 0)
      replacement[replacement.length - 1] = { ...last, off: last.off + shorter };
    return {
      arrangement: replaceRange(program, at, at + 1, [...copy, end]),
      window: { start, end: start + run.length },
      replacement,
    };
  }

  /** Straight code up to where it ends, and where it goes then; nothing for `exit`. */
  function tailFrom(target: number): { body: Insn[]; next: number | undefined } | undefined {
    const body: Insn[] = [];
    for (let at = target; at < insns.length && body.length <= LONGEST_TAIL; at++) {
      const i = insns[at]!;
      if (pinOf(program, at) !== undefined) return undefined;
      if (i.op === OP_EXIT) return { body, next: undefined };
      if (i.op === OP_JA) return targets[at] === undefined ? undefined : { body, next: targets[at] };
      if (!isStraight(i)) return body.length === 0 ? undefined : { body, next: at };
      body.push(i);
    }
    return undefined;
  }
}

function isStraight(i: Insn): boolean {
  const kind = specOf(i)?.kind;
  return kind === 'alu' || kind === 'load' || kind === 'store' || kind === 'atomic' || kind === 'ldimm64';
}
