/** Steps of a function by what they and all that follow them do: hash-consing, from the ends. */
import { END, type Steps, type TraceStep } from '../../verify/bisimulation.ts';

export interface Classes {
  /** Steps of each class, by their index in the program. */
  members: number[][];
  /** Classes that follow each, as in `TraceStep.next`. */
  next: number[][];
  of: ReadonlyMap<number, number>;
  /** The class of the function's first step. */
  entry: number;
}

/**
 * Steps whose label is the same and whose successors are of the same classes are of one class. In a loop only
 * a step itself is the same as it.
 * @param start index of the function's first instruction
 * @returns undefined for code that runs off the function's end
 */
export function classesOf(
  steps: Steps,
  start: number,
  label: (step: TraceStep, at: number) => string,
): Classes | undefined {
  const members: number[][] = [];
  const next: number[][] = [];
  const of = new Map<number, number>();
  const byText = new Map<string, number>();
  const open = new Set<number>();
  const root = steps.from(start);
  const stack = [root];
  /** Successors in loops: class, position and the step that was open then. */
  const loops: [number, number, number][] = [];
  while (stack.length > 0) {
    const at = stack.at(-1)!;
    if (at === END) return undefined;
    const step = steps.at(at);
    const todo = step.next.filter((n) => !of.has(n) && !open.has(n));
    if (!of.has(at) && !open.has(at) && todo.length > 0) {
      open.add(at);
      stack.push(...todo);
      continue;
    }
    stack.pop();
    if (of.has(at)) continue;
    open.delete(at);
    const text = `${label(step, at)}|${step.next.map((n) => of.get(n) ?? `@${n}`)}`;
    const known = byText.get(text) ?? members.length;
    of.set(at, known);
    (members[known] ??= []).push(at);
    if (byText.has(text)) continue;
    byText.set(text, known);
    next[known] = step.next.map((n, k) => {
      const c = of.get(n);
      if (c === undefined || n === at) loops.push([known, k, n]);
      return c ?? -1;
    });
  }
  for (const [c, k, step] of loops) next[c]![k] = of.get(step)!;
  return { members, next, of, entry: of.get(root)! };
}
