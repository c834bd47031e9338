/** Result rows: one JSON line per cell. */
import { z } from 'zod';
import type { AppliedRewrite, DifferentialRun, KernelCheck, OptimizeOptions } from '../../optimizer/types.ts';
import type { CorpusFacts } from '../corpus/corpus-facts.ts';
import type { ProgramRef } from '../definition/expand.ts';
import type { BothCosts } from '../measure/costs.ts';
import type { SwitchTimes } from '../measure/equivalence-time.ts';
import type { Executed } from '../measure/execution-counts.ts';
import type { KernelTimes } from '../measure/kernel-time.ts';
import type { VersionLoadVerdict } from '../measure/load-verdict.ts';
import type { BeforeAfter } from '../measure/measurement.ts';
import type { TrafficResult } from '../measure/traffic.ts';
import type { Provenance } from './provenance.ts';

/** What only some experiments measure, see measures.ts. */
export interface Extra {
  time?: KernelTimes;
  /** Per version, best first. */
  consent?: VersionLoadVerdict[];
  traffic?: TrafficResult;
  equivalence?: SwitchTimes[];
  /** Questions to the cache, its hits, and all questions to the verifier. */
  cache?: { hits: number; calls: number; asked: number };
}

/**
 * What a worker finds out about a cell: `ok` better than the input · `unchanged` nothing better was found ·
 * `rejected` the running kernel refuses the output, or saw it do something else · `skipped` no program to
 * optimize · `failed` the optimizer crashed, ran out of memory or hung
 */
export type CellOutcome =
  | { status: 'skipped' | 'failed'; reason: string; log?: string }
  | {
      status: 'ok' | 'unchanged' | 'rejected';
      /** Why nothing was found, or that the time limit ended the search: `interrupted` is true then. */
      reason: string;
      interrupted: boolean;
      measurements: {
        slots: BeforeAfter;
        instructions: BeforeAfter;
        latency: BeforeAfter;
        staticLatency: BeforeAfter;
      };
      kernel: KernelCheck;
      differential: DifferentialRun;
      rewrites: readonly AppliedRewrite[];
      convergence: readonly (readonly [step: number, slots: number])[];
      stats: Record<string, unknown>;
      notes: readonly string[];
      /** One line per instruction, with slot numbers. */
      disassembly: { before: readonly string[]; after: readonly string[] };
      /** The output's instructions, hexadecimal. */
      output: string;
      /** Of every instruction, in the order of the listings; not in older rows. */
      executed?: Executed;
      /**
       * Nanoseconds that one execution of each instruction is priced at, in the same order; since schema 2.
       */
      prices?: { before: readonly number[]; after: readonly number[] };
      /**
       * What input and result cost, also to the verifiers of the kernels that were asked; not in older rows.
       */
      costs?: BothCosts;
      extra?: Extra;
    };

/** Schema of the rows that are written. */
export const ROW_SCHEMA = 2;

export type Row = CellOutcome & {
  /** 1: without `facts` and `prices`; readers then ask the corpus, where it is there. */
  schema: 1 | 2;
  facts?: CorpusFacts;
  key: string;
  experiment: string;
  program: ProgramRef;
  configuration: string;
  options: OptimizeOptions;
  seed: number;
  /** sha256 of the input file; '' when there is none. */
  input: string;
  definition: string;
  /** Wall clock, as whoever waited saw it. */
  seconds: number;
  /** Of the worker's process, all threads; absent when it broke. */
  cpuSeconds?: number;
  date: string;
  provenance: Provenance;
};

/** An outcome with measurements. */
export type Measured = Extract<CellOutcome, { interrupted: boolean }>;

export type ResultRow = Row & Measured;

export function hasResult(row: Row): row is ResultRow {
  return row.status !== 'skipped' && row.status !== 'failed';
}

/** What every line must have, whoever wrote it; the rest is trusted. */
const RowHead = z
  .object({
    schema: z.union([z.literal(1), z.literal(2)]),
    key: z.string(),
    experiment: z.string(),
    program: z.object({ corpus: z.string(), id: z.string(), variant: z.string() }).loose(),
    configuration: z.string(),
    seed: z.number(),
    status: z.enum(['ok', 'unchanged', 'rejected', 'skipped', 'failed']),
    reason: z.string(),
  })
  .loose();

/** A line of a result file as a row, or what is wrong with it. */
export function parseRow(line: string): { ok: true; row: Row } | { ok: false; reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { ok: false, reason: 'incomplete or damaged JSON' };
  }
  const head = RowHead.safeParse(json);
  if (head.success) return { ok: true, row: json as Row };
  const issue = head.error.issues[0];
  return { ok: false, reason: `${issue?.path.join('.')}: ${issue?.message}` };
}
