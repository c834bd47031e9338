/**
 * Verdicts by canonical form. The key says everything that decides a verdict: semantics version, budget, the
 * window's context, source and candidate. In memory, bounded; the oldest entry goes first.
 */
import { createHash } from 'node:crypto';
import type { WindowContext } from '../context.ts';
import type { Verdict } from '../types.ts';

/** Raise when a change of the checker can change a verdict. */
export const CHECKER_VERSION = 11;

export interface CacheStats {
  hits: number;
  misses: number;
}

export class VerdictCache {
  readonly stats: CacheStats = { hits: 0, misses: 0 };
  private readonly entries = new Map<string, Verdict>();
  private readonly capacity: number;

  constructor(capacity = 200_000) {
    this.capacity = capacity;
  }

  get(key: string): Verdict | undefined {
    return this.lookup(key);
  }

  /** The entry, or what `elsewhere` has; counted as a hit or a miss. */
  protected lookup(key: string, elsewhere?: () => Verdict | undefined): Verdict | undefined {
    const v = this.entries.get(key) ?? elsewhere?.();
    if (v === undefined) this.stats.misses++;
    else this.stats.hits++;
    return v;
  }

  /** Writes out what is kept back, where that means something. */
  flush(): void {}

  clear(): void {
    this.entries.clear();
  }

  set(key: string, verdict: Verdict): void {
    if (this.entries.size >= this.capacity) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(key, verdict);
  }
}

/**
 * The context's digest: equal exactly when its facts are. As text it would fill the memory that the verdicts
 * are kept in.
 */
export function contextKey(c: WindowContext): string {
  const text = JSON.stringify(
    {
      ...c,
      liveStack: Buffer.from(c.liveStack).toString('latin1'),
      exits: c.exits.map((e) => ({ ...e, liveStack: Buffer.from(e.liveStack).toString('latin1') })),
      maps: c.maps.map((m) => ({
        ...m,
        name: '',
        initial: m.readonly === true && m.initial && Buffer.from(m.initial).toString('latin1'),
      })),
    },
    (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
  return createHash('sha256').update(text).digest('base64');
}
