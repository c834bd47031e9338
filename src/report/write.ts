/** A report on disk: `index.html`, `report.md` and the charts. */
import { join } from 'node:path';
import type { Definition } from '../experiment/definition.ts';
import { writeWhole } from '../experiment/files.ts';
import type { Row } from '../experiment/result.ts';
import { chartsOf, svgOf } from './charts.ts';
import { markdownOf } from './markdown.ts';
import { pageOf } from './page.ts';
import { cardOf, type ExperimentCard } from './site.ts';
import { summarise } from './summary.ts';

export interface ReportFiles {
  html: string;
  markdown: string;
  charts: string[];
  card: string;
}

/** @throws UserError when the files cannot be written */
export async function writeReport(
  definition: Definition,
  rows: readonly Row[],
  folder: string,
): Promise<ReportFiles> {
  const summary = summarise(definition, rows);
  const charts = chartsOf(summary);
  const files: ReportFiles = {
    html: join(folder, 'index.html'),
    markdown: join(folder, 'report.md'),
    card: join(folder, 'card.json'),
    charts: charts.map((c) => join(folder, 'charts', `${c.id}.svg`)),
  };
  for (const [i, chart] of charts.entries()) writeWhole(files.charts[i]!, await svgOf(chart));
  writeWhole(
    files.markdown,
    markdownOf(
      summary,
      charts.map((chart) => ({ chart, file: `charts/${chart.id}.svg` })),
    ),
  );
  writeWhole(files.html, pageOf(summary, charts));
  const card: ExperimentCard = cardOf(summary, definition);
  writeWhole(files.card, `${JSON.stringify(card, null, 2)}\n`);
  return files;
}
