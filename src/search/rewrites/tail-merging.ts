/**
 * Code that stands in several places and does the same from there on is kept once, and what is left is laid
 * out with the fewest gotos.
 *
 *   program --> classes of steps that do the same for ever after --> chains of them --> program
 *
 * Which step stands right before which is a maximum matching: each step that is followed by none of its
 * successors needs a goto.
 */

import { calleeOf, referenceOf, slotOffsets } from '../../isa/flow.ts';
import { negated } from '../../isa/forms.ts';
import { type Insn, insn, OP_EXIT, OP_JA, sizeInSlots } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { pinOf } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import { Steps } from '../../verify/bisimulation.ts';
import { match, NONE } from './path-cover.ts';
import { type Classes, classesOf } from './step-classes.ts';

/** Steps that do the same from there on: one is kept. */
interface MergedStep {
  /** Index of the first of them in the program. */
  first: number;
  /** For a test: as `next` has it. */
  insn: Insn;
  /** What follows: of a test, if it holds and if not. */
  next: readonly number[];
  /** The test may be asked the other way round. */
  turns: boolean;
}

/** An instruction of the result; `to`: what it jumps to. */
interface PlacedInsn {
  insn: Insn;
  origin: number;
  to?: number;
}

/** Origin of an instruction that was not in the file. */
const OURS = -1;

/** The smaller program; undefined when there is none, or for what this cannot lay out. */
export function shareCode(program: Program): Program | undefined {
  const steps = new Steps(program);
  const functions: { placed: PlacedInsn[]; start: Map<number, number> }[] = [];
  for (const f of program.functions) {
    const classes = classesOf(steps, f.start, (step) => step.what);
    if (classes === undefined) return undefined;
    functions.push(layOut(keep(steps, classes), classes.entry, program));
  }
  const result = linked(program, functions);
  return result !== undefined && sizeInSlots(result.insns) < sizeInSlots(program.insns) ? result : undefined;
}

function keep(steps: Steps, { members, next }: Classes): MergedStep[] {
  const { program } = steps;
  return members.map((of, n) => {
    const first = of.reduce((a, b) => Math.min(a, b));
    const own = program.insns[first]!;
    const other =
      pinOf(program, first) === undefined && specOf(own)?.kind === 'jump' ? negated(own) : undefined;
    const asked = steps.at(first).inverted ? (other ?? own) : own;
    return { first, insn: asked, next: next[n]!, turns: other !== undefined };
  });
}

/** What may stand right behind. */
function behind({ insn: i, next, turns }: MergedStep): readonly number[] {
  if (next.length < 2) return specOf(i)?.kind === 'goto' ? [] : next;
  return turns ? [next[1]!, next[0]!] : [next[1]!];
}

function layOut(
  kept: readonly MergedStep[],
  entry: number,
  program: Program,
): { placed: PlacedInsn[]; start: Map<number, number> } {
  const follower = match(
    kept.map((k) => ({ first: k.first, behind: behind(k), free: k.insn.op === OP_EXIT })),
    entry,
  );
  const placed: PlacedInsn[] = [];
  const start = new Map<number, number>();
  const led = new Set(follower);
  const heads = [...kept.keys()]
    .filter((n) => n !== entry && !led.has(n))
    .sort((a, b) => kept[a]!.first - kept[b]!.first);
  for (const head of [entry, ...heads])
    for (let at = head; at !== NONE; at = follower[at]!) {
      start.set(at, placed.length);
      emit(kept[at]!, follower[at]!);
    }
  return { placed, start };

  function emit(k: MergedStep, follows: number): void {
    const origin = program.origin[k.first]!;
    const jumps = k.next.length === 2 || specOf(k.insn)?.kind === 'goto';
    const turned =
      k.next.length === 2 && k.turns && follows !== k.next[1] && (follows === k.next[0] || wasTurned(k));
    const [to, after] = turned ? [k.next[1], k.next[0]] : jumps ? k.next : [undefined, k.next[0]];
    const i = turned ? negated(k.insn)! : k.insn;
    placed.push(to === undefined ? { insn: i, origin } : { insn: i, origin, to });
    if (after !== undefined && after !== follows) placed.push(goTo(after));
  }

  /** With both ways elsewhere, a test is asked as it was. */
  function wasTurned(k: MergedStep): boolean {
    return k.insn.op !== program.insns[k.first]!.op;
  }

  function goTo(to: number): PlacedInsn {
    const { insn: i, first } = kept[to]!;
    if (i.op === OP_EXIT) return { insn: i, origin: program.origin[first]! };
    return { insn: insn(OP_JA), origin: OURS, to };
  }
}

/** All functions one after the other, with their distances; undefined when one does not fit. */
function linked(
  program: Program,
  functions: readonly { placed: readonly PlacedInsn[]; start: ReadonlyMap<number, number> }[],
): Program | undefined {
  let end = 0;
  const ranges = program.functions.map((f, n) => {
    const start = end;
    end += functions[n]!.placed.length;
    return { ...f, start, end };
  });
  const all = functions.flatMap(({ placed, start }, n) =>
    placed.map((p) => ({ ...p, to: p.to === undefined ? undefined : ranges[n]!.start + start.get(p.to)! })),
  );
  const insns = all.map((p) => p.insn);
  const offsets = slotOffsets(insns);
  const callees = calleesOf(program);
  for (const [at, p] of all.entries()) {
    const ref = referenceOf(p.insn);
    if (ref === undefined) continue;
    const target = ref.kind === 'jump' ? p.to : ranges[callees.get(p.insn) ?? -1]?.start;
    if (target === undefined) return undefined;
    const distance = offsets[target]! - (offsets[at]! + 1);
    if (ref.field === 'off' && (distance < -0x8000 || distance > 0x7fff)) return undefined;
    insns[at] = { ...p.insn, [ref.field]: distance };
  }
  return { ...program, insns, origin: all.map((p) => p.origin), functions: ranges };
}

/** Functions, by number, that instructions call or take the address of. */
function calleesOf(program: Program): Map<Insn, number> {
  const offsets = slotOffsets(program.insns);
  const starts = new Map(program.functions.map((f, n) => [f.start, n]));
  const callees = new Map<Insn, number>();
  program.insns.forEach((i, at) => {
    const callee = calleeOf(program.insns, at, offsets);
    const n = callee === undefined ? undefined : starts.get(callee);
    if (n !== undefined) callees.set(i, n);
  });
  return callees;
}
