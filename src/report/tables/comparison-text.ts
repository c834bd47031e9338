/** A comparison of two results as text for terminals, Markdown for pull requests, JUnit XML for CI. */
import {
  type ComparedMetric,
  type Comparison,
  type LostResult,
  label,
  type OverallChange,
} from '../../experiment/results/compare.ts';
import { markdownTable } from '../markdown.ts';
import { escapeHtml } from '../markup.ts';
import { textTable } from './text.ts';

const HEAD = ['program', 'metric', 'base', 'new', 'change', 'verdict'];
const RIGHT = [false, false, true, true, true, false];

export function comparisonText(c: Comparison): string {
  const { shown, folded } = split(c);
  return [
    `${c.new} against ${c.base}`,
    ...c.warnings.map((w) => `warning: ${w.text}`),
    '',
    ...(shown.length + c.lost.length === 0
      ? []
      : [textTable(HEAD, [...c.lost.map(lostCells), ...shown.map(cells)], RIGHT)]),
    ...(folded.length === 0 ? [] : [`${folded.length} comparisons show no difference.`]),
    ...c.overall.map(overallText),
    ...names(c),
    ...c.problems.map((p) => `not passed: ${p}`),
    verdictText(c),
    '',
  ].join('\n');
}

export function comparisonMarkdown(c: Comparison): string {
  const { shown, folded } = split(c);
  const parts = [
    `### ${c.failed ? '❌' : '✅'} ${verdictText(c)}`,
    `\`${c.new}\` against \`${c.base}\`.`,
    ...c.warnings.map((w) => `> warning: ${w.text}`),
    ...c.overall.map((o) => `- ${overallText(o)}`),
    ...(shown.length + c.lost.length === 0
      ? []
      : [markdownTable(HEAD, [...c.lost.map(lostCells), ...shown.map(cells)], RIGHT)]),
    ...(folded.length === 0
      ? []
      : [
          `<details><summary>${folded.length} comparisons show no difference</summary>\n\n${markdownTable(HEAD, folded.map(cells), RIGHT)}\n\n</details>`,
        ]),
    ...names(c),
    ...c.problems.map((p) => `- not passed: ${p}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** One test case per program and metric that a rule watches, and per lost result. */
export function comparisonJunit(c: Comparison): string {
  const watched = c.compared.filter((x) => c.rules.some((r) => r.metric === x.metric));
  const failures = c.lost.length + c.problems.length + watched.filter((x) => x.broken !== undefined).length;
  const attributes = (o: Record<string, string | number>): string =>
    Object.entries(o)
      .map(([k, v]) => ` ${k}="${escapeXml(String(v))}"`)
      .join('');
  const test = (x: { program: string; configuration: string }, name: string, failure?: string): string =>
    `    <testcase${attributes({ classname: `k2.${label(x)}`, name })}${
      failure === undefined ? '/>' : `><failure${attributes({ message: failure })}/></testcase>`
    }`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite${attributes({ name: `k2 compare ${c.base} ${c.new}`, tests: watched.length + c.lost.length + c.problems.length, failures, errors: 0, skipped: 0 })}>`,
    ...c.lost.map((l) => test(l, 'result', l.reason)),
    ...c.problems.map((p) => test({ program: c.new, configuration: 'default' }, 'comparison', p)),
    ...watched.map((x) =>
      test(x, x.metric.id, x.broken === undefined ? undefined : `${brokenText(x)} (rule ${x.broken.text})`),
    ),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** XML 1.0 has no control characters but three. */
function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return escapeHtml(text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, ' '));
}

function split(c: Comparison): { shown: ComparedMetric[]; folded: ComparedMetric[] } {
  const folded = c.compared.filter((x) => x.judged.judgement === 'same');
  return { shown: c.compared.filter((x) => x.judged.judgement !== 'same'), folded };
}

function cells(x: ComparedMetric): string[] {
  const { judged: j, metric } = x;
  const n = (value: number): string => value.toFixed(Number.isInteger(value) ? 0 : metric.digits || 1);
  const sign = (value: number, text: string): string => (value > 0 ? `+${text}` : text);
  const share = j.percent === undefined ? 'from 0' : `${sign(j.percent, j.percent.toFixed(1))} %`;
  const range =
    j.p === undefined
      ? ''
      : ` [${j.interval.low.toFixed(1)}, ${j.interval.high.toFixed(1)}]${j.percent === undefined ? ` ${metric.unit}` : ''}, p=${j.p.toPrecision(2)}, A12=${(j.a12 ?? 0.5).toFixed(2)}`;
  return [
    label(x),
    metric.id,
    `${n(j.base)} ${metric.unit}`,
    `${n(j.new)} ${metric.unit}`,
    `${sign(j.change, n(j.change))} (${share})${range}`,
    x.broken === undefined ? j.judgement : `WORSE, breaks ${x.broken.text}`,
  ];
}

function lostCells(l: LostResult): string[] {
  return [label(l), 'result', 'there', 'lost', '', `WORSE: ${l.reason}`];
}

function brokenText(x: ComparedMetric): string {
  const [, , base, now, change] = cells(x);
  return `${x.metric.label} went from ${base} to ${now}: ${change}`;
}

function overallText(o: OverallChange): string {
  const percent = (ratio: number): string => `${ratio > 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(2)} %`;
  const leftOut = o.leftOut === 0 ? '' : `, ${o.leftOut} with a value of 0 left out`;
  return `${o.metric.label}: ${percent(o.ratio)} (geometric mean of ${o.programs}${leftOut}, 95 % interval ${percent(o.interval.low)} to ${percent(o.interval.high)})`;
}

function names(c: Comparison): string[] {
  const renamed = c.renamed.map(({ from, to }) => `${from} is now ${to}`);
  return [
    ...(c.added.length === 0 ? [] : [`Only in ${c.new}: ${c.added.join('; ')}.`]),
    ...(renamed.length === 0 ? [] : [`Matched by content: ${renamed.join('; ')}.`]),
  ];
}

function verdictText(c: Comparison): string {
  const count = (j: string): number => c.compared.filter((x) => x.judged.judgement === j).length;
  const broken = c.compared.filter((x) => x.broken !== undefined).length + c.lost.length + c.problems.length;
  const sums = `${count('worse')} worse, ${count('better')} better, ${count('unsure')} unsure, ${count('same')} the same`;
  const compared = c.compared.length === 0 ? 'Nothing was compared' : sums;
  if (c.failed) return `${broken} ${broken === 1 ? 'regression' : 'regressions'}: ${compared}.`;
  return c.rules.length === 0 ? `${compared}.` : `No regression: ${compared}.`;
}
