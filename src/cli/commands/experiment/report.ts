/** `k2 report`: results as Markdown and HTML pages. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { note, say, sayJson } from '../../output.ts';

export function reportCommand(program: Command): void {
  program
    .command('report <results>')
    .description('render the results of an experiment, e.g. results/quickstart, as Markdown and HTML pages')
    .option('-o, --output <dir>', 'where to write; default: reports/<experiment>')
    .option('--json', 'as JSON')
    .action(async (results: string, o: { output?: string; json?: boolean }) => {
      const { readRows, readStoredDefinition } = await import('../../../experiment/results/store.ts');
      const { currentRows } = await import('../../../experiment/results/store.ts');
      const { writeReport } = await import('../../../report/write.ts');
      const stored = readStoredDefinition(results);
      const { rows, warnings } = readRows(results);
      for (const w of warnings) note(`warning: ${w}`);
      const files = await writeReport(
        stored.definition,
        currentRows(rows, stored.keys),
        o.output ?? join('reports', stored.definition.name),
        { hasOverview: o.output === undefined },
      );
      if (o.output === undefined) {
        const { writeSite } = await import('../../../report/html/site.ts');
        writeSite('reports');
      }
      if (o.json === true) sayJson(files);
      else for (const file of [files.html, files.markdown]) say(file);
    });
}
