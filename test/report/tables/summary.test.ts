import { describe, expect, it } from 'vitest';
import { parseDefinition } from '../../../src/experiment/definition/definition.ts';
import type { KernelTimes } from '../../../src/experiment/measure/kernel-time.ts';
import type { ResultRow, Row } from '../../../src/experiment/results/result.ts';
import { markdownOf } from '../../../src/report/markdown.ts';
import { columnsOf } from '../../../src/report/tables/columns.ts';
import { summarise, totalsOf, totalsText } from '../../../src/report/tables/summary.ts';
import { summaryText } from '../../../src/report/tables/text.ts';
import { DEFINITION, ROWS } from '../rows.ts';

describe('summary', () => {
  const summary = summarise(DEFINITION, ROWS);

  it('takes the sizes of other builds from the manifest', () => {
    expect(summary.baselines.map((b) => b.label)).toEqual(['-O1', '-O2', '-Os']);
    expect(summary.lines[0]!.baselines).toEqual({ 'clang-14-O1': 24, 'clang-14-O2': 22, 'clang-14-Os': 22 });
  });

  it('takes everything from rows that carry the facts of their program, where their corpus is not', () => {
    const facts = { license: 'MIT', builds: { 'clang-14-O1': 31, 'clang-14-O2': 30 } };
    const gone = ROWS.map(
      (r): Row => ({
        ...r,
        schema: 2,
        facts,
        program: { ...r.program, corpus: 'not-here' },
      }),
    );
    const [line] = summarise(DEFINITION, gone).lines;
    expect(line!.baselines).toEqual({ 'clang-14-O1': 31, 'clang-14-O2': 30, 'clang-14-Os': undefined });
  });

  it('counts what has a result only', () => {
    const totals = totalsOf(summary);
    expect(totals).toMatchObject({
      cells: 3,
      improved: 1,
      unchanged: 1,
      failed: 1,
      slotsBefore: 91,
      slotsAfter: 88,
    });
    expect(totals.meanReduction).toBeCloseTo((3 / 22 / 2) * 100);
    expect(totalsText(totals)).toBe(
      '1 of 3 improved, 1 unchanged, 1 failed; 91 slots became 88, 6.8 % less per program on average.',
    );
  });

  it('prints a table with a reason where there is no number', () => {
    const lines = summaryText(summary).split('\n');
    expect(lines[2]).toMatch(/program +-O1 +-O2 +-Os +ours +reduction % +ns before +ns after +status/);
    expect(lines[4]).toMatch(/^xdp_proto_count +24 +22 +22 +19 +13.6 +10.0 +9.0 +ok$/);
    expect(lines[6]).toContain('failed: crash: the worker died of SIGSEGV');
  });

  it('shows a reason column only when a status needs one', () => {
    expect(columnsOf(summary).some((c) => c.id === 'reason')).toBe(true);
    const fine = summarise(DEFINITION, ROWS.slice(0, 2));
    expect(columnsOf(fine).some((c) => c.id === 'reason')).toBe(false);
  });

  it('names the toolchain when there are several, and gives the paper its columns', () => {
    const definition = parseDefinition(
      `name: t\ntitle: T\nprograms: [{ corpus: k2-paper, ids: [xdp1] }]\nconfigurations: [{ name: d }]\n` +
        `baselines: { variants: [clang-14-O2, clang-19-O2], paper: true }\n`,
      't.yaml',
    );
    const row = { ...ROWS[0]!, program: { ...ROWS[0]!.program, corpus: 'k2-paper', id: 'xdp1' } };
    const s = summarise(definition, [row]);
    expect(s.baselines.map((b) => b.label)).toEqual([
      'clang-14-O2',
      'clang-19-O2',
      '-O1 (paper)',
      '-O2 (paper)',
      'K2 (paper)',
    ]);
    expect(s.lines[0]!.baselines).toMatchObject({ 'paper:O1': 72, 'paper:O2': 61, 'paper:k2': 56 });
  });

  it('makes Markdown tables whose rows have as many cells as the head', () => {
    const table = markdownOf(summary, [])
      .split('\n')
      .filter((l) => l.startsWith('|'));
    const cells = (line: string): number => line.replace(/\\\|/g, '').split('|').length;
    // The results, and the rewrites of the two that have some.
    expect(table).toHaveLength(5 + 3 + 3);
    expect(new Set(table.slice(0, 5).map(cells)).size).toBe(1);
    expect(new Set(table.slice(5).map(cells)).size).toBe(1);
  });
});

describe('times in the kernel', () => {
  const around = (x: number) => ({ ns: x, interval: { low: x - 1, high: x + 1 } });
  const timed: KernelTimes = {
    status: 'timed',
    before: around(10),
    after: around(12),
    ratio: 1.2,
    interval: { low: 1.15, high: 1.25 },
    verdict: 'slower',
    floorNs: 0.5,
    nullNs: 0.1,
    modeled: { k2: 1.4 },
    as: 'xdp',
    tests: 3,
    rounds: 8,
    loadAverage: 1,
  };
  const [first, second] = ROWS as readonly [ResultRow, ResultRow];
  const rows: Row[] = [
    { ...first, extra: { time: timed } },
    { ...second, extra: { time: { status: 'cannot time', reason: 'no clock' } } },
  ];

  it('stand beside the modeled ratio, with verdict or reason, on the terminal, too', () => {
    const text = summaryText(summarise(DEFINITION, rows));
    expect(text).toMatch(
      /xdp_proto_count +default +22 +19 +10\.0 +12\.0 +0\.50 +1\.200 +\[1\.150, 1\.250\] +- +1\.400 +slower/,
    );
    expect(text).toMatch(/xdp_swap_tx .*cannot be timed: no clock/);
    expect(summaryText(summarise(DEFINITION, ROWS))).not.toMatch(/Time in the running kernel/);
  });
});
