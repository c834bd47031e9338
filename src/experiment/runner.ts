/**
 * Runs an experiment.
 *
 *   definition --expand--> cells --minus rows that are there--> to do --workers--> outcomes --append--> cells.jsonl
 *
 * It can be killed at any moment and started again: a cell is either a whole line in the store, or still to do.
 */
import { join } from 'node:path';
import { buildOf, entryOf, inputOf, openCorpus } from './corpus.ts';
import type { Definition } from './definition.ts';
import { definitionHash } from './definition.ts';
import { type Cell, expand } from './expand.ts';
import { makeFolder } from './files.ts';
import { lockFolder } from './lock.ts';
import { Worker } from './pool.ts';
import { gatherProvenance, optimizerCode, type Provenance } from './provenance.ts';
import type { CellOutcome, Row } from './result.ts';
import { earlierDefinition, RowWriter, readRows, writeDefinition } from './store.ts';

export interface RunOptions {
  /** Folder of all results; the experiment's own is below it. */
  results: string;
  workers: number;
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
  start(info: { cells: number; kept: number; todo: number; warnings: readonly string[] }): void;
  progress(cell: Cell, step: number, steps: number, slots: number): void;
  done(row: Row): void;
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
  const folder = join(options.results, definition.name);
  const code = optimizerCode();
  const all = expand(definition, code);
  const { shard } = options;
  const cells = shard === undefined ? all : all.filter((_, i) => i % shard.of === shard.index - 1);
  makeFolder(folder);
  const unlock = lockFolder(folder);
  try {
    const stored = readRows(folder);
    const keys = all.map((c) => c.key);
    const rows = new Map(currentRows(stored.rows, keys).map((r) => [r.key, r]));
    const hash = definitionHash(definition);
    const warnings = [...stored.warnings, ...changes(folder, hash, stored.rows, rows)];
    writeDefinition(folder, { definition, hash, keys });
    const todo = cells.filter((c) => {
      const row = rows.get(c.key);
      return row === undefined || (options.retryFailed === true && row.status === 'failed');
    });
    options.events?.start?.({
      cells: cells.length,
      kept: cells.length - todo.length,
      todo: todo.length,
      warnings,
    });
    const job = new Job(definition, hash, gatherProvenance(code), folder, options, rows);
    await job.run(todo);
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

/** The last row of each key, in the order of the keys. */
export function currentRows(rows: readonly Row[], keys: readonly string[]): Row[] {
  const byKey = new Map(rows.map((r) => [r.key, r]));
  return keys.flatMap((key) => byKey.get(key) ?? []);
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

/** The work of one run: workers that take cells from one list. */
class Job {
  readonly #definition: Definition;
  readonly #hash: string;
  readonly #provenance: Provenance;
  readonly #folder: string;
  readonly #options: RunOptions;
  readonly #rows: Map<string, Row>;
  /** Interrupted, or a row could not be written: workers are killed, and their words do not count. */
  #over = false;

  constructor(
    definition: Definition,
    hash: string,
    provenance: Provenance,
    folder: string,
    options: RunOptions,
    rows: Map<string, Row>,
  ) {
    this.#definition = definition;
    this.#hash = hash;
    this.#provenance = provenance;
    this.#folder = folder;
    this.#options = options;
    this.#rows = rows;
  }

  async run(cells: readonly Cell[]): Promise<void> {
    const writer = new RowWriter(this.#folder);
    const queue = [...cells];
    // A second worker would be heard by the stopwatch of the first.
    const { workers: wanted } = this.#definition.measure?.time === undefined ? this.#options : { workers: 1 };
    const count = Math.max(1, Math.min(wanted, queue.length));
    const workers = Array.from({ length: count }, () => this.#worker());
    const closeAll = (): void => {
      this.#over = true;
      for (const w of workers) w.close();
    };
    const { signal } = this.#options;
    signal?.addEventListener('abort', closeAll);
    if (signal?.aborted === true) this.#over = true;
    try {
      await Promise.all(workers.map((w) => this.#serve(w, queue, writer)));
    } finally {
      signal?.removeEventListener('abort', closeAll);
      closeAll();
      writer.close();
    }
  }

  #worker(): Worker {
    const { cellSeconds, memoryMb } = this.#definition.budget;
    const { optimizer, grace } = this.#options;
    return new Worker({
      seconds: cellSeconds,
      memoryMb,
      ...(optimizer === undefined ? {} : { optimizer }),
      ...(grace === undefined ? {} : { grace }),
    });
  }

  async #serve(worker: Worker, queue: Cell[], writer: RowWriter): Promise<void> {
    const { events } = this.#options;
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
      if (this.#over) return;
      const current = cell;
      const start = performance.now();
      const outcome = await worker.run(current, (p) => events?.progress?.(current, p.step, p.steps, p.slots));
      // What was killed has no result: it is still to do.
      if (this.#over) return;
      const row = this.#row(current, outcome, (performance.now() - start) / 1000);
      writer.append(row);
      this.#rows.set(current.key, row);
      events?.done?.(row);
    }
  }

  #row(cell: Cell, outcome: CellOutcome, seconds: number): Row {
    const build = buildOf(entryOf(openCorpus(cell.program.corpus), cell.program.id), cell.program.variant);
    return {
      schema: 1,
      key: cell.key,
      experiment: this.#definition.name,
      program: cell.program,
      configuration: cell.configuration,
      options: cell.options,
      seed: cell.options.seed,
      ...outcome,
      input: (build === undefined ? undefined : inputOf(build))?.sha256 ?? '',
      definition: this.#hash,
      seconds: Math.round(seconds * 1000) / 1000,
      date: new Date().toISOString(),
      provenance: this.#provenance,
    };
  }
}
