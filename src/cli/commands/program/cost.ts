/** `k2 cost`: what the programs of a file cost those who load and run them. */
import type { Command } from 'commander';
import type { CostColumn } from '../../../program/cost/columns.ts';
import { count, listOfWords, whichPrograms } from '../../args.ts';
import { type CostOptions, costReader } from '../../costs.ts';
import { say, sayJson } from '../../output.ts';

interface CostArgs extends CostOptions {
  csv?: boolean;
  json?: boolean;
}

export function costCommand(program: Command): void {
  whichPrograms(program.command('cost <files...>'))
    .description(
      'size, modeled time, machine code, stack and the effort of kernel verifiers, per program and summed',
    )
    .option('--kernels <names>', 'ask these: running, or added with k2 kernel vm add', listOfWords)
    .option('--seed <n>', 'of the inputs that the modeled time is a mean over', count, 1)
    .option('--csv', "as veristat's CSV, of the first kernel")
    .option('--json', 'as JSON')
    .action(cost);
}

async function cost(files: string[], o: CostArgs): Promise<void> {
  const { columnsOf } = await import('../../../program/cost/columns.ts');
  const { sumCosts } = await import('../../../program/cost/cost-vector.ts');
  const { veristatCsv } = await import('../../../program/cost/veristat.ts');
  const { textTable } = await import('../../../report/tables/text.ts');
  const read = await costReader(o);
  const rows = files.flatMap(read);
  if (o.csv === true) {
    say(veristatCsv(rows));
    return;
  }
  const total = sumCosts(rows.map((r) => r.cost));
  if (o.json === true) {
    sayJson({ programs: rows, total });
    return;
  }
  const cell = (c: CostColumn): string => (c.value === undefined ? '-' : c.value.toFixed(c.digits));
  const shown = columnsOf(total).filter((c) => rows.some((r) => hasNumber(columnsOf(r.cost), c.id)));
  const line = (name: string, columns: readonly CostColumn[]): string[] => [
    name,
    ...shown.map(({ id }) => {
      const column = columns.find((c) => c.id === id);
      return column === undefined ? '-' : cell(column);
    }),
  ];
  const lines = rows.map((r) => line(r.program, columnsOf(r.cost)));
  if (rows.length > 1) lines.push(line('sum', columnsOf(total)));
  say(textTable(['program', ...shown.map((c) => c.id)], lines, [false, ...shown.map(() => true)]));
  for (const r of rows)
    for (const k of r.cost.kernels)
      if (k.status !== 'accepted') say(`${r.program}, kernel ${k.kernel}: ${k.status}: ${k.reason}`);
}

const hasNumber = (columns: readonly CostColumn[], id: string): boolean =>
  columns.some((c) => c.id === id && c.value !== undefined);
