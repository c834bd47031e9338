/**
 * The overview of all reports in a folder: `index.html`, one card per experiment, and the paper's tables in one place.
 *
 *   each report --cardOf--> <report>/card.json --writeSite--> index.html and README.md
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Definition, PAPER_TABLES, type PaperTable } from '../experiment/definition.ts';
import { readText, writeWhole } from '../experiment/files.ts';
import { html, Markup } from './markup.ts';
import { STYLE } from './style.ts';
import { percent, type Summary, type Totals, totalsOf, totalsText } from './summary.ts';

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
  };
}

/** Writes the overview of the reports that are below a folder. @returns its file, undefined when there are none */
export function writeSite(folder: string): string | undefined {
  const cards = cardsIn(folder);
  if (cards.length === 0) return undefined;
  const file = join(folder, 'index.html');
  writeWhole(file, sitePage(cards));
  return file;
}

interface Placed {
  folder: string;
  card: ExperimentCard;
}

/** Reports one or two levels down, the paper's tables first and in its order. */
function cardsIn(folder: string): Placed[] {
  const found: Placed[] = [];
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
  const order = ({ card }: Placed): number =>
    card.table === null ? PAPER_TABLES.length : PAPER_TABLES.indexOf(card.table);
  return found.sort((a, b) => order(a) - order(b) || (a.folder < b.folder ? -1 : 1));
}

function sitePage(cards: readonly Placed[]): string {
  const paper = cards.filter((c) => c.card.table !== null);
  const others = cards.filter((c) => c.card.table === null);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>k2-bpf: experiments</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header><h1>k2-bpf: experiments</h1>
<p>${cards.length === 1 ? 'One experiment' : `${cards.length} experiments`}. Every page opens from disk, without network.</p></header>
<main>
${paper.length > 0 && html`<h2>The K2 paper, table by table</h2>${cardTable(paper)}`}
${others.length > 0 && html`<h2>Experiments</h2>${cardTable(others)}`}
</main>
</body>
</html>
`.text;
}

function cardTable(cards: readonly Placed[]): Markup {
  const rows = cards.map(({ folder, card }) => {
    const { totals: t } = card;
    const page = `${folder}/index.html`;
    return html`<tr><th scope="row"><a href="${page}">${card.title}</a></th>
<td>${card.description}${card.tables.length > 0 && html`<br>${card.tables.map((x) => html`<a href="${page}#${x.id}">${x.title}</a><br>`)}`}</td>
<td>${totalsText(t)}</td><td class="n">${t.improved + t.unchanged === 0 ? '-' : `${percent(t.meanReduction)} %`}</td>
<td class="n">${card.seconds} s</td><td>${card.made.slice(0, 10)}, ${card.code}, ${card.machine}</td></tr>\n`;
  });
  return html`<div class="wide"><table><thead><tr><th scope="col">experiment</th><th scope="col">what</th><th scope="col">cells</th>
<th scope="col" class="n">smaller</th><th scope="col" class="n">time</th><th scope="col">made</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
