/** The page of one experiment: what it compares, findings and tables, all cells, charts, provenance. */
import type { Chart } from '../charts/chart.ts';
import { html, type Markup } from '../markup.ts';
import { conditions } from '../tables/conditions.ts';
import { provenanceOf } from '../tables/provenance.ts';
import { seedTable } from '../tables/seeds.ts';
import { type Summary, type SummaryLine, totalsOf, totalsText } from '../tables/summary.ts';
import { dataTable, figure } from './data-table.ts';
import { gridOf } from './grid.ts';
import { page } from './page-shell.ts';

export interface ExperimentPage {
  summary: Summary;
  charts: readonly { chart: Chart; svg: string }[];
  /** Charts of the paper's tables, by their table. */
  differences: ReadonlyMap<string, { chart: Chart; svg: string }>;
  /** Where the program of a line is shown, relative to the page. */
  pageOf(l: SummaryLine): string;
  hasOverview: boolean;
}

export function experimentPage({
  summary: s,
  charts,
  differences,
  pageOf,
  hasOverview,
}: ExperimentPage): string {
  const grid = gridOf(s, pageOf);
  const seeds = seedTable(s);
  const programs = new Map(s.lines.map((l) => [l.program.id, pageOf(l)]));
  const linkOf = (id: string): string | undefined => programs.get(id);
  const tables = new Set(s.tables.map((t) => t.id));
  const rest = charts.filter(({ chart }) => chart.table === undefined || !tables.has(chart.table));
  const sections = [
    ...s.tables.map((t) => ({ id: t.id, title: t.title })),
    ...(seeds === undefined ? [] : [{ id: seeds.id, title: seeds.title }]),
    { id: 'cells', title: 'All results' },
    ...(rest.length > 0 ? [{ id: 'charts', title: 'Charts' }] : []),
    { id: 'provenance', title: 'Provenance' },
  ];
  const totals = totalsText(totalsOf(s));
  const header = html`<h1>${s.title}</h1>
${s.tables.length === 0 && html`<p class="lead">${totals}</p>`}
<p>${s.description !== '' && s.description} ${conditions(s)}</p>
<nav aria-label="Contents"><ul class="contents">${sections.map((x) => html`<li><a href="#${x.id}">${x.title}</a></li>`)}</ul></nav>`;
  const main = html`${s.tables.map((t) => {
    const d = differences.get(t.id);
    const own = charts.filter((c) => c.chart.table === t.id).map((c) => figure(c.chart, c.svg));
    return html`${dataTable(t, linkOf, own)}${d !== undefined && figure(d.chart, d.svg)}`;
  })}
${seeds !== undefined && dataTable(seeds, linkOf)}
<section id="cells"><h2>All results</h2>
${s.tables.length > 0 && html`<p>${totals}</p>`}
${grid.markup}</section>
${rest.length > 0 && html`<section id="charts"><h2>Charts</h2>${rest.map((c) => figure(c.chart, c.svg))}</section>`}
<section id="provenance"><h2>Provenance</h2>${provenance(s)}</section>`;
  return page({
    title: s.title,
    way: hasOverview ? [{ href: '../index.html', text: 'All experiments' }] : [],
    header,
    main,
    charts: [...[...differences.values()].map((d) => d.chart), ...charts.map((c) => c.chart)],
    assets: 'assets',
    grid: grid.data,
  });
}

function provenance(s: Summary): Markup {
  const kinds = provenanceOf(s.lines.map((l) => l.row));
  if (kinds.length === 0) return html`<p>No results.</p>`;
  return html`${kinds.map(
    (k) => html`<dl>
<dt>Results</dt><dd>${k.count}, made ${k.from} to ${k.to}</dd>
<dt>Optimizer</dt><dd>${k.optimizer}</dd>
<dt>Machine</dt><dd>${k.machine}</dd>
<dt>Software</dt><dd>${k.software}</dd></dl>`,
  )}`;
}
