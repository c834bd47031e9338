/**
 * What makes two results incomparable: other options, budgets, seeds, inputs or machines.
 *
 *   rows of both --field by field--> one sentence per kind of difference, with the values
 */
import { canonicalJson } from '../../base/json.ts';

import type { Definition } from '../definition/definition.ts';
import { label, type Pairing } from './pairing.ts';
import type { Row } from './result.ts';

/** How many names one sentence lists. */
const NAMED = 5;

/** A reason not to trust a comparison. `times` matters to what a clock measured only. */
export interface Mismatch {
  kind: 'options' | 'seeds' | 'definition' | 'inputs' | 'times';
  text: string;
}

/** One side of a comparison. */
export interface NamedRows {
  name: string;
  rows: readonly Row[];
  /** What the rows were made for, where it is known. */
  definition?: Definition;
}

export function mismatches(base: NamedRows, now: NamedRows, pairing: Pairing): Mismatch[] {
  return [
    ...optionDifferences(pairing),
    ...seedDifferences(pairing),
    ...definitionDifferences(base.definition, now.definition),
    ...inputDifferences(pairing),
    ...machineDifference(base.rows, now.rows),
  ];
}

/** One sentence per option and pair of values, with the results that it concerns. */
function optionDifferences({ pairs }: Pairing): Mismatch[] {
  const found = new Map<string, string[]>();
  for (const { base, new: now } of pairs) {
    const [b, n] = [optionsOf(base.rows), optionsOf(now.rows)];
    for (const name of [...new Set([...b.keys(), ...n.keys()])].sort()) {
      const [from, to] = [b.get(name) ?? 'default', n.get(name) ?? 'default'];
      if (from === to) continue;
      const text = `${name} ${from} / ${to}`;
      found.set(text, [...(found.get(text) ?? []), label(base)]);
    }
  }
  return [...found].map(([text, names]) => ({
    kind: 'options',
    text: `options differ: ${text} (${some(names)})`,
  }));
}

/** Every option but the seed, and the values that its rows have. */
function optionsOf(rows: readonly Row[]): Map<string, string> {
  const values = new Map<string, Set<string>>();
  for (const { options } of rows)
    for (const [name, value] of Object.entries(options ?? {})) {
      if (name === 'seed' || value === undefined) continue;
      const known = values.get(name) ?? new Set();
      values.set(name, known.add(typeof value === 'string' ? value : canonicalJson(value)));
    }
  return new Map([...values].map(([name, set]) => [name, [...set].sort().join(', ')]));
}

function seedDifferences({ pairs }: Pairing): Mismatch[] {
  const seeds = (rows: readonly Row[]): string =>
    [...new Set(rows.map((r) => r.seed))].sort(byNumber).join(', ');
  const found = new Map<string, string[]>();
  for (const { base, new: now } of pairs) {
    const [from, to] = [seeds(base.rows), seeds(now.rows)];
    if (from !== to) found.set(`${from} / ${to}`, [...(found.get(`${from} / ${to}`) ?? []), label(base)]);
  }
  return [...found].map(([text, names]) => ({
    kind: 'seeds',
    text: `seeds differ: ${text} (${some(names)})`,
  }));
}

/**
 * Limits of a cell and what is measured are in the definition only; its programs and options are in the rows.
 */
function definitionDifferences(base?: Definition, now?: Definition): Mismatch[] {
  if (base === undefined || now === undefined) return [];
  const fields = (d: Definition): Map<string, string> =>
    new Map(
      [...Object.entries(d.budget), ...Object.entries(d.measure ?? {})].map(([name, value]) => [
        name,
        canonicalJson(value),
      ]),
    );
  const [b, n] = [fields(base), fields(now)];
  return [...new Set([...b.keys(), ...n.keys()])].flatMap((name) => {
    const [from, to] = [b.get(name) ?? 'none', n.get(name) ?? 'none'];
    return from === to ? [] : [{ kind: 'definition', text: `definitions differ: ${name} ${from} / ${to}` }];
  });
}

function inputDifferences({ pairs }: Pairing): Mismatch[] {
  const inputs = (rows: readonly Row[]): string => [...new Set(rows.map((r) => r.input))].sort().join();
  const changed = pairs.filter((p) => inputs(p.base.rows) !== inputs(p.new.rows));
  if (changed.length === 0) return [];
  return [
    {
      kind: 'inputs',
      text: `inputs differ: ${some(
        changed.map((p) => label(p.base)),
        Infinity,
      )}`,
    },
  ];
}

function machineDifference(base: readonly Row[], now: readonly Row[]): Mismatch[] {
  const machines = (rows: readonly Row[]): string =>
    [...new Set(rows.map((r) => `${r.provenance.cpu}, ${r.provenance.kernel}`))].sort().join('; ');
  if (base.length === 0 || now.length === 0 || machines(base) === machines(now)) return [];
  return [{ kind: 'times', text: 'the two were made on different machines: times are not comparable' }];
}

function some(names: readonly string[], most = NAMED): string {
  const unique = [...new Set(names)];
  const more = unique.length - most;
  return more > 0 ? `${unique.slice(0, most).join('; ')} and ${more} more` : unique.join('; ');
}

function byNumber(a: number, b: number): number {
  return a - b;
}
