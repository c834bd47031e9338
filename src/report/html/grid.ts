/**
 * The main table: one row per cell. The first rows are in the page; its script has all of them
 * (client-grid.ts).
 */
import { html, type Markup } from '../markup.ts';
import { type Column, columnsOf } from '../tables/columns.ts';
import type { Summary, SummaryLine } from '../tables/summary.ts';
import { groupRow } from './data-table.ts';

/** Rows that show at once. */
const FIRST = 100;
/** A column with more different values than this is searched, not filtered. */
const MOST_CHOICES = 40;

export interface Grid {
  markup: Markup;
  /** For the script. */
  data: {
    columns: { id: string; label: string; numeric: boolean; long: boolean }[];
    rows: string[][];
    /** Per row: index into `pages`. */
    links: number[];
    pages: string[];
  };
}

/** @param pageOf where the program of a line is shown */
export function gridOf(s: Summary, pageOf: (l: SummaryLine) => string): Grid {
  const columns = columnsOf(s);
  const rows = s.lines.map((l) => columns.map((c) => c.text(l)));
  const pages = [...new Set(s.lines.map(pageOf))];
  const index = new Map(pages.map((p, i) => [p, i]));
  const links = s.lines.map((l) => index.get(pageOf(l))!);
  const data = {
    columns: columns.map(({ id, label, numeric, long }) => ({ id, label, numeric, long: long === true })),
    rows,
    links,
    pages,
  };
  const shown = rows.slice(0, FIRST).map((r, i) => {
    const cells = r.map((text, c) => {
      const col = columns[c]!;
      if (c === 0) return html`<th scope="row"><a href="${pages[links[i]!]}">${text}</a></th>`;
      return html`<td class="${kindOf(col, text)}">${text}</td>`;
    });
    return html`<tr>${cells}</tr>\n`;
  });
  const rest = rows.length - shown.length;
  const markup = html`${tools(columns, rows)}
<div class="wide tall" role="region" aria-label="Results" tabindex="0"><table id="results"><caption class="sr">One row per program, configuration and seed</caption>
<thead>${head(columns)}</thead><tbody>${shown}</tbody></table></div>
${rest > 0 && html`<noscript><p>${rest} more rows are shown where scripts run; all are in the results file.</p></noscript>`}
<p class="note">Sizes in slots of 8 bytes (ld_imm64 counts 2, NOPs 0). Nanoseconds are modeled: the mean over the test cases of the
executed instructions' prices. Reduction is against the input.</p>`;
  return { markup, data };
}

function kindOf(c: Column, text: string): string {
  if (c.id === 'status') return `status ${text}`;
  return c.numeric ? 'n' : c.long === true ? 'text' : '';
}

/** Two rows: what is measured, and of which version. */
function head(columns: readonly Column[]): Markup {
  const bottom = columns.map(
    (c, i) =>
      html`<th scope="col" class="${c.numeric ? 'n' : ''}" data-column="${i}"><button type="button">${c.short ?? c.label}</button></th>`,
  );
  return html`${groupRow(columns.map((c) => c.group))}<tr>${bottom}</tr>`;
}

function tools(columns: readonly Column[], rows: readonly (readonly string[])[]): Markup {
  const selects = columns.map((c, i) => {
    if (c.numeric || c.id === 'program' || c.long === true) return false;
    const counts = new Map<string, number>();
    for (const r of rows) counts.set(r[i]!, (counts.get(r[i]!) ?? 0) + 1);
    if (counts.size < 2 || counts.size > MOST_CHOICES) return false;
    const options = [...counts].map(
      ([value, n]) => html`<option value="${value}">${value === '' ? 'none' : value} (${n})</option>`,
    );
    return html`<label>${c.label} <select data-column="${i}"><option value="">all</option>${options}</select></label>`;
  });
  return html`<form class="tools" role="search" hidden onsubmit="return false"><label>Search <input type="search" id="search" autocomplete="off"></label>
${selects}
<label>Show <select id="size"><option>50</option><option selected>${FIRST}</option><option>500</option><option value="all">all</option></select></label>
<span class="pager"><button type="button" id="previous">Previous</button> <button type="button" id="next">Next</button></span>
<span id="shown" role="status">${rows.length} rows</span> <button type="button" id="csv">Save as CSV</button></form>`;
}
