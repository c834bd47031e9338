/** Two listings beside each other, line by line, each with what it costs; what stayed is beside itself. */

import { align } from '../../base/align.ts';
import type { ResultRow } from '../../experiment/results/result.ts';
import { html, type Markup } from '../markup.ts';
import { costsOf, type LineCost } from '../tables/costs.ts';
import { fixed } from '../tables/tables.ts';

/** Equal lines in a row that are folded, but for a few at their ends. */
const FOLD = 16;
const CONTEXT = 3;

interface ListingSide {
  lines: readonly string[];
  costs: readonly (LineCost | undefined)[] | undefined;
}

type CostColumn = 'price' | 'runs' | 'none';

export function sideBySide(row: ResultRow, caption: string): Markup {
  const { before, after } = row.disassembly;
  const a: ListingSide = { lines: before, costs: costsOf(row, 'before') };
  const b: ListingSide = { lines: after, costs: costsOf(row, 'after') };
  const shown: CostColumn =
    a.costs === undefined || b.costs === undefined ? 'none' : row.executed === undefined ? 'price' : 'runs';
  const bodies = align(before.map(alignmentKey), after.map(alignmentKey)).map((h) => {
    const count = Math.max(h.a.end - h.a.start, h.b.end - h.b.start);
    const rows = Array.from({ length: count }, (_, k) => {
      const [i, j] = [h.a.start + k, h.b.start + k];
      const kind = h.kind === 'changed';
      return html`<tr>${half(a, i < h.a.end ? i : undefined, kind && 'cut', shown)}${half(b, j < h.b.end ? j : undefined, kind && 'new', shown)}</tr>\n`;
    });
    if (h.kind === 'changed' || count < FOLD) return html`<tbody>${rows}</tbody>`;
    const [first, last] = [rows.slice(0, CONTEXT), rows.slice(-CONTEXT)];
    return html`<tbody>${first}</tbody><tbody class="fold">${rows.slice(CONTEXT, -CONTEXT)}</tbody><tbody>${last}</tbody>`;
  });
  const costHead =
    shown === 'none'
      ? false
      : html`<th scope="col" class="n">ns</th>${shown === 'runs' && html`<th scope="col" class="n"><abbr title="executions per run">runs</abbr></th>`}`;
  const head = (label: string): Markup => html`<th scope="col">${label}</th>${costHead}`;
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table class="code ${shown}"><caption class="sr">${caption}</caption>
<thead><tr>${head('before')}${head('after')}</tr></thead>${bodies}${shown !== 'none' && totals(a, b, shown)}</table></div>
<p class="note">${COST_NOTE[shown]}</p>`;
}

const COST_NOTE: Readonly<Record<CostColumn, string>> = {
  none: 'No costs: the prices that were measured are not those of the default latency profile.',
  price:
    "ns: modeled price of one execution, from the latency profile. How often each instruction runs was not recorded. Last line: the sum of all prices, which is K2's estimate.",
  runs: "ns: modeled price of one execution, from the latency profile. runs: executions per run of the program, mean over the test cases. Last lines: the sum of all prices, which is K2's estimate, and the sum of price times executions, which is the modeled latency.",
};

/** One side of a line. */
function half(
  s: ListingSide,
  at: number | undefined,
  kind: 'cut' | 'new' | false,
  shown: CostColumn,
): Markup {
  const empty = at === undefined;
  const mark = kind === false || empty ? '' : kind;
  const cost = empty ? undefined : s.costs?.[at];
  const never = cost?.runs === 0 ? ' never' : '';
  const code = html`<td class="${mark}${never}">${empty ? '' : s.lines[at]}</td>`;
  if (shown === 'none') return code;
  const price = html`<td class="n ${mark}${never}">${cost === undefined ? '' : fixed(cost.ns, 2)}</td>`;
  if (shown === 'price') return html`${code}${price}`;
  return html`${code}${price}<td class="n ${mark}${never}">${cost?.runs === undefined ? '' : fixed(cost.runs, 2)}</td>`;
}

function totals(a: ListingSide, b: ListingSide, shown: CostColumn): Markup {
  const sum = (s: ListingSide, of: (c: LineCost) => number): string =>
    fixed(
      (s.costs ?? []).reduce((t, c) => t + (c === undefined ? 0 : of(c)), 0),
      2,
    );
  const line = (label: string, of: (c: LineCost) => number): Markup => {
    const one = (s: ListingSide): Markup =>
      html`<th scope="row">${label}</th><td class="n">${sum(s, of)}</td>${shown === 'runs' && html`<td></td>`}`;
    return html`<tr>${one(a)}${one(b)}</tr>`;
  };
  return html`<tfoot>${line('sum of prices', (c) => c.ns)}${shown === 'runs' && line('per run', (c) => c.ns * (c.runs ?? 0))}</tfoot>`;
}

/** A listing's line without what changes when code moves: slot number and jump distance. */
function alignmentKey(line: string): string {
  return line.replace(/^\d+: /, '').replace(/\bpc[+-]\d+$/, 'pc');
}
