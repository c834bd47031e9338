/**
 * The overview of all reports in a folder: `index.html`, one line per experiment, the paper's tables first.
 *
 *   each report --cardOf--> <report>/card.json --writeSite--> index.html
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readText, writeWhole } from '../../base/files.ts';
import { type Definition, PAPER_TABLES, type PaperTable } from '../../experiment/definition/definition.ts';
import { html, type Markup } from '../markup.ts';
import { percent, type Summary, type Totals, totalsOf } from '../tables/summary.ts';
import { fixed } from '../tables/tables.ts';
import { page } from './page-shell.ts';

/** What the overview says of an experiment. */
export interface ExperimentCard {
  name: string;
  title: string;
  description: string;
  table: PaperTable | null;
  totals: Totals;
  /** Of the cells with a result. */
  seconds: number;
  made: string;
  code: string;
  machine: string;
  /** Headings of the report's comparison tables, by the id of their place in it. */
  tables: { id: string; title: string }[];
  /** What the first of them says. */
  findings?: readonly string[];
}

export function cardOf(summary: Summary, definition: Definition): ExperimentCard {
  const rows = summary.lines.map((l) => l.row);
  const [last] = rows.toSorted((a, b) => (a.date < b.date ? 1 : -1));
  return {
    name: summary.name,
    title: summary.title,
    description: summary.description,
    table: definition.table ?? null,
    totals: totalsOf(summary),
    seconds: Math.round(rows.reduce((s, r) => s + r.seconds, 0)),
    made: last?.date ?? '',
    code: last?.provenance.code ?? '',
    machine: last === undefined ? '' : `${last.provenance.cpu}, ${last.provenance.kernel}`,
    tables: summary.tables.map(({ id, title }) => ({ id, title })),
    findings: summary.tables.find((t) => (t.findings ?? []).length > 0)?.findings ?? [],
  };
}

/**
 * Writes the overview of the reports that are below a folder. @returns its file, undefined when there are
 * none
 */
export function writeSite(folder: string): string | undefined {
  const cards = cardsIn(folder);
  if (cards.length === 0) return undefined;
  const file = join(folder, 'index.html');
  writeWhole(file, sitePage(cards));
  return file;
}

interface PlacedCard {
  folder: string;
  card: ExperimentCard;
}

/** Reports one or two levels down, the paper's tables first and in its order. */
function cardsIn(folder: string): PlacedCard[] {
  const found: PlacedCard[] = [];
  const look = (below: string, depth: number): void => {
    for (const e of readdirSync(join(folder, below), { withFileTypes: true })) {
      if (!e.isDirectory()) continue;
      const path = below === '' ? e.name : `${below}/${e.name}`;
      const file = join(folder, path, 'card.json');
      if (existsSync(file)) found.push({ folder: path, card: JSON.parse(readText(file)) as ExperimentCard });
      else if (depth > 1) look(path, depth - 1);
    }
  };
  if (existsSync(folder)) look('', 2);
  const order = ({ card }: PlacedCard): number =>
    card.table === null ? PAPER_TABLES.length : PAPER_TABLES.indexOf(card.table);
  return found.sort((a, b) => order(a) - order(b) || (a.folder < b.folder ? -1 : 1));
}

function sitePage(cards: readonly PlacedCard[]): string {
  const paper = cards.filter((c) => c.card.table !== null);
  const others = cards.filter((c) => c.card.table === null);
  const header = html`<h1>k2-bpf: experiments</h1>
<p>${cards.length === 1 ? 'One experiment' : `${cards.length} experiments`}, each with its tables, charts, programs and provenance. The pages open from disk, without network.</p>`;
  const main = html`${paper.length > 0 && html`<h2>The K2 paper, table by table</h2>${cardTable(paper, 'Tables of the K2 paper')}`}
${others.length > 0 && html`<h2>${paper.length > 0 ? 'Other experiments' : 'Experiments'}</h2>${cardTable(others, 'Experiments')}`}
<p class="note">Less: mean over the programs of what was taken off the input, in percent of its slots. Time: of all optimizations of the experiment together.</p>`;
  return page({ title: 'k2-bpf: experiments', way: [], header, main });
}

function cardTable(cards: readonly PlacedCard[], caption: string): Markup {
  const rows = cards.map(({ folder, card }) => {
    const { totals: t } = card;
    const href = `${folder}/index.html`;
    const says = card.findings ?? [];
    return html`<tr><th scope="row"><a href="${href}">${card.title}</a></th>
<td class="says">${says.length > 0 ? says.map((f) => html`<div>${f}</div>`) : card.description}${card.tables.length > 0 && html`<details><summary>${card.tables.length === 1 ? '1 table' : `${card.tables.length} tables`}</summary><ul>${card.tables.map((x) => html`<li><a href="${href}#${x.id}">${x.title}</a></li>`)}</ul></details>`}</td>
<td class="n" data-value="${t.cells}">${fixed(t.cells)}</td><td>${problems(t)}</td>
<td class="n">${t.improved + t.unchanged === 0 ? '-' : percent(t.meanReduction)}</td>
<td class="n">${duration(card.seconds)}</td><td class="n">${card.made.slice(0, 10)}</td></tr>\n`;
  });
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table class="overview"><caption class="sr">${caption}</caption><thead><tr><th scope="col">experiment</th><th scope="col">what it says</th>
<th scope="col" class="n">results</th><th scope="col">improved</th><th scope="col" class="n">less %</th><th scope="col" class="n">time</th><th scope="col" class="n">made</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** How many improved, and what did not end well. */
function problems(t: Totals): string {
  const rest = [
    ...(t.rejected > 0 ? [`${t.rejected} rejected`] : []),
    ...(t.skipped > 0 ? [`${t.skipped} skipped`] : []),
    ...(t.failed > 0 ? [`${t.failed} failed`] : []),
  ];
  return [`${t.improved}`, ...rest].join(', ');
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${fixed(seconds / 3600, 1)} h`;
}
