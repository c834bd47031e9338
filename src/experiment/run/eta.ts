/** How long a run still takes, from how fast it went so far: proposals done against proposals to do. */
import { budgetOf } from '../../optimizer/defaults.ts';
import { buildOf, entryOf, openCorpus, slotsOf } from '../corpus/corpus.ts';
import type { Cell } from '../definition/expand.ts';

/** What a slot costs beside the search, in proposals: analysis, tests, the last check in the kernel. */
const PER_SLOT = 4000;

/** Proposals, as a measure of time. */
export function costOf({ program: { corpus, id, variant }, options }: Cell): number {
  const slots = slotsOf(buildOf(entryOf(openCorpus(corpus), id), variant)) ?? 0;
  return PER_SLOT * slots + budgetOf(options, slots);
}

export class Eta {
  readonly #costs: ReadonlyMap<string, number>;
  /** Share of each running cell that is done. */
  readonly #running = new Map<string, number>();
  readonly #began: number;
  #left: number;
  #done = 0;

  /** @param now milliseconds */
  constructor(cells: readonly Cell[], now: number) {
    this.#costs = new Map(cells.map((c) => [c.key, costOf(c)]));
    this.#left = [...this.#costs.values()].reduce((s, c) => s + c, 0);
    this.#began = now;
  }

  progress(key: string, share: number): void {
    this.#running.set(key, Math.min(1, share));
  }

  finish(key: string): void {
    const cost = this.#costs.get(key) ?? 0;
    this.#running.delete(key);
    this.#done += cost;
    this.#left -= cost;
  }

  /** Seconds; undefined before anything is known. */
  seconds(now: number): number | undefined {
    const running = [...this.#running].reduce(
      (s, [key, share]) => s + share * (this.#costs.get(key) ?? 0),
      0,
    );
    const done = this.#done + running;
    return done === 0 ? undefined : (((now - this.#began) / 1000) * (this.#left - running)) / done;
  }
}

/** Two units at most: 50 s, 12 min, 1 h 05 min. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
