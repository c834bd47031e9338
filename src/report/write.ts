/**
 * A report on disk.
 *
 *   index.html · report.md · charts/*.svg · programs/*.html · assets/vega.js · card.json (for the overview,
 *     site.ts)
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../base/files.ts';
import type { Definition } from '../experiment/definition/definition.ts';
import type { Row } from '../experiment/results/result.ts';
import { type Chart, svgOf } from './charts/chart.ts';
import { chartsOf } from './charts/charts.ts';
import { differenceChart } from './charts/differences.ts';
import { programCharts } from './charts/program-charts.ts';
import { experimentPage } from './html/page.ts';
import { chartLibrary } from './html/page-shell.ts';
import { bestFirst, programPage } from './html/program-page.ts';
import { cardOf } from './html/site.ts';
import { markdownOf } from './markdown.ts';
import { byProgram, type Summary, type SummaryLine, summarise } from './tables/summary.ts';

export interface ReportFiles {
  html: string;
  markdown: string;
  charts: string[];
  card: string;
  programs: string[];
}

/** Drawing takes time: with more programs than this, their charts are drawn by the browser. */
const MOST_DRAWN = 150;

interface Drawn {
  chart: Chart;
  svg: string;
}

/**
 * @param hasOverview whether the folder above has, or gets, an overview to link to
 * @throws UserError when the files cannot be written
 */
export async function writeReport(
  definition: Definition,
  rows: readonly Row[],
  folder: string,
  { hasOverview = true }: { hasOverview?: boolean } = {},
): Promise<ReportFiles> {
  const summary = summarise(definition, rows);
  const charts = await drawAll(chartsOf(summary));
  const differences = new Map<string, Drawn>();
  for (const t of summary.tables) {
    const chart = differenceChart(t);
    if (chart !== undefined) differences.set(t.id, { chart, svg: await svgOf(chart) });
  }
  const forget = (name: string): void => rmSync(join(folder, name), { recursive: true, force: true });
  forget('charts');
  const chartFiles: string[] = [];
  const illustrations: { chart: Chart; file: string }[] = [];
  for (const { chart } of [...differences.values(), ...charts]) {
    const file = `charts/${chart.id}.svg`;
    chartFiles.push(join(folder, file));
    writeWhole(join(folder, file), await svgOf(chart, true));
    illustrations.push({ chart, file });
  }
  const groups = byProgram(summary.lines);
  const names = fileNames([...groups.keys()]);
  const pageOf = (l: SummaryLine): string =>
    `programs/${names.get(`${l.program.corpus}/${l.program.id}/${l.program.variant}`)!}`;
  const files: ReportFiles = {
    html: join(folder, 'index.html'),
    markdown: join(folder, 'report.md'),
    card: join(folder, 'card.json'),
    charts: chartFiles,
    programs: await writePrograms({ summary, hasOverview }, groups, names, folder),
  };
  writeWhole(join(folder, 'assets', 'vega.js'), chartLibrary());
  writeWhole(files.markdown, markdownOf(summary, illustrations));
  writeWhole(files.html, experimentPage({ summary, charts, differences, pageOf, hasOverview }));
  writeWhole(files.card, `${JSON.stringify(cardOf(summary, definition), null, 2)}\n`);
  return files;
}

async function drawAll(charts: readonly Chart[]): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const chart of charts) drawn.push({ chart, svg: await svgOf(chart) });
  return drawn;
}

async function writePrograms(
  shared: { summary: Summary; hasOverview: boolean },
  groups: ReadonlyMap<string, readonly SummaryLine[]>,
  names: ReadonlyMap<string, string>,
  folder: string,
): Promise<string[]> {
  const keys = [...groups.keys()];
  const link = (key: string | undefined): { href: string; text: string } | undefined =>
    key === undefined ? undefined : { href: names.get(key)!, text: groups.get(key)![0]!.program.id };
  const written: string[] = [];
  for (const [k, [key, lines]] of [...groups].entries()) {
    const charts = programCharts(bestFirst(lines));
    const drawn =
      keys.length > MOST_DRAWN ? charts.map((chart) => ({ chart, svg: '' })) : await drawAll(charts);
    const before = link(keys[k - 1]);
    const after = link(keys[k + 1]);
    const file = join(folder, 'programs', names.get(key)!);
    writeWhole(
      file,
      programPage({
        ...shared,
        lines,
        charts: drawn,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      }),
    );
    written.push(file);
  }
  forgetOthers(join(folder, 'programs'), new Set(names.values()));
  return written;
}

/** Pages of programs that an earlier report had. */
function forgetOthers(folder: string, kept: ReadonlySet<string>): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (name.endsWith('.html') && !kept.has(name)) rmSync(join(folder, name));
}

/** A name of its own for every key, also where upper and lower case are the same. */
function fileNames(keys: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    keys.map((key) => {
      const base = key.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 120);
      let name = base;
      for (let k = 2; taken.has(name.toLowerCase()); k++) name = `${base}~${k}`;
      taken.add(name.toLowerCase());
      return [key, `${name}.html`];
    }),
  );
}
