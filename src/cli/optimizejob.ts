/**
 * One optimization in a thread of its own, so that the command can show progress and answer Ctrl-C while it searches.
 * `workerData` is a `Job`; the first byte of `job.stop` other than 0 ends the search with what is proven so far.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { readBytes, writeWhole } from '../experiment/files.ts';
import { optimizeObject, optimizeProgram } from '../optimizer/index.ts';
import type { OptimizeOptions, OptimizeResult } from '../optimizer/types.ts';
import { UserError } from '../program/errors.ts';
import { writeRawFile } from '../program/raw.ts';
import type { WhichPrograms } from './args.ts';
import { findPrograms, isObject, theProgram } from './programs.ts';

export interface Job {
  file: string;
  output: string;
  which: WhichPrograms;
  options: OptimizeOptions;
  stop: SharedArrayBuffer;
}

/** What became of one program. */
export type JobRow =
  | { status: 'optimized'; name: string; section: string; result: OptimizeResult }
  | { status: 'skipped'; name: string; section: string; reason: string };

export type JobMessage =
  | { kind: 'progress'; step: number; steps: number; slots: number }
  | { kind: 'done'; rows: JobRow[]; isWritten: boolean }
  | { kind: 'user-error'; message: string }
  | { kind: 'bug'; stack: string };

const PROGRESS_EVERY = 100;

/** What the running kernel has against an output; nothing is written then. */
function isObjectedTo({ kernel, differential }: OptimizeResult): boolean {
  return kernel.status === 'refused' || differential.status === 'differ';
}

async function work(job: Job): Promise<{ rows: JobRow[]; isWritten: boolean }> {
  const flag = new Uint8Array(job.stop);
  let last = 0;
  const control = {
    stop: () => Atomics.load(flag, 0) !== 0,
    onProgress: ({ step, steps, slots }: { step: number; steps: number; slots: number }) => {
      const now = performance.now();
      if (now - last < PROGRESS_EVERY) return;
      last = now;
      post({ kind: 'progress', step, steps, slots });
    },
  };
  const { file, output, which, options } = job;
  const bytes = readBytes(file);
  if (!isObject(bytes) || file.endsWith('.insns')) {
    const program = theProgram(file, which);
    const result = await optimizeProgram(program, options, control);
    const isWritten = !isObjectedTo(result);
    if (isWritten) writeRawFile(output, result.program);
    const { name, section } = program;
    return { rows: [{ status: 'optimized', name, section, result }], isWritten };
  }
  const found = findPrograms(file, which);
  const [first] = found;
  if (first !== undefined && found.every((f) => !f.ok) && !first.ok)
    throw new UserError(`${first.reason}.`, `${file}, section ${first.section}, ${first.name}`);
  const { type, section } = which;
  const selection = {
    ...(type === undefined ? {} : { hook: type }),
    ...(section === undefined ? {} : { section }),
  };
  const { bytes: smaller, rows } = await optimizeObject(bytes, file, options, selection, control);
  const isWritten = !rows.some((r) => r.status === 'optimized' && isObjectedTo(r.result));
  if (isWritten) writeWhole(output, smaller);
  return {
    rows: rows.map((r) =>
      r.status === 'skipped' ? r : { status: r.status, name: r.name, section: r.section, result: r.result },
    ),
    isWritten,
  };
}

function post(message: JobMessage): void {
  parentPort?.postMessage(message);
}

try {
  post({ kind: 'done', ...(await work(workerData as Job)) });
} catch (e) {
  if (e instanceof UserError) post({ kind: 'user-error', message: e.message });
  else post({ kind: 'bug', stack: e instanceof Error ? (e.stack ?? e.message) : String(e) });
}
// The solver's threads would keep this one alive.
process.exit();
