/** Tables and figures as markup. */
import type { Chart } from '../charts/chart.ts';
import { html, Markup } from '../markup.ts';
import { type DataTable, flatLabel, type TableCell, type TableColumn } from '../tables/tables.ts';

/** Longer tables scroll by themselves. */
const MOST_OPEN = 45;
/** Rows of a chart's numbers that a page holds. */
const MOST_NUMBERS = 300;

interface Plain {
  columns: readonly TableColumn[];
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
      html`<th scope="col" class="${c.numeric ? 'n' : ''}" data-kind="${c.numeric ? 'number' : 'text'}" data-name="${flatLabel(c)}"><button type="button">${c.label}</button></th>`,
  );
  const rows = t.rows.map((r) => html`<tr>${r.map((c, i) => cell(t, c, i, linkOf))}</tr>\n`);
  const foot = (t.foot ?? []).map((r) => html`<tr>${r.map((c, i) => cell(t, c, i))}</tr>\n`);
  const tall = rows.length > MOST_OPEN ? ' tall' : '';
  return html`<div class="wide${tall}" role="region" aria-label="${caption}" tabindex="0"><table class="sortable"><caption class="sr">${caption}</caption>
<thead>${groupRow(t.columns.map((c) => c.group))}<tr>${head}</tr></thead><tbody>${rows}</tbody>${foot.length > 0 && html`<tfoot>${foot}</tfoot>`}</table></div>`;
}

/** The headings above the columns; none where there are none. */
export function groupRow(names: readonly (string | undefined)[]): Markup | false {
  if (names.every((n) => n === undefined)) return false;
  const groups: { name: string | undefined; count: number }[] = [];
  for (const name of names) {
    const last = groups.at(-1);
    if (last !== undefined && last.name === name) last.count++;
    else groups.push({ name, count: 1 });
  }
  const cells = groups.map(({ name, count }) =>
    name === undefined
      ? html`<td colspan="${count}"></td>`
      : html`<th scope="colgroup" colspan="${count}">${name}</th>`,
  );
  return html`<tr class="groups">${cells}</tr>`;
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

/** @param drawn the table's charts, which come before its numbers */
export function dataTable(
  t: DataTable,
  linkOf?: (text: string) => string | undefined,
  drawn: readonly Markup[] = [],
): Markup {
  return html`<section id="${t.id}"><h2>${t.title}</h2>
${findings(t)}
${drawn}
${t.rows.length === 0 ? html`<p>No results yet.</p>` : sortable(t, t.title, linkOf)}
<p class="note">${t.note}</p></section>\n`;
}

function findings(t: DataTable): Markup | false {
  const list = t.findings ?? [];
  if (list.length === 0) return false;
  return html`<ul class="findings">${list.map((f) => html`<li>${f}</li>`)}</ul>`;
}

/**
 * Drawn already, so that it shows at once, in print, and without scripts; the page's script makes it
 * interactive.
 */
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
