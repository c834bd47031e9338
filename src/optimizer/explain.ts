/**
 * What of a program can be optimized, what cannot, and why: range by range.
 *
 *   program --windows of all rounds, the verifier, the tests--> one word per instruction --neighbours of one
 *     word--> ranges
 */
import { calleeOf, jumpTarget, slotOffsets } from '../isa/flow.ts';
import { OP_CALL, PseudoCall } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import { pinOf } from '../program/edit.ts';
import type { Program } from '../program/program.ts';
import { slidingWindows, straightRuns } from '../search/windows.ts';
import type { WindowVerifier } from '../verify/index.ts';
import { createMachine } from '../vm/machine/machine.ts';
import { observer } from '../vm/observe.ts';
import { generateTests } from '../vm/testgen/index.ts';
import { Schedule } from './search/schedule.ts';
import type { OptimizeOptions } from './types.ts';

/** How the search sees an instruction. */
export type Chance =
  /** In windows without jumps. */
  | { kind: 'straight-line' }
  /** Only in windows with jumps or calls. */
  | { kind: 'branching' }
  | { kind: 'none'; reason: string };

export interface ExplainedRange {
  /** Instructions [start, end), and the slots that they take. */
  start: number;
  end: number;
  slots: { start: number; end: number };
  chance: Chance;
  /** Some test runs it. Where none does, the search starts from states made of what the analysis knows. */
  isReached: boolean;
}

/** Rounds whose windows are looked at: after so many all lengths and shifts that matter have been there. */
const ROUNDS = 10;

export function explainProgram(
  program: Program,
  options: Pick<OptimizeOptions, 'seed' | 'tests' | 'windowLength'>,
  verifier: WindowVerifier,
): ExplainedRange[] {
  const { insns } = program;
  const offsets = slotOffsets(insns);
  const chances = chancesOf(program, options.windowLength, verifier);
  const executed = executedOf(program, options);
  const ranges: ExplainedRange[] = [];
  chances.forEach((chance, index) => {
    const isReached = (executed[index] ?? 0) > 0;
    const last = ranges.at(-1);
    const end = offsets[index + 1]!;
    if (last !== undefined && last.isReached === isReached && isSame(last.chance, chance)) {
      last.end = index + 1;
      last.slots.end = end;
    } else {
      const slots = { start: offsets[index]!, end };
      ranges.push({ start: index, end: index + 1, slots, chance, isReached });
    }
  });
  return ranges;
}

function isSame(a: Chance, b: Chance): boolean {
  return a.kind === b.kind && (a.kind !== 'none' || b.kind !== 'none' || a.reason === b.reason);
}

function chancesOf(program: Program, windowLength: number, verifier: WindowVerifier): Chance[] {
  const { insns } = program;
  const chances = insns.map((_, index): Chance => ({ kind: 'none', reason: whyNot(program, index) }));
  const schedule = new Schedule(windowLength);
  for (let round = 1; round < ROUNDS; round += 2)
    for (let at = { round, visits: 0, cursor: 0 }, next = schedule.next(program, at); next !== undefined; ) {
      const reason = unsupported(() => verifier.contextOf(program, next!.window));
      for (let index = next.window.start; index < next.window.end; index++)
        if (reason === undefined) chances[index] = { kind: 'branching' };
      at = next.after;
      next = schedule.next(program, at);
    }
  const runs = straightRuns(program);
  for (const run of runs) chances.fill({ kind: 'straight-line' }, run.start, run.end);
  for (const window of slidingWindows(runs, windowLength)) {
    // Whether the empty window does the same does not matter; whether the verifier can tell does.
    const verdict = verifier.check(program, window, []);
    if (verdict.kind !== 'unknown') continue;
    for (let index = window.start; index < window.end; index++)
      chances[index] = { kind: 'none', reason: `the verifier cannot judge it: ${verdict.reason}` };
  }
  return chances;
}

/** The verifier's reason why a range is no window. */
function unsupported(ask: () => unknown): string | undefined {
  try {
    ask();
    return undefined;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

function executedOf(
  program: Program,
  { seed, tests }: Pick<OptimizeOptions, 'seed' | 'tests'>,
): readonly number[] {
  const machine = createMachine(program);
  machine.setTests(generateTests(program, { seed, count: tests, observe: observer(program) }));
  return machine.coverage(program.insns).executed;
}

/** Why no window can hold an instruction. */
function whyNot(program: Program, index: number): string {
  const { insns } = program;
  const pin = pinOf(program, index);
  if (pin !== undefined) return `its value is only final at load time: ${pin}`;
  const offsets = slotOffsets(insns);
  const i = insns[index]!;
  const target = jumpTarget(insns, index, offsets);
  if (target !== undefined && target <= index) return `a loop: it jumps back to slot ${offsets[target]}`;
  if (calleeOf(insns, index, offsets) !== undefined)
    return i.op === OP_CALL ? 'it calls a subprogram' : 'it is the address of a subprogram';
  if (i.op === OP_CALL)
    return i.src === PseudoCall.HELPER
      ? `it calls helper ${i.imm}, after which the program may end, or which others jump around`
      : 'it calls a function of the kernel, of which nothing is known';
  const spec = specOf(i);
  if (spec === undefined) return 'its opcode is not known';
  if (spec.kind === 'exit' || spec.kind === 'jump' || spec.kind === 'goto')
    return 'no range around it is entered at its start only and free of loops and subprograms';
  return `instructions such as ${spec.name} are left as they are`;
}
