/**
 * Edits of programs. The instruction lists are edited by isa/edit.ts; here functions, origins and pins
 * follow.
 */
import { EditError, retain, splice } from '../isa/edit.ts';
import { referenceOf } from '../isa/flow.ts';
import { type Insn, isNop, sameInsn } from '../isa/insn.ts';
import type { FunctionRange, Program } from './program.ts';

/** Origin of an instruction that was not in the file. */
const OURS = -1;

/** Begins the reason of pins whose instructions are final, but are to stay all the same. */
export const KEPT = 'kept: ';

/** True for a pin that says nothing of load-time values. */
export function isKept(pin: string): boolean {
  return pin.startsWith(KEPT);
}

/** Why the instruction at `index` must stay as it is; undefined when it need not. */
export function pinOf(program: Program, index: number): string | undefined {
  return program.pinned.get(program.origin[index]!);
}

/**
 * Why instructions [start, end) may not be replaced by `insns`; undefined when they may. It asks about
 * structure only: the range is inside one function, no function gets empty, no pinned instruction is lost.
 */
export function replaceProblem(
  program: Program,
  start: number,
  end: number,
  insns: readonly Insn[],
): string | undefined {
  if (!(start >= 0 && start <= end && end <= program.insns.length))
    return `no range: ${start}..${end} of ${program.insns.length}`;
  const f = functionAt(program, start);
  if (f === undefined || end > f.end) return `range ${start}..${end} spans functions`;
  if (insns.length === 0 && start === f.start && end === f.end)
    return `function ${f.name} would have no instructions`;
  const kept = new Set(originsOf(program, start, end, insns));
  for (let i = start; i < end; i++) {
    const reason = pinOf(program, i);
    if (reason !== undefined && !kept.has(program.origin[i]!))
      return `instruction ${i} must stay (${reason}), but the replacement does not have it`;
  }
  return undefined;
}

/**
 * Replaces instructions [start, end) by `insns`. References in `insns` stand as they shall stand in the
 * result; references from outside are corrected (see `splice`). An instruction of `insns` that equals one of
 * the old range, in the same order, keeps that one's origin; a jump whose distance alone differs counts as
 * equal unless it is pinned.
 * @throws EditError when `replaceProblem` has something to say, or when a 16-bit distance overflows
 */
export function replaceRange(program: Program, start: number, end: number, insns: readonly Insn[]): Program {
  const problem = replaceProblem(program, start, end, insns);
  if (problem !== undefined) throw new EditError(problem, start);
  const origins = originsOf(program, start, end, insns);
  const delta = insns.length - (end - start);
  const inside = functionAt(program, start)!;
  return {
    ...program,
    insns: splice(program.insns, start, end - start, insns),
    origin: [...program.origin.slice(0, start), ...origins, ...program.origin.slice(end)],
    functions: program.functions.map((f) =>
      f === inside
        ? { ...f, end: f.end + delta }
        : f.start >= inside.end
          ? { ...f, start: f.start + delta, end: f.end + delta }
          : f,
    ),
  };
}

/** The program without `goto +0`, also those that become one when others go. Pinned ones stay. */
export function withoutNops(program: Program): Program {
  let current = program;
  for (;;) {
    const before = current;
    const drop = (i: Insn, index: number): boolean => isNop(i) && pinOf(before, index) === undefined;
    if (!before.insns.some(drop)) return before;
    const { insns, map } = retain(before.insns, (i, index) => !drop(i, index));
    current = {
      ...before,
      insns,
      origin: before.origin.filter((_, index) => !drop(before.insns[index]!, index)),
      functions: before.functions.map((f) => ({ ...f, start: map[f.start]!, end: map[f.end]! })),
    };
  }
}

/** The function that an edit at `index` is in; the end of the program belongs to the last one. */
function functionAt(program: Program, index: number): FunctionRange | undefined {
  return (
    program.functions.find((f) => index >= f.start && index < f.end) ??
    (index === program.insns.length ? program.functions.at(-1) : undefined)
  );
}

const EXACT = 2;
const SAME_BUT_DISTANCE = 1;
/** More than any number of other matches. */
const PINNED = 1e9;

function likeness(old: Insn, now: Insn, pinned: boolean): number {
  if (sameInsn(old, now)) return pinned ? PINNED : EXACT;
  const ref = pinned ? undefined : referenceOf(old);
  if (ref === undefined || ref.kind !== 'jump') return 0;
  return sameInsn(old, { ...now, [ref.field]: old[ref.field] }) ? SAME_BUT_DISTANCE : 0;
}

/**
 * Origins for `insns`: those of the old range's instructions by a heaviest common subsequence, else `OURS`.
 */
export function originsOf(program: Program, start: number, end: number, insns: readonly Insn[]): number[] {
  const origins = new Array<number>(insns.length).fill(OURS);
  let [from, to, first, last] = [start, end, 0, insns.length];
  // Equal ends need no search, unless an equal instruction further in is pinned.
  if (!program.insns.slice(start, end).some((_, i) => pinOf(program, start + i) !== undefined)) {
    while (from < to && first < last && sameInsn(program.insns[from]!, insns[first]!))
      origins[first++] = program.origin[from++]!;
    while (from < to && first < last && sameInsn(program.insns[to - 1]!, insns[last - 1]!))
      origins[--last] = program.origin[--to]!;
  }
  align(program, from, to, insns.slice(first, last), origins, first);
  return origins;
}

function align(
  program: Program,
  start: number,
  end: number,
  insns: readonly Insn[],
  origins: number[],
  at: number,
): void {
  const n = end - start;
  const m = insns.length;
  const width = m + 1;
  const best = new Float64Array((n + 1) * width);
  const score = (i: number, j: number): number =>
    likeness(program.insns[start + i]!, insns[j]!, pinOf(program, start + i) !== undefined);
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--) {
      const s = score(i, j);
      const skip = Math.max(best[(i + 1) * width + j]!, best[i * width + j + 1]!);
      best[i * width + j] = s === 0 ? skip : Math.max(skip, s + best[(i + 1) * width + j + 1]!);
    }
  for (let i = 0, j = 0; i < n && j < m; ) {
    const here = best[i * width + j]!;
    const s = score(i, j);
    if (s > 0 && here === s + best[(i + 1) * width + j + 1]!)
      origins[at + j++] = program.origin[start + i++]!;
    else if (here === best[(i + 1) * width + j]!) i++;
    else j++;
  }
}
