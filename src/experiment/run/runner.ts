/**
 * Runs an experiment.
 *
 *   definition --expand--> cells --minus rows that are there--> to do --execute--> outcomes --append-->
 *     cells.jsonl
 *
 * It can be killed at any moment and started again: a cell is either a whole line in the store, or still to
 * do.
 */
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { makeFolder } from '../../base/files.ts';
import { lockFolder } from '../../base/lock.ts';
import { buildOf, entryOf, inputOf, isThere, openCorpus } from '../corpus/corpus.ts';
import { corpusFacts } from '../corpus/corpus-facts.ts';
import type { Definition } from '../definition/definition.ts';
import { definitionHash } from '../definition/definition.ts';
import { type Cell, expand } from '../definition/expand.ts';
import { optimizerCode } from '../results/provenance.ts';
import type { Row } from '../results/result.ts';
import { ROW_SCHEMA } from '../results/result.ts';
import { currentRows, earlierDefinition, RowWriter, readRows, writeDefinition } from '../results/store.ts';
import { costOf } from './eta.ts';
import type { Execute, Finished } from './execute.ts';
import { executeHere } from './local.ts';

export interface RunOptions {
  /** Folder of all results; the experiment's own is below it. */
  results: string;
  workers: number;
  /**
   * Address of a Redis server: workers anywhere take the cells (queue/). Default: processes of this machine.
   */
  queue?: string;
  /** Run cells again whose row says `failed`. */
  retryFailed?: boolean;
  /** Only cells number i, i + n, ... of n shares, counted from 1. */
  shard?: { index: number; of: number };
  /** Module that exports `optimizeProgram`; default: this package's. */
  optimizer?: string;
  /** Passed to the workers, see pool.ts. */
  grace?: number;
  signal?: AbortSignal;
  events?: Partial<RunEvents>;
}

export interface RunEvents {
  /** Before the first cell. */
  start(info: { cells: number; kept: number; todo: readonly Cell[]; warnings: readonly string[] }): void;
  progress(cell: Cell, step: number, steps: number, slots: number): void;
  done(row: Row): void;
  /** Something to tell whoever waits. */
  note(text: string): void;
}

export interface RunSummary {
  folder: string;
  /** Rows of all cells that have one, in the definition's order. */
  rows: Row[];
  cells: number;
  /** Cells that still have no row. */
  missing: number;
  interrupted: boolean;
  warnings: readonly string[];
}

/** @throws UserError when results cannot be written, or the definition names what does not exist */
export async function runExperiment(definition: Definition, options: RunOptions): Promise<RunSummary> {
  const execute = await executorOf(definition, options);
  const folder = join(options.results, definition.name);
  const code = optimizerCode();
  makeFolder(folder);
  const unlock = lockFolder(folder);
  try {
    const { cells, todo, rows, keys, hash, warnings } = planOf(definition, options);
    writeDefinition(folder, { definition, hash, keys });
    options.events?.start?.({
      cells: cells.length,
      kept: cells.length - todo.length,
      todo,
      warnings,
    });
    const rowOf = (cell: Cell, { outcome, seconds, provenance, ...cpu }: Finished): Row => ({
      schema: ROW_SCHEMA,
      key: cell.key,
      experiment: definition.name,
      program: cell.program,
      configuration: cell.configuration,
      options: cell.options,
      seed: cell.options.seed,
      ...outcome,
      facts: corpusFacts(cell.program),
      input: inputDigest(cell),
      definition: hash,
      seconds: Math.round(seconds * 1000) / 1000,
      ...cpu,
      date: new Date().toISOString(),
      provenance,
    });
    const writer = new RowWriter(folder);
    try {
      await execute({
        cells: todo,
        budget: definition.budget,
        code,
        signal: options.signal,
        onProgress: (...p) => options.events?.progress?.(...p),
        onNote: (text) => options.events?.note?.(text),
        onFinished: (cell, finished) => {
          const row = rowOf(cell, finished);
          writer.append(row);
          rows.set(cell.key, row);
          options.events?.done?.(row);
        },
      });
    } finally {
      writer.close();
    }
    const ordered = cells.flatMap((c) => rows.get(c.key) ?? []);
    return {
      folder,
      rows: ordered,
      cells: cells.length,
      missing: cells.length - ordered.length,
      interrupted: options.signal?.aborted === true,
      warnings,
    };
  } finally {
    unlock();
  }
}

export interface RunPlan {
  /** Of this share, in the definition's order. */
  cells: Cell[];
  /**
   * Those that have no row yet, the longest first: no worker idles while another begins the largest program.
   */
  todo: Cell[];
  /** What is there already, by key. */
  rows: Map<string, Row>;
  /** Of all cells. */
  keys: string[];
  hash: string;
  warnings: string[];
}

/** What a run would do. @throws UserError when the definition names what does not exist */
export function planOf(
  definition: Definition,
  { results, shard, retryFailed }: Pick<RunOptions, 'results' | 'shard' | 'retryFailed'>,
): RunPlan {
  const folder = join(results, definition.name);
  const all = expand(definition, optimizerCode());
  const cells = shard === undefined ? all : all.filter((_, i) => i % shard.of === shard.index - 1);
  const stored = readRows(folder);
  const keys = all.map((c) => c.key);
  const rows = new Map(currentRows(stored.rows, keys).map((r) => [r.key, r]));
  const hash = definitionHash(definition);
  const warnings = [...stored.warnings, ...changes(folder, hash, stored.rows, rows)];
  const todo = cells
    .filter((c) => {
      const row = rows.get(c.key);
      return (
        row === undefined ||
        (retryFailed === true && row.status === 'failed') ||
        // Its file was not there: it may have been imported since.
        (row.status === 'skipped' && /^(missing|unreadable): /.test(row.reason) && isThere(c.program))
      );
    })
    .sort((a, b) => costOf(b) - costOf(a));
  return { cells, todo, rows, keys, hash, warnings };
}

function changes(
  folder: string,
  hash: string,
  all: readonly Row[],
  used: ReadonlyMap<string, Row>,
): string[] {
  const old = all.filter((r) => !used.has(r.key)).length;
  if (old === 0) return [];
  const changed = earlierDefinition(folder)?.hash !== hash;
  const why = changed ? 'the definition changed' : 'the optimizer or an input changed';
  return [`${folder}: ${why} since ${old} of its rows were made; they are kept, but not used`];
}

/** Redis is only loaded where it is asked for. */
async function executorOf(
  { measure }: Definition,
  { queue, workers, optimizer, grace }: RunOptions,
): Promise<Execute> {
  const isTimed = measure?.time !== undefined;
  if (queue !== undefined && isTimed)
    throw new UserError(
      'times in the kernel are measured on one machine that does nothing else.',
      'measure.time',
      'Run it without --queue.',
    );
  if (queue !== undefined) return (await import('./queue/coordinator.ts')).executeOnQueue(queue);
  return executeHere({
    // A second worker would be heard by the stopwatch of the first.
    workers: isTimed ? 1 : workers,
    ...(optimizer === undefined ? {} : { optimizer }),
    ...(grace === undefined ? {} : { grace }),
  });
}

/** sha256 of the file that a cell reads; '' when its corpus has none. */
function inputDigest({ program: { corpus, id, variant } }: Cell): string {
  const build = buildOf(entryOf(openCorpus(corpus), id), variant);
  return (build === undefined ? undefined : inputOf(build))?.sha256 ?? '';
}
