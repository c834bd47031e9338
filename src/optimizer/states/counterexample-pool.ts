/**
 * Counterexamples that outlive the visit of a window: all later chains that start at the same place know them
 * from the beginning, whatever was rewritten elsewhere meanwhile.
 *
 * What a round teaches is known two rounds later, when windows of its kind come again. So windows can be
 * searched ahead on other threads, while those before them still learn.
 */
import type { Program } from '../../program/program.ts';
import type { Counterexample, Window } from '../../verify/types.ts';

/** Rounds from learning to knowing. */
const LATER = 2;
/** Latest counterexamples that a place keeps. */
const MOST = 8;

interface PooledCounterexample {
  round: number;
  found: Counterexample;
}

export class CounterexamplePool {
  /** By the instruction, as the program was loaded, that windows start with. */
  private readonly places = new Map<number, PooledCounterexample[]>();

  add(program: Program, { start }: Window, round: number, found: readonly Counterexample[]): void {
    const place = program.origin[start] ?? -1;
    if (place < 0 || found.length === 0) return;
    const pooled = this.places.get(place) ?? [];
    this.places.set(place, [...pooled, ...found.map((f) => ({ round, found: f }))]);
  }

  /** What a window may know in a round, latest last. */
  known(program: Program, { start }: Window, round: number): Counterexample[] {
    const pooled = this.places.get(program.origin[start] ?? -1) ?? [];
    return pooled.flatMap((l) => (l.round + LATER <= round ? [l.found] : [])).slice(-MOST);
  }
}
