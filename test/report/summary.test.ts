import { describe, expect, it } from 'vitest';
import { parseDefinition } from '../../src/experiment/definition.ts';
import { columnsOf } from '../../src/report/columns.ts';
import { markdownOf } from '../../src/report/markdown.ts';
import { summarise, totalsOf, totalsText } from '../../src/report/summary.ts';
import { summaryText } from '../../src/report/text.ts';
import { DEFINITION, ROWS } from './rows.ts';

describe('summary', () => {
  const summary = summarise(DEFINITION, ROWS);

  it('takes the sizes of other builds from the manifest', () => {
    expect(summary.baselines.map((b) => b.label)).toEqual(['-O1', '-O2', '-Os']);
    expect(summary.lines[0]!.baselines).toEqual({ 'clang-14-O1': 24, 'clang-14-O2': 22, 'clang-14-Os': 22 });
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
    expect(table).toHaveLength(5);
    expect(new Set(table.map(cells)).size).toBe(1);
  });
});
