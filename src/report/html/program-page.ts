/**
 * The page of one program: its results, charts, and per output the rewrites with their proofs and both
 * listings.
 *
 *   lines of one program --by output, best first--> sections
 */
import { stepOfBest } from '../../base/statistics.ts';
import { hasResult, type ResultRow } from '../../experiment/results/result.ts';
import type { AppliedRewrite } from '../../optimizer/types.ts';
import type { Chart } from '../charts/chart.ts';
import { trafficOf } from '../charts/load-charts.ts';
import { html, type Markup } from '../markup.ts';
import { isWithoutInstructions, percent, type Summary, type SummaryLine } from '../tables/summary.ts';
import { column, fixed, num, word } from '../tables/tables.ts';
import { figure, sortable } from './data-table.ts';
import { sideBySide } from './listing.ts';
import { page } from './page-shell.ts';

/** Outputs that are listed in full. */
const MOST_OUTPUTS = 6;

export interface ProgramPage {
  summary: Summary;
  hasOverview: boolean;
  /** Of one program. */
  lines: readonly SummaryLine[];
  charts: readonly { chart: Chart; svg: string }[];
  before?: { href: string; text: string };
  after?: { href: string; text: string };
}

/** Best first: what has a result, then the smallest. */
export function bestFirst(lines: readonly SummaryLine[]): SummaryLine[] {
  const size = (l: SummaryLine): number => l.after ?? Number.POSITIVE_INFINITY;
  return lines.toSorted(
    (a, b) => Number(a.status === 'rejected') - Number(b.status === 'rejected') || compare(size(a), size(b)),
  );
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

export function programPage({ summary, hasOverview, lines, charts, before, after }: ProgramPage): string {
  const ordered = bestFirst(lines);
  const [best] = ordered;
  const { program } = best!;
  const header = html`<h1>${program.id}</h1>
<p class="lead">${headline(ordered)}</p>
<p>${program.corpus}, ${program.variant}, ${program.hook}${program.category !== '' && html`, ${program.category}`}.</p>`;
  const outputs = distinct(ordered.filter((l) => hasResult(l.row)));
  const main = html`${results(ordered)}
${failures(ordered)}
${charts.map((c) => figure(c.chart, c.svg, 2))}
${loads(ordered)}
${outputs.slice(0, MOST_OUTPUTS).map((own, k) => output(own, k, outputs.length))}
${outputs.length > MOST_OUTPUTS && html`<p>${more(outputs.length - MOST_OUTPUTS)}</p>`}
<nav class="pager" aria-label="Programs">${before !== undefined && html`<a rel="prev" href="${before.href}">Previous: ${before.text}</a>`} ${after !== undefined && html`<a rel="next" href="${after.href}">Next: ${after.text}</a>`}</nav>`;
  return page({
    title: `${program.id}: ${summary.title}`,
    way: [
      ...(hasOverview ? [{ href: '../../index.html', text: 'All experiments' }] : []),
      { href: '../index.html', text: summary.title },
    ],
    header,
    main,
    charts: charts.map((c) => c.chart),
    assets: '../assets',
  });
}

function headline(ordered: readonly SummaryLine[]): string {
  const best = ordered.find((l) => l.after !== undefined && l.status !== 'rejected');
  if (best === undefined) return `No result: ${ordered[0]!.status}.`;
  const ns = `${fixed(best.latencyBefore ?? 0, 1)} → ${fixed(best.latencyAfter ?? 0, 1)} modeled ns per run`;
  return `${fixed(best.before!)} → ${fixed(best.after!)} slots (${percent(best.reduction ?? 0)} % less); ${ns}.`;
}

function results(ordered: readonly SummaryLine[]): Markup {
  const columns = [
    column('configuration', false),
    ...['seed', 'slots', 'less %', 'ns per run', 'found after', 'seconds'].map((l) => column(l)),
    column('status', false),
    column('kernel', false),
    column('differential runs', false),
  ];
  const rows = ordered.map((l) => {
    const row = hasResult(l.row) ? l.row : undefined;
    return [
      word(l.configuration),
      num(l.seed),
      num(l.after),
      num(l.reduction, 1),
      num(l.latencyAfter, 2),
      num(row === undefined ? undefined : stepOfBest(row.convergence)),
      num(l.row.seconds, 1),
      word(l.status),
      word(l.kernel),
      word(l.differential),
    ];
  });
  return html`<h2>Results</h2>${sortable({ columns, rows }, 'Results of this program')}
<p class="note">found after: proposals until the smallest was proven.</p>`;
}

function failures(ordered: readonly SummaryLine[]): Markup[] {
  return ordered.flatMap((l) => {
    if (hasResult(l.row)) return [];
    return [
      html`<section><h2>${nameOf(l)}: ${l.status}</h2><p>${l.reason}</p>${l.row.log !== undefined && html`<pre class="log">${l.row.log}</pre>`}</section>`,
    ];
  });
}

/** The paper's four loads, where they were simulated. */
function loads(ordered: readonly SummaryLine[]): Markup | false {
  const best = ordered.find((l) => (trafficOf(l)?.loads.length ?? 0) > 0);
  const traffic = best === undefined ? undefined : trafficOf(best);
  if (traffic === undefined) return false;
  const columns = [
    column('version', false),
    column('load', false),
    ...['offered Mpps', 'throughput Mpps', 'mean us', '99 % us', 'drops %'].map((l) => column(l)),
  ];
  const rows = traffic.versions.flatMap((v) =>
    v.loads.map((p, k) => [
      word(v.name),
      word(traffic.loads[k]?.name ?? ''),
      num(p.rate / 1e6, 3),
      num(p.throughput / 1e6, 3),
      num(p.meanNs / 1000, 1),
      num(p.p99Ns / 1000, 1),
      num(p.loss * 100, 2),
    ]),
  );
  return html`<h2>At four loads</h2>${sortable({ columns, rows }, 'Throughput, latency and drops at four loads')}
<p class="note">Simulated. Time around the program: ${fixed(traffic.dispatch.ns, 1)} ns per packet, from ${traffic.source}.</p>`;
}

function more(n: number): string {
  return n === 1
    ? '1 larger output is not listed here; the results file has it.'
    : `${n} larger outputs are not listed here; the results file has them.`;
}

/** Results with the same output together. */
function distinct(lines: readonly SummaryLine[]): SummaryLine[][] {
  const groups = new Map<string, SummaryLine[]>();
  for (const l of lines) {
    const row = l.row as ResultRow;
    // Without instructions nobody knows which are the same.
    const key = isWithoutInstructions(row) ? row.key : row.output || row.disassembly.after.join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [l]);
    else group.push(l);
  }
  return [...groups.values()];
}

function nameOf(l: SummaryLine): string {
  return `${l.configuration}, seed ${l.seed}`;
}

function output(own: readonly SummaryLine[], k: number, of: number): Markup {
  const [l] = own;
  const row = l!.row as ResultRow;
  const names = own.slice(0, 8).map(nameOf).join('; ') + (own.length > 8 ? `; ${own.length - 8} more` : '');
  const title = of === 1 ? 'The output' : `Output ${k + 1} of ${of}: ${fixed(l!.after!)} slots`;
  return html`<section id="output-${k + 1}"><h2>${title}</h2>
<p>Found by ${names}. Kernel: ${l!.kernel}. Differential runs: ${l!.differential}.${row.reason !== '' && html` ${row.reason}.`}</p>
${row.notes.length > 0 && html`<details><summary>${row.notes.length} notes of the optimizer</summary><ul>${row.notes.map((n) => html`<li>${n}</li>`)}</ul></details>`}
${isWithoutInstructions(row) ? absent(row) : html`${rewrites(row, k)}<h3>Disassembly and modeled cost</h3>${sideBySide(row, `Output ${k + 1}: before and after, line by line`)}`}
</section>\n`;
}

/** Results are published without instructions where the program's license does not let them be. */
function absent(row: ResultRow): Markup {
  const proven = row.convergence.length - 1;
  return html`<p class="absent">The instructions, the rewrites and their proofs are not in this result: it was stored without them,
as results of programs without a license are. ${proven > 0 && `The size went down ${proven} times, each time after a proof. `}Run the experiment where the program is to see them.</p>`;
}

const PROOFS: Readonly<Record<AppliedRewrite['how'], string>> = {
  identical: 'same code',
  'normal-form': 'normal forms',
  solver: 'SMT solver',
  cache: 'cached verdict',
};

function rewrites(row: ResultRow, k: number): Markup | false {
  if (row.rewrites.length === 0) return html`<p>No rewrite was applied.</p>`;
  const rows = row.rewrites.map((w, i) => {
    const code = (lines: readonly string[]): Markup =>
      html`<td><pre>${lines.length === 0 ? '(nothing)' : lines.join('\n')}</pre></td>`;
    return html`<tr><th scope="row" class="n">${i + 1}</th><td>${w.by}</td><td>${PROOFS[w.how]}</td><td class="n">${fixed(w.step)}</td><td class="n">${fixed(w.slotsAfter)}</td>
<td class="n">${w.window.start}</td>${code(w.before)}${code(w.after)}</tr>\n`;
  });
  const used = [...new Set(row.rewrites.map((w) => w.how))].map(
    (how) => `${PROOFS[how]}: ${PROOF_NOTES[how]}`,
  );
  return html`<h3>Rewrites and their proofs</h3><div class="wide" role="region" aria-label="Rewrites of output ${k + 1}" tabindex="0"><table class="rewrites"><caption class="sr">Rewrites in the order in which they were applied</caption>
<thead><tr><th scope="col" class="n">#</th><th scope="col">found by</th><th scope="col">proven by</th><th scope="col" class="n">after proposals</th><th scope="col" class="n">slots then</th><th scope="col" class="n">at</th><th scope="col">before</th><th scope="col">after</th></tr></thead>
<tbody>${rows}</tbody></table></div>
<p class="note">Each was proven equivalent in its place before it was applied. ${used.join(' ')} at: index of its first instruction in the program as it was then.</p>`;
}

const PROOF_NOTES: Readonly<Record<AppliedRewrite['how'], string>> = {
  identical: 'both sides are the same instructions in the same context.',
  'normal-form': 'both sides simplify to the same term of their inputs.',
  solver: 'no input makes the two sides differ (unsatisfiable).',
  cache: 'the same question was proven before.',
};
