/** `k2 baseline`: named results to compare with. */
import type { Command } from 'commander';
import { say, sayJson } from '../../output.ts';

export function baselineCommand(program: Command): void {
  const group = program.command('baseline').description('named results that later ones are compared with');
  group
    .command('save <name> <results>')
    .description('keep the results of an experiment under a name, in a form small enough to commit')
    .option('--baselines <dir>', 'folder of the baselines', 'baselines')
    .option('--json', 'as JSON')
    .action(async (name: string, results: string, o: { baselines: string; json?: boolean }) => {
      const { saveBaseline } = await import('../../../experiment/results/baseline.ts');
      const saved = saveBaseline(name, results, o.baselines);
      if (o.json === true) sayJson(saved);
      else say(`${saved.name}: ${saved.rows} rows of ${saved.experiment}, in ${o.baselines}/${saved.name}`);
    });
  group
    .command('list')
    .description('list the baselines')
    .option('--baselines <dir>', 'folder of the baselines', 'baselines')
    .option('--json', 'as JSON')
    .action(async (o: { baselines: string; json?: boolean }) => {
      const { listBaselines } = await import('../../../experiment/results/baseline.ts');
      const { textTable } = await import('../../../report/tables/text.ts');
      const all = listBaselines(o.baselines);
      if (o.json === true) return sayJson(all);
      if (all.length === 0) return say(`There are no baselines in ${o.baselines}.`);
      const rows = all.map((b) => [b.name, b.experiment, String(b.rows), b.code, b.date]);
      const right = [false, false, true, false, false];
      say(textTable(['name', 'experiment', 'rows', 'optimizer', 'made'], rows, right));
    });
}
