/** Where results come from: one entry per combination of code and machine. */
import type { Row } from '../../experiment/results/result.ts';

export interface ResultOrigin {
  count: number;
  /** Dates of the first and the last, to the minute, UTC. */
  from: string;
  to: string;
  optimizer: string;
  machine: string;
  software: string;
}

export function provenanceOf(rows: readonly Row[]): ResultOrigin[] {
  const kinds = new Map<string, { origin: ResultOrigin; dates: string[] }>();
  for (const { provenance: p, date } of rows) {
    if (p === undefined) continue;
    const commit =
      p.commit === null
        ? 'no commit'
        : `commit ${p.commit}${p.dirty === true ? ' with uncommitted changes' : ''}`;
    const origin = {
      count: 0,
      from: '',
      to: '',
      optimizer: `k2-bpf ${p.code}, ${commit}`,
      machine: `${p.cpu}, ${p.kernel}`,
      software: `node ${p.node}, ${p.solver}`,
    };
    const key = JSON.stringify(origin);
    const known = kinds.get(key) ?? { origin, dates: [] };
    known.dates.push(date);
    kinds.set(key, known);
  }
  return [...kinds.values()].map(({ origin, dates }) => {
    const sorted = dates.toSorted();
    const minute = (d: string | undefined): string => (d ?? '').slice(0, 16).replace('T', ' ');
    return { ...origin, count: dates.length, from: minute(sorted[0]), to: `${minute(sorted.at(-1))} UTC` };
  });
}
