/**
 * Instructions whose effect nobody sees, taken out many at a time.
 *
 *   program --thorough: every instruction is tried--> --light: only what the last batch left without
 *     readers--> ... --> program
 */
import { specOf } from '../../isa/semantics.ts';
import type { Program } from '../../program/program.ts';
import { straightRuns } from '../../search/windows.ts';
import type { Window } from '../../verify/types.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';
import type { Facts, Rewrite } from '../acceptance/rewrite.ts';
import { within } from '../search/schedule.ts';

/**
 * Tries every instruction until none can go.
 * @param ranges as in `within`
 * @returns true when the program has changed
 */
export function removeDeadCode(
  accepted: AcceptedRewrites,
  facts: Facts,
  ranges: readonly Window[] | undefined,
  stop: () => boolean,
): boolean {
  const before = accepted.best;
  for (let again = true; again && !stop(); ) {
    const start = accepted.best;
    if (accepted.adoptAll(thorough(start, facts, ranges, stop))) dropUnread(accepted, facts, ranges, stop);
    accepted.checkpoint();
    again = accepted.best !== start;
  }
  return accepted.best !== before;
}

/** Takes out what computes a register or writes a place of the stack that is not read. */
export function dropUnread(
  accepted: AcceptedRewrites,
  facts: Facts,
  ranges: readonly Window[] | undefined,
  stop: () => boolean,
): void {
  while (!stop() && accepted.adoptAll(unread(accepted.best, facts, ranges)));
}

/** Last first. */
function* candidates(program: Program, ranges: readonly Window[] | undefined): Generator<Window> {
  for (const run of within(program, straightRuns(program), ranges).reverse())
    for (let start = run.end - 1; start >= run.start; start--) yield { start, end: start + 1 };
}

const without = (window: Window): Rewrite => ({ window, replacement: [], by: 'dead code' });

function* thorough(
  program: Program,
  { contextOf }: Facts,
  ranges: readonly Window[] | undefined,
  stop: () => boolean,
): Generator<Rewrite> {
  for (const window of candidates(program, ranges)) {
    if (stop()) return;
    const i = program.insns[window.start]!;
    const kind = specOf(i)?.kind;
    const { registers, liveRegisters } = contextOf(program, window);
    // What is read behind it and was never set before has to be set here.
    if (i.dst < 10 && kind !== 'store' && kind !== 'atomic')
      if (registers[i.dst]?.kind === 'uninit' && liveRegisters[i.dst] !== 0n) continue;
    if (kind === 'store' || kind === 'atomic') {
      // Memory that others see: what it holds before is not known.
      const to = registers[i.dst];
      if (to?.kind === 'pointer' && to.region.kind !== 'stack') continue;
    }
    yield without(window);
  }
}

function* unread(
  program: Program,
  { liveBefore }: Facts,
  ranges: readonly Window[] | undefined,
): Generator<Rewrite> {
  for (const window of candidates(program, ranges)) {
    const i = program.insns[window.start]!;
    const kind = specOf(i)?.kind;
    const [before, after] = [liveBefore(program, window.start), liveBefore(program, window.end)];
    if (before === undefined || after === undefined) continue;
    const isUnread =
      kind === 'store' ? i.dst === 10 && before.stack === after.stack : after.bits[i.dst] === 0n;
    if (isUnread && kind !== 'atomic') yield without(window);
  }
}
