/**
 * One optimization in a thread of its own, so that the command can show progress and answer Ctrl-C while it
 * searches. `workerData` is a `OptimizeJob`; the first byte of `job.stop` other than 0 ends the search with
 * what is proven so far.
 */
import { join, parse } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../base/errors.ts';
import { indexOfSlot, slotOffsets } from '../isa/flow.ts';
import { type OptimizeControl, optimizeFile } from '../optimizer/index.ts';
import type { ObjectSizes, OptimizeOptions, OptimizeResult } from '../optimizer/types.ts';
import { loadFile, saveFile, usableIn } from '../program/file.ts';
import type { Program } from '../program/program.ts';
import type { Window } from '../verify/types.ts';
import type { WhichPrograms } from './args.ts';
import { loadOptions, oneOf } from './programs.ts';
import { writeProofs } from './proof-files.ts';

export interface OptimizeJob {
  file: string;
  output: string;
  which: WhichPrograms;
  options: OptimizeOptions;
  /** The front of slots against modeled latency instead of the best for one goal. */
  pareto: boolean;
  /** Slots that may change; everything where there are none. */
  windows: readonly Window[];
  workers: number;
  /** Folder for the proofs. */
  proofs?: string;
  /** Seconds after which what is proven by then is written. */
  timeLimit?: number;
  stop: SharedArrayBuffer;
}

/** What became of one program. */
export type JobRow =
  | { status: 'optimized'; name: string; section: string; result: OptimizeResult }
  | { status: 'skipped'; name: string; section: string; reason: string };

export interface OptimizeJobResult {
  rows: JobRow[];
  /** None when the running kernel objects. */
  written: string[];
  /** Of an object. */
  sizes?: ObjectSizes;
}

export type JobMessage =
  | { kind: 'progress'; step: number; steps: number; slots: number; name: string }
  | ({ kind: 'done' } & OptimizeJobResult)
  | { kind: 'user-error'; message: string }
  | { kind: 'bug'; stack: string };

const PROGRESS_EVERY = 100;

/** What the running kernel has against an output; nothing is written then. */
function isObjectedTo({ kernel, differential }: OptimizeResult): boolean {
  return kernel.status === 'refused' || differential.status === 'differ';
}

/** `prog.small.o` becomes `prog.small.1.o`. */
function numbered(output: string, n: number): string {
  const { dir, name, ext } = parse(output);
  return join(dir, `${name}.${n}${ext}`);
}

/** Ranges of slots as ranges of instructions. */
function instructions(program: Program, windows: readonly Window[]): Window[] {
  const offsets = slotOffsets(program.insns);
  const slots = offsets[program.insns.length] ?? 0;
  return windows.map(({ start, end }) => {
    const [from, to] = [
      indexOfSlot(offsets, start),
      end === slots ? program.insns.length : indexOfSlot(offsets, end),
    ];
    if (from !== undefined && to !== undefined) return { start: from, end: to };
    const hint = `It has slots 0 to ${slots - 1}; ld_imm64 takes two. \`k2 disasm\` numbers them.`;
    throw new UserError(`${start}..${end} is no range of ${program.name}'s instructions.`, '--window', hint);
  });
}

async function work(job: OptimizeJob): Promise<OptimizeJobResult> {
  const flag = new Uint8Array(job.stop);
  let last = 0;
  const end =
    job.timeLimit === undefined ? Number.POSITIVE_INFINITY : performance.now() + 1000 * job.timeLimit;
  const control: OptimizeControl = {
    workers: job.workers,
    threaded: true,
    proofs: job.proofs !== undefined,
    stop: () => Atomics.load(flag, 0) !== 0 || performance.now() > end,
    onProgress: ({ step, steps, slots, name }) => {
      const now = performance.now();
      if (now - last < PROGRESS_EVERY) return;
      last = now;
      post({ kind: 'progress', step, steps, slots, name });
    },
  };
  const file = loadFile(job.file, loadOptions(job.which));
  const programs = usableIn(file);
  const windows = job.windows.length === 0 ? undefined : instructions(oneOf(programs, job.file), job.windows);
  const options = windows === undefined ? job.options : { ...job.options, windows };
  const { pareto } = job;
  const result = await optimizeFile(file, options, { pareto }, control);
  const rows: JobRow[] = result.rows.map((r) =>
    r.status === 'skipped' ? r : { status: r.status, name: r.name, section: r.section, result: r.result },
  );
  const isObjected = rows.some((r) => r.status === 'optimized' && isObjectedTo(r.result));
  const { sizes } = result;
  const isUnfinished =
    rows.length > 0 && control.stop?.() === true && !rows.some((r) => r.status === 'optimized');
  if (isObjected || isUnfinished) return { rows, written: [], sizes };
  // One file, or, where several versions were asked for, one for each.
  const several = pareto || options.topK !== undefined ? result.versions : [];
  const files =
    several.length === 0
      ? [{ path: job.output, contents: result.contents }]
      : several.map((contents, n) => ({ path: numbered(job.output, n + 1), contents }));
  for (const { path, contents } of files) saveFile(path, contents);
  if (job.proofs !== undefined)
    writeProofs(
      job.proofs,
      job.file,
      files.map(({ path }) => path),
      rows.flatMap((r) =>
        r.status === 'optimized' ? [{ name: r.name, section: r.section, proofs: r.result.proofs ?? [] }] : [],
      ),
    );
  return { rows, written: files.map(({ path }) => path), sizes };
}

function post(message: JobMessage): void {
  parentPort?.postMessage(message);
}

try {
  post({ kind: 'done', ...(await work(workerData as OptimizeJob)) });
} catch (e) {
  if (e instanceof UserError) post({ kind: 'user-error', message: e.message });
  else post({ kind: 'bug', stack: e instanceof Error ? (e.stack ?? e.message) : String(e) });
}
// The solver's threads would keep this one alive.
process.exit();
