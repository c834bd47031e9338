/** `k2 reproduce`: every table of the paper. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Definition } from '../../../experiment/definition/definition.ts';
import type { Row } from '../../../experiment/results/result.ts';
import type { RunOptions } from '../../../experiment/run/runner.ts';
import { count } from '../../args.ts';
import { EXIT_INTERRUPTED, ExitCode } from '../../failure.ts';
import { note, say } from '../../output.ts';

interface ReproduceArgs {
  full?: boolean;
  results: string;
  workers: number;
  queue?: string;
  steps?: number;
  output: string;
  only?: string;
  save?: string;
  json?: boolean;
}

/** In experiments/, in the order in which they run: what is quick and most telling first. */
export const PAPER_EXPERIMENTS = [
  'table1-size',
  'table7-estimate',
  'table5-safety',
  'table6-cache',
  'table2-throughput',
  'table3-latency',
  'figure-h',
  'table4-equivalence',
  'table8-9-parameters',
  'table10-rules',
] as const;

export function reproduceCommand(program: Command): void {
  program
    .command('reproduce')
    .description(
      "run the experiments of all the paper's tables, and write their reports; what is done is kept",
    )
    .option('--full', "the paper's budgets: hours instead of minutes")
    .option('--only <names>', `some of them, separated by commas: ${PAPER_EXPERIMENTS.join(', ')}`)
    .option('--steps <n>', 'another budget per cell, e.g. 1000 to see that everything works', count)
    .option('--results <dir>', 'folder of all results', 'results')
    .option('--workers <n>', 'worker processes', count, 2)
    .option('--queue <url>', 'let k2 worker processes anywhere run the cells, through this Redis server')
    .option('-o, --output <dir>', 'where the reports go', join('reports', 'paper'))
    .option('--save <dir>', 'keep the results as baselines there, fit to be committed')
    .option('--json', 'one line of JSON per experiment, instead of text')
    .action(reproduce);
}

async function reproduce(o: ReproduceArgs): Promise<void> {
  const definitions = await chosenDefinitions(o);
  const { runExperiment } = await import('../../../experiment/run/runner.ts');
  const { writeSite } = await import('../../../report/html/site.ts');
  const { runProgress } = await import('../../progress.ts');
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  const options: RunOptions = {
    results: o.results,
    workers: o.workers,
    signal: abort.signal,
    ...(o.queue === undefined ? {} : { queue: o.queue }),
  };
  const all = await overallProgress(definitions, options);
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const skipped: string[] = [];
  try {
    for (const [i, definition] of definitions.entries()) {
      note(`\n[${i + 1}/${definitions.length}${all.leftText()}] ${definition.title}`);
      const progress = runProgress(false);
      const run = await runExperiment(definition, {
        ...options,
        events: {
          ...progress.events,
          done: (row) => {
            progress.events.done(row);
            all.finish(row);
          },
        },
      }).finally(() => progress.close());
      await conclude(definition, run.rows, run.folder, o);
      skipped.push(...(await whatIsMissing(run.rows)).map((line) => `${definition.name}: ${line}`));
      if (run.interrupted) {
        note(`k2: interrupted. What is done is kept in ${o.results}; the same command goes on.`);
        throw new ExitCode(EXIT_INTERRUPTED);
      }
    }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    const site = writeSite(o.output);
    note(skipped.length === 0 ? '\nNothing was skipped.' : `\nNot as it should be:\n${skipped.join('\n')}`);
    if (site !== undefined) note(`Overview: ${site}`);
  }
}

async function chosenDefinitions(o: ReproduceArgs): Promise<Definition[]> {
  const { fullDefinition, readDefinition, withSteps } = await import(
    '../../../experiment/definition/definition.ts'
  );
  const { PACKAGE_ROOT } = await import('../../../base/paths.ts');
  const { hintFor } = await import('../../../base/text.ts');
  const { UserError } = await import('../../../base/errors.ts');
  const names: readonly string[] = PAPER_EXPERIMENTS;
  const wanted = o.only?.split(',').map((n) => n.trim()) ?? names;
  return wanted.map((n) => {
    if (!names.includes(n))
      throw new UserError(`there is no experiment '${n}'.`, '--only', hintFor(n, names));
    const read = readDefinition(join(PACKAGE_ROOT, 'experiments', `${n}.yaml`));
    const chosen = o.full === true ? fullDefinition(read) : read;
    return o.steps === undefined ? chosen : withSteps(chosen, o.steps);
  });
}

/**
 * What is left over all experiments; says at the start how much that is, and which programs are not there.
 */
async function overallProgress(
  definitions: readonly Definition[],
  options: RunOptions,
): Promise<{ leftText(): string; finish(row: Row): void }> {
  const { planOf } = await import('../../../experiment/run/runner.ts');
  const { durationText, Eta } = await import('../../../experiment/run/eta.ts');
  const { missingPrograms } = await import('../../../experiment/corpus/corpus.ts');
  const plans = definitions.map((d) => planOf(d, options));
  const todo = plans.flatMap((p) => p.todo);
  const cells = plans.reduce((s, p) => s + p.cells.length, 0);
  note(
    `${definitions.length} experiments, ${cells} cells: ${cells - todo.length} done already, ${todo.length} to do`,
  );
  for (const line of missingPrograms(plans.flatMap((p) => p.cells.map((c) => c.program))))
    note(`warning: ${line}`);
  const eta = new Eta(todo, performance.now());
  return {
    leftText: () => {
      const seconds = eta.seconds(performance.now());
      return seconds === undefined ? '' : `, about ${durationText(seconds)} left in all`;
    },
    finish: (row) => eta.finish(row.key),
  };
}

/**
 * The report, and one line. Reports and baselines leave out what may not be handed on, so that they can be
 * committed.
 */
async function conclude(
  definition: Definition,
  rows: readonly Row[],
  folder: string,
  o: ReproduceArgs,
): Promise<void> {
  const { saveBaseline } = await import('../../../experiment/results/baseline.ts');
  const { publicRows } = await import('../../../experiment/results/publish.ts');
  const { summarise, totalsOf, totalsText } = await import('../../../report/tables/summary.ts');
  const { writeReport } = await import('../../../report/write.ts');
  const { name, title } = definition;
  const files = await writeReport(definition, publicRows(rows), join(o.output, name));
  if (o.save !== undefined && rows.length > 0) saveBaseline(name, folder, o.save);
  const totals = totalsOf(summarise(definition, rows));
  if (o.json === true) say(JSON.stringify({ name, totals, files }));
  else say(`${title}: ${totalsText(totals)} ${files.html}`);
}

/** Cells without a result, and checks that were not made, by reason. */
async function whatIsMissing(rows: readonly Row[]): Promise<string[]> {
  const { hasResult } = await import('../../../experiment/results/result.ts');
  const counts = new Map<string, number>();
  const add = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  for (const row of rows) {
    // Which file is missing says its row.
    if (!hasResult(row) || row.status === 'rejected')
      add(`${row.status}: ${row.reason.replace(/^(missing|unreadable): \S+ is/, '$1: a file is')}`);
    else {
      if (row.interrupted) add('cut short by the time limit');
      if (row.kernel.status === 'not checked' && row.options.kernel !== 'off')
        add(`not checked by the kernel: ${row.kernel.reason}`);
    }
  }
  return [...counts].map(([what, n]) => `${n} ${n === 1 ? 'cell' : 'cells'} ${what}`);
}
