/**
 * Code that does the same in other registers: proposals that write one place as another one is written, so
 * that both can be shared (tail-merging.ts). They save nothing by themselves.
 *
 *   program --> classes of steps that are alike but for registers --> pairs of places --> windows with the
 *     registers of
 *   the other place
 */

import { readFirst, registersRead, registersWritten } from '../../isa/effects.ts';
import { jumpTargets } from '../../isa/flow.ts';
import { negated } from '../../isa/forms.ts';
import { type Insn, OP_CALL, R10, slotsOf } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { pinOf } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import { Steps, type TraceStep } from '../../verify/bisimulation.ts';
import type { Window } from '../../verify/types.ts';
import { usesSource } from '../edit.ts';
import { type Classes, classesOf } from './step-classes.ts';

export interface Likening {
  window: Window;
  replacement: readonly Insn[];
  /** Slots that the two places have in common from there on, once they are written alike. */
  slots: number;
}

/** Most places of one class that are compared with each other. */
const MOST_PLACES = 6;
/** Most instructions before the place that take part in an exchange of registers. */
const FARTHEST = 16;

/** The longest common code first. */
export function likenings(program: Program): Likening[] {
  const steps = new Steps(program);
  return program.functions
    .flatMap((f) => {
      const exact = classesOf(steps, f.start, (s) => s.what);
      const loose = classesOf(steps, f.start, (s, at) => shapeOf(program, at, s));
      return exact === undefined || loose === undefined ? [] : between(steps, exact, loose);
    })
    .sort((a, b) => b.slots - a.slots);
}

/** A step's text without its registers. */
function shapeOf(program: Program, at: number, s: TraceStep): string {
  const i = program.insns[at]!;
  if (pinOf(program, at) !== undefined || i.op === OP_CALL) return s.what;
  const frame = (r: number): string => (r === R10 ? 'fp' : 'r');
  const op = s.inverted ? (negated(i) ?? i).op : i.op;
  const off = s.next.length === 2 ? 0 : i.off;
  return `${op} ${frame(i.dst)} ${usesSource(i) ? frame(i.src) : i.src} ${off} ${i.imm} ${i.immHi}`;
}

function between(steps: Steps, exact: Classes, loose: Classes): Likening[] {
  const found = new Map<string, Likening>();
  const { insns } = steps.program;
  // Classes are numbered from the ends: the last ones hold the longest code.
  for (const members of [...loose.members].reverse()) {
    const places = [...new Map(members.map((at) => [exact.of.get(at)!, at])).values()].slice(0, MOST_PLACES);
    for (const a of places)
      for (const b of places) {
        const pairs = a === b ? undefined : together(steps, exact, a, b);
        const made = pairs && written(steps, pairs);
        if (made === undefined) continue;
        const slots = pairs!.reduce((n, [, q]) => n + slotsOf(insns[q]!), 0);
        const key = JSON.stringify(made);
        if (slots > (found.get(key)?.slots ?? 0)) found.set(key, { ...made, slots });
      }
  }
  return [...found.values()];
}

/** Steps that correspond, from two places on; undefined where one corresponds to several. */
function together(steps: Steps, exact: Classes, a: number, b: number): [number, number][] | undefined {
  const like = new Map<number, number>();
  const todo: [number, number][] = [[a, b]];
  for (let pair = todo.pop(); pair !== undefined; pair = todo.pop()) {
    const [p, q] = pair;
    if (exact.of.get(p) === exact.of.get(q)) continue;
    if (like.has(q)) {
      if (like.get(q) !== p) return undefined;
      continue;
    }
    like.set(q, p);
    const [s, t] = [steps.at(p), steps.at(q)];
    s.next.forEach((n, k) => {
      todo.push([n, t.next[k]!]);
    });
  }
  return [...like].map(([q, p]) => [p, q]);
}

/** The window around what differs, with the registers of the other place. */
function written(
  steps: Steps,
  pairs: readonly [number, number][],
): Pick<Likening, 'window' | 'replacement'> | undefined {
  const { insns } = steps.program;
  const different = pairs.filter(([p, q]) => steps.at(p).what !== steps.at(q).what);
  if (different.length === 0) return undefined;
  const places = different.map(([, q]) => q);
  const start = Math.min(...places);
  const end = Math.max(...places) + 1;
  const replacement = insns.slice(start, end);
  for (const [p, q] of different) {
    const other = steps.at(p).inverted === steps.at(q).inverted ? insns[p]! : negated(insns[p]!);
    if (other === undefined) return undefined;
    replacement[q - start] = { ...insns[q]!, op: other.op, dst: other.dst, src: other.src };
  }
  const before = exchanged(steps.program, different, start, end);
  return before === undefined
    ? undefined
    : { window: { start: start - before.length, end }, replacement: [...before, ...replacement] };
}

/**
 * Values that the window reads in other registers now have to be put there: the instructions before it that
 * make them, with the registers exchanged. Undefined where that does not get them all.
 */
function exchanged(
  program: Program,
  different: readonly [number, number][],
  start: number,
  end: number,
): Insn[] | undefined {
  const { insns } = program;
  const now = new Map<number, number>();
  for (const [p, q] of different) {
    const [a, b] = [insns[p]!, insns[q]!];
    const uses: [number, number][] = [[b.dst, a.dst]];
    if (usesSource(b)) uses.push([b.src, a.src]);
    for (const [from, to] of uses) if (!now.has(from)) now.set(from, to);
  }
  const isExchange = new Set(now.values()).size === now.size;
  const moved = [...now].reduce((m, [from, to]) => (from === to ? m : m | (1 << from) | (1 << to)), 0);
  let incoming = readFirst(insns.slice(start, end));
  if ((incoming & moved) === 0 || !isExchange) return [];
  // A permutation: what must give way goes where nothing is left.
  const free = [...new Set(now.keys())].filter((r) => ![...now.values()].includes(r));
  for (const to of now.values()) if (!now.has(to)) now.set(to, free.pop() ?? to);
  const entered = new Set(jumpTargets(insns));
  const before: Insn[] = [];
  for (let at = start - 1; at >= 0 && before.length < FARTHEST && !entered.has(at + 1); at--) {
    const i = insns[at]!;
    const kind = specOf(i)?.kind;
    if (kind !== 'alu' && kind !== 'load' && kind !== 'store' && kind !== 'ldimm64' && kind !== 'atomic')
      return undefined;
    const name = (r: number): number => now.get(r) ?? r;
    before.unshift({ ...i, dst: name(i.dst), src: usesSource(i) ? name(i.src) : i.src });
    incoming = (incoming & ~registersWritten(i)) | registersRead(i);
    if ((incoming & moved) === 0) return before;
  }
  return undefined;
}
