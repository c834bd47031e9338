/** `k2 run`: an experiment, its table and its report. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import { count, shard } from '../../args.ts';
import { EXIT_INTERRUPTED, ExitCode } from '../../failure.ts';
import { note, say, sayJson } from '../../output.ts';

interface RunArgs {
  results: string;
  workers: number;
  queue?: string;
  steps?: number;
  output?: string;
  retry?: string;
  shard?: { index: number; of: number };
  report: boolean;
  json?: boolean;
  optimizer?: string;
  full?: boolean;
}

export function runCommand(program: Command): void {
  program
    .command('run <definition>')
    .description('run an experiment; what is done is kept, so it can be stopped at any moment and run again')
    .option('--results <dir>', 'folder of all results', 'results')
    .option('--workers <n>', 'worker processes', count, 2)
    .option('--queue <url>', 'let k2 worker processes anywhere run the cells, through this Redis server')
    .option('-o, --output <dir>', 'where the report goes; default: reports/<experiment>')
    .addOption(new Option('--retry <what>', 'run cells again that').choices(['failed']))
    .option('--shard <i/n>', 'only the i-th of n shares of the cells', shard)
    .option('--full', 'the full budgets of the definition, under a name of their own')
    .option('--steps <n>', 'another budget than that of the definition, e.g. to try it out', count)
    .option('--no-report', 'only the table')
    .option(
      '--optimizer <module>',
      'JavaScript module that exports optimizeProgram, instead of the built-in one',
    )
    .option('--json', 'the rows as JSON, instead of the table')
    .action(run);
}

async function run(file: string, o: RunArgs): Promise<void> {
  const { fullDefinition, readDefinition, withSteps } = await import(
    '../../../experiment/definition/definition.ts'
  );
  const { runExperiment } = await import('../../../experiment/run/runner.ts');
  const { summarise } = await import('../../../report/tables/summary.ts');
  const { summaryText } = await import('../../../report/tables/text.ts');
  const { runProgress } = await import('../../progress.ts');
  const read = readDefinition(file);
  const chosen = o.full === true ? fullDefinition(read) : read;
  const definition = o.steps === undefined ? chosen : withSteps(chosen, o.steps);
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const progress = runProgress(o.json === true);
  const summary = await runExperiment(definition, {
    results: o.results,
    workers: o.workers,
    retryFailed: o.retry === 'failed',
    ...(o.queue === undefined ? {} : { queue: o.queue }),
    ...(o.shard === undefined ? {} : { shard: o.shard }),
    ...(o.optimizer === undefined ? {} : { optimizer: pathToFileURL(o.optimizer).href }),
    signal: abort.signal,
    events: progress.events,
  }).finally(() => {
    progress.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  });
  if (summary.interrupted) {
    const done = summary.rows.length;
    note(
      `k2: interrupted. ${done} of ${summary.cells} cells are done and kept in ${summary.folder}; the same command goes on.`,
    );
    throw new ExitCode(EXIT_INTERRUPTED);
  }
  if (o.json === true) sayJson(summary.rows);
  else say(`\n${summaryText(summarise(definition, summary.rows))}`);
  if (!o.report) return;
  const { writeReport } = await import('../../../report/write.ts');
  const hasOverview = o.output === undefined;
  const folder = o.output ?? join('reports', definition.name);
  const files = await writeReport(definition, summary.rows, folder, { hasOverview });
  (o.json === true ? note : say)(`Report: ${files.html}`);
  if (hasOverview) {
    const { writeSite } = await import('../../../report/html/site.ts');
    writeSite('reports');
  }
}
