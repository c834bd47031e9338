/** `k2 optimize`: a file in, a smaller one out. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import cliProgress from 'cli-progress';
import { type Command, Option } from 'commander';
import { UserError } from '../../../base/errors.ts';
import type { PartialOptions } from '../../../experiment/definition/options.ts';
import type { Goal } from '../../../optimizer/types.ts';
import type { MemoryModel } from '../../../program/contracts/shared-memory.ts';
import type { Window } from '../../../verify/types.ts';
import {
  budget,
  count,
  isa,
  linux,
  memoryModelOption,
  slotRanges,
  type WhichPrograms,
  whichPrograms,
} from '../../args.ts';
import { EXIT_INTERRUPTED, ExitCode } from '../../failure.ts';
import type { JobMessage, JobRow, OptimizeJob, OptimizeJobResult } from '../../optimize-job.ts';
import { rowText, sizesText } from '../../optimize-text.ts';
import { note, say, sayJson } from '../../output.ts';

/** Proposals below which starting threads takes longer than what they save. */
const SHORT = 100_000;

interface OptimizeArgs extends WhichPrograms {
  output: string;
  goal: Goal | 'pareto';
  budget?: number;
  steps?: number;
  workers?: number;
  timeLimit?: number;
  topK?: number;
  diff?: boolean;
  seed: number;
  settings?: string;
  tests?: number;
  window?: Window[];
  windowLength?: number;
  isa?: PartialOptions['isa'];
  kernel?: string | boolean;
  requireKernel?: boolean;
  diffRuns?: number;
  solver?: string;
  proofs?: string;
  memoryModel: MemoryModel;
  json?: boolean;
}

export function optimizeCommand(program: Command): void {
  whichPrograms(program.command('optimize <file>'))
    .description('make the programs of an object or an .insns file smaller; every change is proven')
    .requiredOption('-o, --output <file>', 'where to write the result: same kind of file')
    .addOption(
      new Option(
        '--goal <what>',
        'balanced: slots, and nothing gets dearer (time, machine code, verifier); size: slots alone; latency: time; pareto: versions for size and latency, as OUT.1, OUT.2, ...',
      )
        .choices(['balanced', 'size', 'latency', 'pareto'])
        .default('balanced'),
    )
    .option(
      '--budget <steps=n>',
      'proposals in all, per program; fast: none, known patterns and dead code only',
      budget,
    )
    .option('--steps <n>', 'the same', count)
    .option(
      '--workers <n>',
      'threads; any number gives the same result (default: one per core, less the one that proves and shares)',
      count,
    )
    .option(
      '--time-limit <seconds>',
      'ends the search early; a result then depends on the machine, and says so',
      count,
    )
    .option('--top-k <n>', 'the n best different versions, as OUT.1, OUT.2, ...', count)
    .option('--seed <n>', 'same seed, same result', count, 1)
    .option('--settings <name>', 'settings of the search: k2-1 to k2-5')
    .option('--tests <n>', 'test cases that every candidate runs on', count)
    .option(
      '--window <i..j>',
      'change slots i to j - 1 only (k2 disasm numbers them); repeatable',
      slotRanges,
    )
    .option('--window-length <n>', 'longest window, in instructions', count)
    .option('--isa <level>', "instructions of the output, v1 to v4; default: the input's own", isa)
    .option('--kernel <version>', 'oldest Linux that must accept the output, e.g. 5.4', linux)
    .option('--no-kernel', 'do not use the running kernel')
    .option('--require-kernel', 'fail when the running kernel cannot be used')
    .option('--diff-runs <n>', 'differential runs in the kernel at the end', count)
    .option('--solver <name>', 'embedded, or an installed z3, bitwuzla or cvc5, or a path to one')
    .option(
      '--proofs <dir>',
      'write the proof of every rewrite there, for `k2 proofs check` or any SMT-LIB 2 solver',
    )
    .addOption(memoryModelOption())
    .option('--diff', 'show all rewrites, not the first few')
    .option('--json', 'the whole result as JSON: rewrites with their proof, sizes, latency')
    .action(optimize);
}

async function optimize(file: string, o: OptimizeArgs): Promise<void> {
  const { completeOptions, Options } = await import('../../../experiment/definition/options.ts');
  const { hintFor } = await import('../../../base/text.ts');
  const settings = Options.shape.settings.options;
  if (o.settings !== undefined && !settings.includes(o.settings))
    throw new UserError(
      `there are no settings '${o.settings}'.`,
      '--settings',
      hintFor(o.settings, settings),
    );
  if ((extname(file) === '.insns') !== (extname(o.output) === '.insns'))
    throw new UserError(
      'input and output must be of the same kind.',
      o.output,
      'Both .insns, or both objects.',
    );
  const options = completeOptions(
    {
      goal: o.goal === 'pareto' ? 'size' : o.goal,
      kernel: o.kernel === false ? 'off' : o.requireKernel === true ? 'require' : 'auto',
      ...defined({ steps: o.budget ?? o.steps, settings: o.settings, tests: o.tests }),
      ...defined({ windowLength: o.windowLength }),
      ...defined({
        isa: o.isa,
        linux: typeof o.kernel === 'string' ? o.kernel : undefined,
        diffRuns: o.diffRuns,
        solver: o.solver,
        memoryModel: o.memoryModel,
      }),
    },
    o.seed,
  );
  const { type, section, assume } = o;
  const which = { ...defined({ type, section, assume }) };
  const job: OptimizeJob = {
    file,
    output: o.output,
    which,
    options: { ...options, ...defined({ topK: o.topK }) },
    pareto: o.goal === 'pareto',
    windows: o.window ?? [],
    workers: o.workers ?? ((options.steps ?? SHORT) < SHORT ? 1 : Math.max(1, availableParallelism() - 1)),
    ...defined({ proofs: o.proofs, timeLimit: o.timeLimit }),
    stop: new SharedArrayBuffer(1),
  };
  const { rows, written, sizes, interrupted } = await runJob(job, o.json !== true);
  if (o.json === true) {
    const output = written.length > 1 ? written : (written[0] ?? null);
    const head = { output, options: { ...job.options, goal: o.goal }, interrupted };
    sayJson({ ...head, ...(sizes === undefined ? {} : { object: sizes }), programs: rows.map(forJson) });
  } else {
    for (const row of rows) say(rowText(row, { all: o.diff === true, files: written }));
    if (sizes !== undefined) say(sizesText(sizes));
  }
  if (written.length === 0 && !rows.some((row) => row.status === 'optimized')) {
    note('k2: no program was finished in time: nothing was written.');
    throw new ExitCode(interrupted ? EXIT_INTERRUPTED : 1);
  }
  if (written.length === 0) {
    note('k2: nothing was written: the running kernel rejects the output, see above. Please report it.');
    throw new ExitCode(1);
  }
  if (interrupted) {
    note(`k2: interrupted. What was proven by then is in ${written.join(', ')}.`);
    throw new ExitCode(EXIT_INTERRUPTED);
  }
  if (o.json !== true) note(`Written: ${written.join(', ')}`);
}

function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** The thread's answer; the first Ctrl-C asks it to stop, the second ends everything. */
async function runJob(
  job: OptimizeJob,
  chatty: boolean,
): Promise<OptimizeJobResult & { interrupted: boolean }> {
  // The same path from the sources and from the compiled code: `.js` beside this file's parent.
  const worker = new Worker(new URL('../../optimize-job.js', import.meta.url), {
    workerData: job,
    stdout: true,
  });
  const bar = chatty && process.stderr.isTTY ? progressBar() : undefined;
  let interrupted = false;
  const onSignal = (): void => {
    if (interrupted) process.exit(EXIT_INTERRUPTED);
    interrupted = true;
    Atomics.store(new Uint8Array(job.stop), 0, 1);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const done = await new Promise<Extract<JobMessage, { kind: 'done' }>>((resolve, reject) => {
      worker.on('message', (m: JobMessage) => {
        if (m.kind === 'progress') bar?.update(m.step, { slots: m.slots, steps: m.steps, name: m.name });
        else if (m.kind === 'done') resolve(m);
        else if (m.kind === 'user-error') reject(new UserError(m.message));
        else reject(Object.assign(new Error('the optimizer failed'), { stack: m.stack }));
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`the optimizer's thread ended with code ${code}`)));
    });
    const { kind: _, ...result } = done;
    return { ...result, interrupted };
  } finally {
    bar?.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await worker.terminate();
  }
}

function progressBar(): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar(
    {
      format: '{bar} {percentage} % | {name} | best proven so far: {slots} slots',
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_grey,
  );
  bar.start(1, 0, { slots: '?', name: '' });
  const update = bar.update.bind(bar);
  bar.update = ((step: number, payload: { steps: number }) => {
    bar.setTotal(payload.steps);
    update(step, payload);
  }) as typeof bar.update;
  return bar;
}

function forJson(row: JobRow): object {
  if (row.status === 'skipped') return row;
  const { program, versions, proofs: _, ...result } = row.result;
  return {
    ...{ status: row.status, name: row.name, section: row.section, hook: program.hook },
    ...result,
    ...(versions === undefined ? {} : { versions: versions.map(({ program: _, ...version }) => version) }),
  };
}
