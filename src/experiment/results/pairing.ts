/**
 * Which results of two runs belong together.
 *
 *   rows --by program, build and configuration--> groups of seeds
 *   groups x groups --same name--> pairs --the rest, same input file and configuration--> pairs that were
 *     renamed
 */
import { hasResult, type Row } from './result.ts';

/** The rows of one program under one configuration, one per seed. */
export interface PairedRows {
  program: string;
  configuration: string;
  rows: Row[];
}

export interface Pairing {
  pairs: { base: PairedRows; new: PairedRows; renamed: boolean }[];
  /** Without a partner in the other. */
  onlyBase: PairedRows[];
  onlyNew: PairedRows[];
}

export function pairUp(base: readonly Row[], now: readonly Row[]): Pairing {
  const [before, after] = [groupRows(base), groupRows(now)];
  const pairs: Pairing['pairs'] = [];
  for (const [key, b] of before) {
    const a = after.get(key);
    if (a !== undefined) pairs.push({ base: b, new: a, renamed: false });
  }
  const left = [...before].filter(([key]) => !after.has(key)).map(([, g]) => g);
  const added = [...after].filter(([key]) => !before.has(key)).map(([, g]) => g);
  const renamed = sameContent(left, added);
  for (const [b, a] of renamed) pairs.push({ base: b, new: a, renamed: true });
  const found = new Set([...renamed].flat());
  return {
    pairs,
    onlyBase: left.filter((g) => !found.has(g)),
    onlyNew: added.filter((g) => !found.has(g)),
  };
}

export function label(x: { program: string; configuration: string }): string {
  return x.configuration === 'default' ? x.program : `${x.program}, ${x.configuration}`;
}

function groupRows(rows: readonly Row[]): Map<string, PairedRows> {
  const all = new Map<string, PairedRows>();
  for (const row of rows) {
    const { corpus, id, variant } = row.program;
    const key = JSON.stringify([corpus, id, variant, row.configuration]);
    const group = all.get(key) ?? { program: id, configuration: row.configuration, rows: [] };
    group.rows.push(row);
    all.set(key, group);
  }
  return all;
}

/** Pairs whose content no other group of either side has: an ambiguous match is none. */
function sameContent(left: readonly PairedRows[], added: readonly PairedRows[]): Map<PairedRows, PairedRows> {
  const byContent = (groups: readonly PairedRows[]): Map<string, PairedRows[]> => {
    const all = new Map<string, PairedRows[]>();
    for (const g of groups) {
      const content = contentOf(g);
      if (content !== undefined) all.set(content, [...(all.get(content) ?? []), g]);
    }
    return all;
  };
  const candidates = byContent(added);
  const pairs = new Map<PairedRows, PairedRows>();
  for (const [content, [b, ...more]] of byContent(left)) {
    const [a, ...others] = candidates.get(content) ?? [];
    if (b !== undefined && a !== undefined && more.length + others.length === 0) pairs.set(b, a);
  }
  return pairs;
}

/**
 * The input file's sha256, and what tells the programs of one file apart: hook and measurements of the input,
 * which do not depend on the optimizer.
 */
function contentOf({ configuration, rows }: PairedRows): string | undefined {
  const [row] = rows;
  const measured = rows.find(hasResult);
  if (row === undefined || measured === undefined || row.input === '') return undefined;
  const { slots, instructions, staticLatency } = measured.measurements;
  const own = [slots.before.value, instructions.before.value, staticLatency.before.value];
  return JSON.stringify([row.input, row.program.hook, configuration, ...own]);
}
