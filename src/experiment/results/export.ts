/**
 * Results in other forms: merged stores, and flat tables for other tools.
 *
 *   stores --mergeResults--> one store        rows --flatRows--> records --toCsv, toParquet--> files
 */
import { UserError } from '../../base/errors.ts';
import { makeFolder, writeWhole } from '../../base/files.ts';
import { lockFolder } from '../../base/lock.ts';
import { hasResult, type Row } from './result.ts';
import {
  currentRows,
  RowWriter,
  readRows,
  readStoredDefinition,
  type StoredDefinition,
  writeDefinition,
} from './store.ts';

export interface Merged {
  folder: string;
  rows: number;
  added: number;
  /** Cells of the definition that no store has. */
  missing: number;
  warnings: string[];
}

/**
 * Adds the rows of other stores that a store does not have: shards of one experiment, made anywhere. The
 * store may be new.
 * @throws UserError when the stores are of different experiments
 */
export function mergeResults(folder: string, from: readonly string[]): Merged {
  const definitions = from.map((f) => ({ from: f, stored: readStoredDefinition(f) }));
  const [first] = definitions;
  if (first === undefined)
    throw new UserError('there is nothing to merge.', folder, 'Name folders of results.');
  for (const { from: other, stored } of definitions)
    if (stored.hash !== first.stored.hash || stored.keys.join() !== first.stored.keys.join())
      throw new UserError(
        `its definition, inputs or optimizer are not those of ${first.from}.`,
        other,
        'Merge results of one definition and one version.',
      );
  makeFolder(folder);
  const unlock = lockFolder(folder);
  try {
    const own = readRows(folder);
    const warnings = [...own.warnings];
    const have = new Map(own.rows.map((r) => [r.key, r]));
    const writer = new RowWriter(folder);
    let added = 0;
    try {
      for (const f of from) {
        const { rows, warnings: more } = readRows(f);
        warnings.push(...more);
        for (const row of currentRows(rows, first.stored.keys)) {
          const known = have.get(row.key);
          // A result replaces a failure of the same cell, nothing else.
          if (known !== undefined && !(known.status === 'failed' && row.status !== 'failed')) continue;
          writer.append(row);
          have.set(row.key, row);
          added++;
        }
      }
    } finally {
      writer.close();
    }
    writeDefinition(folder, first.stored satisfies StoredDefinition);
    const rows = first.stored.keys.filter((k) => have.has(k)).length;
    return { folder, rows, added, missing: first.stored.keys.length - rows, warnings };
  } finally {
    unlock();
  }
}

export type FlatValue = string | number | boolean | null;

/** Columns of the flat form, in order; those of results are null for rows without one. */
const FLAT: Readonly<
  Record<string, { type: 'STRING' | 'DOUBLE' | 'BOOLEAN'; of(row: Row): FlatValue | undefined }>
> = {
  experiment: { type: 'STRING', of: (r) => r.experiment },
  corpus: { type: 'STRING', of: (r) => r.program.corpus },
  program: { type: 'STRING', of: (r) => r.program.id },
  variant: { type: 'STRING', of: (r) => r.program.variant },
  hook: { type: 'STRING', of: (r) => r.program.hook },
  group: { type: 'STRING', of: (r) => r.program.group },
  configuration: { type: 'STRING', of: (r) => r.configuration },
  seed: { type: 'DOUBLE', of: (r) => r.seed },
  status: { type: 'STRING', of: (r) => r.status },
  reason: { type: 'STRING', of: (r) => r.reason },
  goal: { type: 'STRING', of: (r) => r.options.goal },
  settings: { type: 'STRING', of: (r) => r.options.settings },
  steps: { type: 'DOUBLE', of: (r) => r.options.steps },
  interrupted: { type: 'BOOLEAN', of: (r) => (hasResult(r) ? r.interrupted : undefined) },
  slots_before: { type: 'DOUBLE', of: (r) => (hasResult(r) ? r.measurements.slots.before.value : undefined) },
  slots_after: { type: 'DOUBLE', of: (r) => (hasResult(r) ? r.measurements.slots.after.value : undefined) },
  insns_before: {
    type: 'DOUBLE',
    of: (r) => (hasResult(r) ? r.measurements.instructions.before.value : undefined),
  },
  insns_after: {
    type: 'DOUBLE',
    of: (r) => (hasResult(r) ? r.measurements.instructions.after.value : undefined),
  },
  latency_ns_before: {
    type: 'DOUBLE',
    of: (r) => (hasResult(r) ? r.measurements.latency.before.value : undefined),
  },
  latency_ns_after: {
    type: 'DOUBLE',
    of: (r) => (hasResult(r) ? r.measurements.latency.after.value : undefined),
  },
  static_ns_before: {
    type: 'DOUBLE',
    of: (r) => (hasResult(r) ? r.measurements.staticLatency.before.value : undefined),
  },
  static_ns_after: {
    type: 'DOUBLE',
    of: (r) => (hasResult(r) ? r.measurements.staticLatency.after.value : undefined),
  },
  rewrites: { type: 'DOUBLE', of: (r) => (hasResult(r) ? r.rewrites.length : undefined) },
  kernel_status: { type: 'STRING', of: (r) => (hasResult(r) ? r.kernel.status : undefined) },
  differential: { type: 'STRING', of: (r) => (hasResult(r) ? r.differential.status : undefined) },
  seconds: { type: 'DOUBLE', of: (r) => r.seconds },
  date: { type: 'STRING', of: (r) => r.date },
  optimizer: { type: 'STRING', of: (r) => r.provenance.code },
  commit: { type: 'STRING', of: (r) => r.provenance.commit },
  dirty: { type: 'BOOLEAN', of: (r) => r.provenance.dirty },
  node: { type: 'STRING', of: (r) => r.provenance.node },
  cpu: { type: 'STRING', of: (r) => r.provenance.cpu },
  kernel: { type: 'STRING', of: (r) => r.provenance.kernel },
  solver: { type: 'STRING', of: (r) => r.provenance.solver },
  input_sha256: { type: 'STRING', of: (r) => r.input },
  definition: { type: 'STRING', of: (r) => r.definition },
  key: { type: 'STRING', of: (r) => r.key },
};

/** RFC 4180, with a line per row and one of names. */
export function toCsv(rows: readonly Row[]): string {
  const field = (v: FlatValue | undefined): string => {
    if (v === null || v === undefined) return '';
    const text = String(v);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const columns = Object.entries(FLAT);
  const lines = [columns.map(([name]) => name), ...rows.map((r) => columns.map(([, c]) => field(c.of(r))))];
  return lines.map((l) => `${l.join(',')}\r\n`).join('');
}

export async function toParquet(rows: readonly Row[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: Object.entries(FLAT).map(([name, { type, of }]) => ({
        name,
        type,
        nullable: true,
        data: rows.map((r) => of(r) ?? null),
      })),
    }),
  );
}

/** Writes CSV or Parquet, whichever the name ends in. @throws UserError */
export async function exportResults(folder: string, file: string): Promise<{ file: string; rows: number }> {
  const { keys } = readStoredDefinition(folder);
  const rows = currentRows(readRows(folder).rows, keys);
  if (file.endsWith('.csv')) writeWhole(file, toCsv(rows));
  else if (file.endsWith('.parquet')) writeWhole(file, await toParquet(rows));
  else throw new UserError('the form is not known.', file, 'End the name with .csv or .parquet.');
  return { file, rows: rows.length };
}
