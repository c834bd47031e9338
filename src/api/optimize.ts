/** Makes programs smaller or faster; every rewrite in the result is proven. */
import { UserError } from '../base/errors.ts';
import { completeOptions, PartialOptions } from '../experiment/definition/options.ts';
import { optimizeFile } from '../optimizer/objects/optimize-file.ts';
import type { OptimizeControl } from '../optimizer/pipeline.ts';
import { optimizePareto, optimizeProgram } from '../optimizer/program.ts';
import type { FileRow, ObjectSizes, OptimizeResult, Progress } from '../optimizer/types.ts';
import type { MemoryModel } from '../program/contracts/shared-memory.ts';
import { type FileContents, saveFile } from '../program/file.ts';
import type { Program } from '../program/program.ts';
import { BpfFile } from './load.ts';

/** What to make smaller, how long to try, and what must accept the output. Everything has a default. */
export interface OptimizeSettings {
  /**
   * `balanced` (the default): slots, while modeled latency, machine code and verifier effort stay at most the
   * input's. `size`: slots alone. `latency`: modeled latency. `pareto`: the front of slots and latency (see
   * `versions` of the result).
   */
  goal?: 'balanced' | 'size' | 'latency' | 'pareto';
  /** Proposals of the search, per program. Default: 4,000,000 and 500 for each slot. */
  steps?: number;
  /** Same input, options and seed give the same output. Default: 1. */
  seed?: number;
  /** Named settings of the search: `default`, or the paper's `k2-1` to `k2-5`. */
  settings?: string;
  /** Test cases that every candidate runs on. Default: 32. */
  tests?: number;
  /** Longest window, in instructions. Default: 8. */
  windowLength?: number;
  /** Instructions that the output may use. Default: the level of the input. */
  isa?: 'v1' | 'v2' | 'v3' | 'v4';
  /** Oldest Linux that must accept the output, such as `5.4`, which is the default. */
  linux?: string;
  /**
   * Whether to load the output into the running kernel: where that is possible (the default), never, or else
   * fail.
   */
  kernel?: 'auto' | 'off' | 'require';
  /** Differential runs in the running kernel at the end. Default: 1000. */
  diffRuns?: number;
  /** So many different proven versions, best first, in `versions` of the result. */
  topK?: number;
  /**
   * Solver of the proofs: `embedded` (the default), an installed `z3`, `bitwuzla` or `cvc5`, or a path to
   * one.
   */
  solver?: string;
  /** What others may do to memory that they share with the program. Default: `strict`. */
  memoryModel?: MemoryModel;
  /** Threads. Any number gives the same result. Default: 1, the calling thread. */
  workers?: number;
  /** Ends the search early; what is proven by then is the result, with `interrupted` set. */
  signal?: AbortSignal;
  /** Called often. */
  onProgress?(progress: Progress): void;
}

/** A file with its programs optimized. */
export interface OptimizedFile {
  /** One row per program, in file order. */
  rows: readonly FileRow[];
  /** The drop-in file. */
  contents: FileContents;
  /**
   * With `topK` or the goal `pareto`: a file with the first version of each program, with the second, and so
   * on.
   */
  versions: readonly FileContents[];
  /** Bytes before and after, of an object. */
  sizes?: ObjectSizes;
  /** Writes the drop-in file. */
  save(path: string): void;
}

/**
 * Makes a program, or every program of a file, smaller or faster.
 *
 * @example
 * ```ts
 * const optimized = await optimize(load('prog.o'), { steps: 100_000 });
 * for (const row of optimized.rows)
 *   if (row.status === 'optimized') console.log(row.name, row.result.slotsBefore, row.result.slotsAfter);
 * optimized.save('prog.small.o');
 * ```
 * @throws {@link UserError} for options that make no sense, and with `kernel: 'require'` where there is no
 *   kernel
 */
export async function optimize(what: BpfFile, options?: OptimizeSettings): Promise<OptimizedFile>;
/** One program; its proofs are the `rewrites` of the result. */
export async function optimize(what: Program, options?: OptimizeSettings): Promise<OptimizeResult>;
export async function optimize(
  what: BpfFile | Program,
  options: OptimizeSettings = {},
): Promise<OptimizedFile | OptimizeResult> {
  const { goal = 'balanced', seed = 1, workers = 1, signal, onProgress, ...rest } = options;
  const pareto = goal === 'pareto';
  const asked = PartialOptions.safeParse({ ...rest, goal: pareto ? 'size' : goal });
  if (!asked.success) {
    const [issue] = asked.error.issues;
    throw new UserError(`${issue?.message ?? 'not valid'}.`, `option ${issue?.path.join('.') ?? ''}`);
  }
  const complete = completeOptions(asked.data, seed);
  const control: OptimizeControl = { workers, onProgress, stop: () => signal?.aborted === true };
  if (!(what instanceof BpfFile)) return (pareto ? optimizePareto : optimizeProgram)(what, complete, control);
  const result = await optimizeFile(what.loaded, complete, { pareto }, control);
  return { ...result, save: (path) => saveFile(path, result.contents) };
}
