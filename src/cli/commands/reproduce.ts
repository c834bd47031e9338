/** `k2 reproduce`: every table of the paper. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { count } from '../args.ts';
import { EXIT_INTERRUPTED, Exit } from '../failure.ts';
import { note, say, sayJson } from '../output.ts';

interface ReproduceArgs {
  full?: boolean;
  results: string;
  workers: number;
  output: string;
  only?: string;
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
    .description("run the experiments of all the paper's tables, and write their reports")
    .option('--full', "the paper's budgets: hours instead of minutes")
    .option('--only <names>', `some of them, separated by commas: ${PAPER_EXPERIMENTS.join(', ')}`)
    .option('--results <dir>', 'folder of all results', 'results')
    .option('--workers <n>', 'worker processes', count, 2)
    .option('-o, --output <dir>', 'where the reports go', join('reports', 'paper'))
    .option('--json', 'one line of JSON per experiment, instead of tables')
    .action(reproduce);
}

async function reproduce(o: ReproduceArgs): Promise<void> {
  const { fullDefinition, readDefinition } = await import('../../experiment/definition.ts');
  const { PACKAGE_ROOT } = await import('../../experiment/home.ts');
  const { runExperiment } = await import('../../experiment/runner.ts');
  const { hintFor } = await import('../../experiment/words.ts');
  const { UserError } = await import('../../program/errors.ts');
  const { summarise, totalsOf, totalsText } = await import('../../report/summary.ts');
  const { writeReport } = await import('../../report/write.ts');
  const { writeSite } = await import('../../report/site.ts');
  const { runProgress } = await import('../progress.ts');
  const names: readonly string[] = PAPER_EXPERIMENTS;
  const wanted = o.only?.split(',').map((n) => n.trim()) ?? names;
  for (const n of wanted)
    if (!names.includes(n))
      throw new UserError(`there is no experiment '${n}'.`, '--only', hintFor(n, names));
  const definitions = wanted.map((n) => readDefinition(join(PACKAGE_ROOT, 'experiments', `${n}.yaml`)));
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    for (const read of definitions) {
      const definition = o.full === true ? fullDefinition(read) : read;
      note(`\n${definition.title}`);
      const progress = runProgress(false);
      const run = await runExperiment(definition, {
        results: o.results,
        workers: o.workers,
        signal: abort.signal,
        events: progress.events,
      }).finally(() => progress.close());
      const files = await writeReport(definition, run.rows, join(o.output, definition.name));
      const totals = totalsOf(summarise(definition, run.rows));
      const { name } = definition;
      if (o.json === true) sayJson({ name, totals, files });
      else say(`${definition.title}: ${totalsText(totals)} ${files.html}`);
      if (run.interrupted) {
        note(`k2: interrupted. What is done is kept in ${o.results}; the same command goes on.`);
        throw new Exit(EXIT_INTERRUPTED);
      }
    }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    const site = writeSite(o.output);
    if (site !== undefined) note(`Overview: ${site}`);
  }
}
