/**
 * Our figures beside the paper's, table by table of the K2 paper.
 *
 *   definition with `table`, rows --by program--> groups --one builder per table--> data tables
 */
import type { Definition, PaperTable } from '../../../experiment/definition/definition.ts';
import { paperFigures } from '../../../experiment/paper.ts';
import { hasResult, type Row } from '../../../experiment/results/result.ts';
import type { DataTable } from '../tables.ts';
import { table4, table5, table6 } from './checks.ts';
import type { Build, ProgramRows } from './group.ts';
import { table8, table9, table10 } from './settings.ts';
import { table1, table7 } from './size.ts';
import { figureH, table2, table3 } from './traffic.ts';

const BUILDERS: Readonly<Record<PaperTable, Build>> = {
  table1,
  table2,
  table3,
  table4,
  table5,
  table6,
  table7,
  table8,
  table9,
  table10,
  figureH,
};

export function paperTables(definition: Definition, rows: readonly Row[]): DataTable[] {
  if (definition.table === undefined) return [];
  const groups = new Map<string, ProgramRows>();
  for (const row of rows) {
    if (!hasResult(row) || row.status === 'rejected') continue;
    const group = groups.get(row.program.id) ?? { id: row.program.id, rows: [] };
    group.rows.push(row);
    groups.set(row.program.id, group);
  }
  return BUILDERS[definition.table]([...groups.values()], paperFigures(), rows);
}
