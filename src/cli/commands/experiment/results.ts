/** `k2 results`: stores of results, merged and exported. */
import type { Command } from 'commander';
import { note, say, sayJson } from '../../output.ts';

export function resultsCommand(program: Command): void {
  const group = program.command('results').description('merge and export results');
  group
    .command('merge <into> <from...>')
    .description('add the rows of other result folders, e.g. of shards')
    .option('--json', 'as JSON')
    .action(async (into: string, from: string[], o: { json?: boolean }) => {
      const { mergeResults } = await import('../../../experiment/results/export.ts');
      const merged = mergeResults(into, from);
      for (const w of merged.warnings) note(`warning: ${w}`);
      if (o.json === true) return sayJson(merged);
      const missing = merged.missing === 0 ? 'none is missing' : `${merged.missing} cells are missing`;
      say(`${merged.folder}: ${merged.rows} rows, ${merged.added} of them new; ${missing}`);
    });
  group
    .command('export <results>')
    .description('write the rows as a flat table')
    .requiredOption('-o, --output <file>', 'a name that ends in .csv or .parquet')
    .option('--json', 'as JSON')
    .action(async (results: string, o: { output: string; json?: boolean }) => {
      const { exportResults } = await import('../../../experiment/results/export.ts');
      const done = await exportResults(results, o.output);
      if (o.json === true) sayJson(done);
      else say(`${done.file}: ${done.rows} rows`);
    });
}
