/** The report as one HTML page that needs nothing else: no network, no server, no other file. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { hasResult, type ResultRow } from '../experiment/result.ts';
import { align } from './align.ts';
import { type Chart, lineName } from './charts.ts';
import { CLIENT } from './client.ts';
import { columnsOf } from './columns.ts';
import { html, Markup, scriptCode, scriptJson } from './markup.ts';
import { STYLE } from './style.ts';
import { type Line, percent, type Summary, totalsOf, totalsText } from './summary.ts';
import type { DataTable } from './tables.ts';

export function pageOf(summary: Summary, charts: readonly Chart[]): string {
  const shown = charts.map(({ id, spec }) => ({ id, spec }));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${summary.title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${summary.title}</h1>
${summary.description !== '' && html`<p>${summary.description}</p>`}
<p><strong>${totalsText(totalsOf(summary))}</strong></p>
</header>
<main>
${summary.tables.map(dataTable)}
${summary.tables.length > 0 && html`<h2>All cells</h2>`}
${table(summary)}
<h2>Charts</h2>
${charts.map((c) => html`<figure aria-label="${c.description}"><div class="chart" id="chart-${c.id}"></div></figure>\n`)}
<h2>Programs</h2>
${summary.lines.map((l, i) => program(summary, l, i))}
<h2>Provenance</h2>
${provenance(summary)}
</main>
<script type="application/json" id="charts">${scriptJson(shown)}</script>
${libraries().map((code) => html`<script>${code}</script>\n`)}
<script>${scriptCode(CLIENT)}</script>
</body>
</html>
`;
  return page.text;
}

function table(summary: Summary): Markup {
  const columns = columnsOf(summary);
  const head = columns.map(
    (c) =>
      html`<th scope="col" class="${c.numeric ? 'n' : ''}" data-kind="${c.numeric ? 'number' : 'text'}"><button type="button">${c.label}</button></th>`,
  );
  const rows = summary.lines.map((l, i) => {
    const cells = columns.map((c) => {
      const value = c.value(l);
      const kind = c.numeric
        ? 'n'
        : c.id === 'status'
          ? l.status
          : c.wide === true && c.id !== 'hook'
            ? 'text'
            : '';
      const content = c.id === 'program' ? html`<a href="#program-${i}">${c.text(l)}</a>` : c.text(l);
      return html`<td class="${kind}" data-value="${value ?? ''}">${content}</td>`;
    });
    return html`<tr>${cells}</tr>\n`;
  });
  return html`<div class="tools"><label>Filter <input type="search" id="search" autocomplete="off"></label>
<span id="shown" role="status">${summary.lines.length} of ${summary.lines.length} rows</span><span class="sr" id="sorted" role="status"></span></div>
<div class="wide" role="region" aria-label="Results" tabindex="0"><table id="results" class="sortable"><caption class="sr">One row per program, configuration and seed</caption>
<thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>
<p>Sizes in slots of 8 bytes (ld_imm64 counts 2, NOPs 0). Nanoseconds are modeled: the mean over the test cases of the
executed instructions' prices. Reduction is against the input.</p>`;
}

/** Sortable, as the main table is. */
export function dataTable(t: DataTable): Markup {
  const head = t.columns.map(
    (c) =>
      html`<th scope="col" class="${c.numeric ? 'n' : ''}" data-kind="${c.numeric ? 'number' : 'text'}"><button type="button">${c.label}</button></th>`,
  );
  const rows = t.rows.map((r) => {
    const cells = r.map(
      (c, i) =>
        html`<td class="${t.columns[i]?.numeric === true ? 'n' : ''}" data-value="${c.value ?? (c.text === '-' ? '' : c.text)}">${c.text}</td>`,
    );
    return html`<tr>${cells}</tr>\n`;
  });
  return html`<section id="${t.id}"><h2>${t.title}</h2>
<p>${t.note}</p>
<div class="wide" role="region" aria-label="${t.title}" tabindex="0"><table class="sortable data"><caption class="sr">${t.title}</caption>
<thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div></section>\n`;
}

function program(s: Summary, l: Line, index: number): Markup {
  const name = lineName(s, l);
  if (!hasResult(l.row))
    return html`<details class="program" id="program-${index}"><summary>${name} <span class="size">${l.status}</span></summary>
<p>${l.reason}</p>${l.row.log !== undefined && html`<pre>${l.row.log}</pre>`}</details>\n`;
  const { row } = l;
  return html`<details class="program" id="program-${index}">
<summary>${name} <span class="size">${l.before} → ${l.after} slots, ${percent(l.reduction ?? 0)} % less</span></summary>
<p>${l.program.corpus}/${l.program.id}, ${l.program.variant}, ${l.program.hook}. Kernel: ${l.kernel}. Differential runs: ${l.differential}.
${row.reason !== '' && html`${row.reason}.`}</p>
${row.notes.length > 0 && html`<ul>${row.notes.map((n) => html`<li>${n}</li>`)}</ul>`}
${rewrites(row)}
${sideBySide(row)}
</details>\n`;
}

function rewrites(row: ResultRow): Markup | false {
  if (row.rewrites.length === 0) return false;
  const rows = row.rewrites.map(
    (
      w,
      i,
    ) => html`<tr><td class="n">${i + 1}</td><td>${w.by}</td><td>${w.how}</td><td class="n">${w.step}</td><td class="n">${w.slotsAfter}</td>
<td><pre>${w.before.join('\n')}</pre></td><td><pre>${w.after.length === 0 ? '(nothing)' : w.after.join('\n')}</pre></td></tr>\n`,
  );
  return html`<h3>Rewrites and their proofs</h3><div class="wide"><table class="rewrites">
<thead><tr><th class="n">#</th><th>found by</th><th>proven by</th><th class="n">after proposals</th><th class="n">slots then</th><th>before</th><th>after</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** Before and after, line by line; what stayed is beside itself. */
function sideBySide(row: ResultRow): Markup {
  const { before, after } = row.disassembly;
  const keys = (lines: readonly string[]): string[] => lines.map(alignmentKey);
  const rows = align(keys(before), keys(after)).flatMap((h) => {
    const count = Math.max(h.a.end - h.a.start, h.b.end - h.b.start);
    const changed = h.kind === 'changed';
    return Array.from({ length: count }, (_, k) => {
      const left = h.a.start + k < h.a.end ? before[h.a.start + k] : undefined;
      const right = h.b.start + k < h.b.end ? after[h.b.start + k] : undefined;
      const cut = changed && left !== undefined ? 'cut' : '';
      const fresh = changed && right !== undefined ? 'new' : '';
      return html`<tr><td class="${cut}">${left}</td><td class="${fresh}">${right}</td></tr>\n`;
    });
  });
  return html`<h3>Disassembly</h3><div class="wide"><table class="code"><thead><tr><th scope="col">before</th><th scope="col">after</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** A listing's line without what changes when code moves: slot number and jump distance. */
function alignmentKey(line: string): string {
  return line.replace(/^\d+: /, '').replace(/\bpc[+-]\d+$/, 'pc');
}

function provenance(summary: Summary): Markup {
  const [first] = summary.lines;
  if (first === undefined) return html`<p>No cells.</p>`;
  const p = first.row.provenance;
  const codes = new Set(summary.lines.map((l) => l.row.provenance.code));
  const dates = summary.lines.map((l) => l.row.date).sort();
  return html`<dl><dt>Optimizer</dt><dd>${[...codes].join(', ')}${p.commit !== null && html`, commit ${p.commit}${p.dirty === true && ' with uncommitted changes'}`}</dd>
<dt>Machine</dt><dd>${p.cpu}, ${p.kernel}, node ${p.node}, ${p.solver}</dd>
<dt>Made</dt><dd>${dates[0]} to ${dates.at(-1)}</dd></dl>`;
}

/** vega, vega-lite and vega-embed as browsers load them. */
function libraries(): Markup[] {
  return ['vega', 'vega-lite', 'vega-embed'].map((name) => {
    const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
    const file = folders
      .map((f) => join(f, name, 'build', `${name}.min.js`))
      .find((path) => existsSync(path));
    if (file === undefined) throw new Error(`${name} is not installed`);
    return scriptCode(readFileSync(file, 'utf8'));
  });
}
