/** Tables and figures as markup. */
import type { Chart } from './chart.ts';
import { html, Markup } from './markup.ts';
import type { DataTable, TableCell } from './tables.ts';

/** Rows of a chart's numbers that a page holds. */
const MOST_NUMBERS = 300;

interface Plain {
  columns: readonly { label: string; numeric: boolean }[];
  rows: readonly (readonly TableCell[])[];
  foot?: readonly (readonly TableCell[])[];
}

/**
 * @param caption what the table holds, for those who do not see the heading above it
 * @param linkOf where what the first column names is shown
 */
export function sortable(t: Plain, caption: string, linkOf?: (text: string) => string | undefined): Markup {
  const head = t.columns.map(
    (c) =>
      html`<th scope="col" class="${c.numeric ? 'n' : ''}" data-kind="${c.numeric ? 'number' : 'text'}"><button type="button">${c.label}</button></th>`,
  );
  const rows = t.rows.map((r) => html`<tr>${r.map((c, i) => cell(t, c, i, linkOf))}</tr>\n`);
  const foot = (t.foot ?? []).map((r) => html`<tr>${r.map((c, i) => cell(t, c, i))}</tr>\n`);
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table class="sortable"><caption class="sr">${caption}</caption>
<thead><tr>${head}</tr></thead><tbody>${rows}</tbody>${foot.length > 0 && html`<tfoot>${foot}</tfoot>`}</table></div>`;
}

function cell(t: Plain, c: TableCell, i: number, linkOf?: (text: string) => string | undefined): Markup {
  const value = c.value ?? (c.text === '-' ? '' : c.text);
  if (i === 0) {
    const href = linkOf?.(c.text);
    const content = href === undefined ? c.text : html`<a href="${href}">${c.text}</a>`;
    return html`<th scope="row" data-value="${value}">${content}</th>`;
  }
  return html`<td class="${t.columns[i]?.numeric === true ? 'n' : ''}" data-value="${value}">${c.text}</td>`;
}

export function dataTable(t: DataTable, linkOf?: (text: string) => string | undefined): Markup {
  return html`<section id="${t.id}"><h2>${t.title}</h2>
${findings(t)}
${t.rows.length === 0 ? html`<p>No results yet.</p>` : sortable(t, t.title, linkOf)}
<p class="note">${t.note}</p></section>\n`;
}

function findings(t: DataTable): Markup | false {
  const list = t.findings ?? [];
  if (list.length === 0) return false;
  return html`<ul class="findings">${list.map((f) => html`<li>${f}</li>`)}</ul>`;
}

/** Drawn already, so that it shows at once, in print, and without scripts; the page's script makes it interactive. */
export function figure(chart: Chart, svg: string, level: 2 | 3 = 3): Markup {
  const heading = level === 2 ? html`<h2>${chart.title}</h2>` : html`<h3>${chart.title}</h3>`;
  const { rows, columns } = chart.data;
  const kept = rows.slice(0, MOST_NUMBERS);
  return html`<figure id="figure-${chart.id}" aria-label="${chart.title}"><figcaption>${heading}<p>${chart.description}</p></figcaption>
<div class="chart" id="chart-${chart.id}" tabindex="0" role="group" aria-label="Chart: ${chart.title}">${new Markup(svg)}</div>
<details class="numbers"><summary>Numbers of this chart</summary>
${rows.length > kept.length && html`<p>The first ${kept.length} of ${rows.length} points.</p>`}
${sortable({ columns, rows: kept }, `Numbers: ${chart.title}`)}</details></figure>\n`;
}
