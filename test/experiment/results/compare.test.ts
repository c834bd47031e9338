import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { listBaselines, resolveResults, saveBaseline } from '../../../src/experiment/results/baseline.ts';
import { type CompareOptions, compareResults, parseRules } from '../../../src/experiment/results/compare.ts';
import { hasResult, type Row } from '../../../src/experiment/results/result.ts';
import { RowWriter, writeDefinition } from '../../../src/experiment/results/store.ts';
import {
  comparisonJunit,
  comparisonMarkdown,
  comparisonText,
} from '../../../src/report/tables/comparison-text.ts';
import { DEFINITION, ROWS } from '../../report/rows.ts';

const [FIRST] = ROWS as [Row];

/** A row of a program with this size, latency and time. */
function row(id: string, slots: number, latency: number, seconds = 1, seed = 1): Row {
  const r = structuredClone(FIRST);
  if (!hasResult(r)) throw new Error('no result');
  r.program.id = id;
  r.measurements.slots.after.value = slots;
  r.measurements.latency.after.value = latency;
  return { ...r, key: `${id}${seed}`, seconds, seed };
}
const failed = (id: string): Row => ({ ...(ROWS[2] as Row), program: { ...FIRST.program, id } }) as Row;
const rules = parseRules('size>0, latency>1%');
const compare = (base: Row[], now: Row[], r = rules, options: CompareOptions = {}) =>
  compareResults({ name: 'base', rows: base }, { name: 'new', rows: now }, r, options);

describe('compareResults', () => {
  it('fails on one slot, and on latency beyond its limit only', () => {
    const c = compare(
      [row('a', 20, 10), row('b', 20, 10), row('c', 20, 10), row('d', 20, 10)],
      [row('a', 21, 10), row('b', 20, 10.05), row('c', 20, 10.2), row('d', 19, 10)],
    );
    expect(c.failed).toBe(true);
    expect(c.compared.map((x) => [x.program, x.metric.id, x.judged.judgement, x.broken?.text])).toEqual([
      ['a', 'size', 'worse', 'size>0'],
      ['c', 'latency', 'worse', 'latency>1%'],
      ['b', 'latency', 'worse', undefined],
      ['d', 'size', 'better', undefined],
      ['a', 'latency', 'same', undefined],
      ['b', 'size', 'same', undefined],
      ['c', 'size', 'same', undefined],
      ['d', 'latency', 'same', undefined],
    ]);
  });

  it('passes when nothing grew, and never fails without rules', () => {
    expect(compare([row('a', 20, 10)], [row('a', 19, 10)]).failed).toBe(false);
    expect(compare([row('a', 20, 10)], [row('a', 29, 90)], []).failed).toBe(false);
  });

  it('takes a result that is gone for a regression, and one that never was for none', () => {
    expect(compare([row('a', 20, 10)], [failed('a')])).toMatchObject({
      failed: true,
      lost: [{ program: 'a', reason: 'failed: crash: the worker died of SIGSEGV' }],
    });
    const both = [failed('a'), row('b', 20, 10)];
    expect(compare(both, both)).toMatchObject({ failed: false, lost: [] });
  });

  it('names results that are not there any more, and fails under any rule', () => {
    expect(compare([row('a', 20, 10)], [row('b', 20, 10)])).toMatchObject({
      failed: true,
      added: ['b'],
      lost: [{ program: 'a', reason: expect.stringContaining('do not have it') }],
    });
    const empty = compare([row('a', 20, 10)], []);
    expect(empty).toMatchObject({ failed: true, lost: [{ program: 'a' }] });
    expect(comparisonText(empty)).not.toContain('No regression');
    expect(comparisonText(empty)).toMatch(/a +result +there +lost/);
    expect(compare([row('a', 20, 10)], [row('b', 20, 10)], []).failed).toBe(false);
  });

  it('fails when seeds or a metric are lost, and when nothing was compared under a rule', () => {
    const seeds = (n: number): Row[] => Array.from({ length: n }, (_, i) => row('a', 20, 10, 1, i + 1));
    expect(compare(seeds(3), seeds(1))).toMatchObject({
      failed: true,
      lost: [{ reason: 'results of 3 seeds became 1' }],
    });
    expect(compare(seeds(1), seeds(3)).failed).toBe(false);
    const never = compare([row('a', 20, 10)], [row('a', 20, 10)], parseRules('throughput>1%'));
    expect(never).toMatchObject({
      failed: true,
      problems: ['nothing was compared under the rule throughput>1%'],
    });
    expect(compare([], [])).toMatchObject({ failed: true });
    const measured = row('a', 20, 10);
    if (!hasResult(measured)) throw new Error('no result');
    const versions = [{ name: 'ours', maxRate: { lossFree: 1e6 } }];
    measured.extra = { traffic: { status: 'measured', versions } } as never;
    expect(compare([measured], [row('a', 20, 10)], parseRules('size>0,throughput>1%'))).toMatchObject({
      failed: true,
      lost: [{ reason: 'throughput was not measured' }],
    });
  });

  it('matches programs that were only renamed by what went in, where that is unambiguous', () => {
    const of = (id: string, input: string, slots = 20): Row => ({ ...row(id, slots, 10), input });
    expect(compare([of('a', 'x')], [of('b', 'x')])).toMatchObject({
      failed: false,
      renamed: [{ from: 'a', to: 'b' }],
      lost: [],
      added: [],
    });
    expect(compare([of('a', 'x', 20)], [of('b', 'x', 21)]).failed).toBe(true);
    expect(compare([of('a', 'x'), of('c', 'x')], [of('b', 'x'), of('d', 'x')]).lost).toHaveLength(2);
    expect(compare([of('a', 'x')], [of('b', 'y')]).lost).toHaveLength(1);
  });

  it('warns of other options, budgets, seeds and inputs, and fails on them when strict', () => {
    const other = (change: (r: Row) => void): Row => {
      const r = row('a', 20, 10);
      change(r);
      return r;
    };
    const definition = (seconds: number) => ({
      ...DEFINITION,
      budget: { cellSeconds: seconds, memoryMb: 1 },
    });
    const cases: [Row, string][] = [
      [other((r) => (r.options.goal = 'latency')), 'options differ: goal size / latency (a)'],
      [other((r) => (r.options.steps = 51)), 'options differ: steps 1000 / 51 (a)'],
      [other((r) => (r.options.topK = 2)), 'options differ: topK default / 2 (a)'],
      [other((r) => (r.seed = 2)), 'seeds differ: 1 / 2 (a)'],
      [other((r) => (r.input = 'other')), 'inputs differ: a'],
    ];
    for (const [now, text] of cases) {
      expect(compare([row('a', 20, 10)], [now])).toMatchObject({ failed: false, warnings: [{ text }] });
      expect(compare([row('a', 20, 10)], [now], rules, { strict: true })).toMatchObject({
        failed: true,
        problems: [text],
      });
    }
    const limits = compareResults(
      { name: 'base', rows: [row('a', 20, 10)], definition: definition(600) },
      { name: 'new', rows: [row('a', 20, 10)], definition: definition(60) },
      [],
      { strict: true },
    );
    expect(limits).toMatchObject({ failed: true, problems: ['definitions differ: cellSeconds 600 / 60'] });
    expect(compare([row('a', 20, 10)], [row('a', 20, 10)], rules, { strict: true }).failed).toBe(false);
  });

  it('takes another machine for a reason to fail only where times count', () => {
    const there = row('a', 20, 10);
    there.provenance.cpu = 'another CPU';
    const options = { strict: true };
    expect(compare([row('a', 20, 10)], [there], rules, options).failed).toBe(false);
    expect(compare([row('a', 20, 10)], [there], parseRules('seconds>5%'), options).failed).toBe(true);
  });

  it('gives absolute differences from 0, and never a number that is none', () => {
    const c = compare([row('a', 20, 0)], [row('a', 20, 13.7)]);
    expect(c.failed).toBe(true);
    const times = (seconds: number[]): Row[] => seconds.map((s, i) => row('a', 20, 0, s, i + 1));
    const few = compare(times([0]), times([3.1]), [], { metrics: ['seconds'] });
    const many = compare(times([0, 0, 0, 1, 1, 1]), times([3, 3, 3, 4, 4, 4]), parseRules('seconds>5%'));
    const half = compare(times([0, 1, 1, 1]), times([3, 3, 3, 4]), [], { metrics: ['seconds', 'latency'] });
    for (const x of [c, few, many, half]) {
      for (const text of [comparisonText(x), comparisonMarkdown(x), JSON.stringify(x)])
        expect(text).not.toMatch(/Infinity|NaN|null/);
    }
    expect(comparisonText(c)).toContain('+13.70 (from 0)');
    expect(
      comparisonText(compare([row('a', 20, 0), row('b', 20, 1)], [row('a', 20, 1), row('b', 20, 1)])),
    ).toContain('geometric mean of 1, 1 with a value of 0 left out');
    expect(many.failed).toBe(true);
    expect(many.compared.find((x) => x.metric.id === 'seconds')?.judged.interval.low).toBeGreaterThan(0);
  });

  it('never fails on noise: times of a single run are unsure', () => {
    const time = parseRules('seconds>10%');
    expect(compare([row('a', 20, 10, 1)], [row('a', 20, 10, 9)], time).failed).toBe(false);
    const many = (factor: number): Row[] =>
      [1, 1.1, 0.9, 1.05, 0.95, 1.02].map((s, i) => row('a', 20, 10, s * factor, i + 1));
    expect(compare(many(1), many(2), time).failed).toBe(true);
    expect(compare(many(1), many(1.05), time).failed).toBe(false);
  });

  it('averages ratios over programs', () => {
    const [size] = compare([row('a', 10, 1), row('b', 20, 1)], [row('a', 5, 1), row('b', 40, 1)]).overall;
    expect(size).toMatchObject({ programs: 2 });
    expect(size?.ratio).toBeCloseTo(1, 12);
  });

  it.each([
    ['speed>0', /no metric 'speed'/],
    ['sise>0', /Did you mean 'size'/],
    ['size>-1', /no rule/],
  ])('explains what is wrong with the rule %s', (text, message) =>
    expect(() => parseRules(text)).toThrow(message),
  );
});

describe('reports of a comparison', () => {
  const c = compare([row('a<', 20, 10), row('b', 20, 10)], [row('a<', 21, 10), row('b', 20, 10)]);
  it('show what matters first and fold the rest', () => {
    const text = comparisonText(c);
    expect(text).toMatch(/a<\s+size\s+20 slots\s+21 slots\s+\+1 \(\+5\.0 %\)\s+WORSE, breaks size>0/);
    expect(text).toContain('3 comparisons show no difference.');
    const markdown = comparisonMarkdown(c);
    expect(markdown.indexOf('WORSE')).toBeLessThan(markdown.indexOf('<details>'));
    expect(markdown).toContain('❌');
  });
  it('are well formed XML with one failure per broken rule', () => {
    const xml = comparisonJunit(c);
    expect(xml).toContain('tests="4" failures="1"');
    expect(xml.match(/<failure /g)).toHaveLength(1);
    expect(xml).toContain('classname="k2.a&lt;"');
    expect(xml).not.toMatch(/&(?!(lt|gt|amp|quot|#39);)/);
  });
});

describe('baselines', () => {
  const root = mkdtempSync(join(tmpdir(), 'k2-baseline-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const results = join(root, 'results');
  const writer = new RowWriter(results);
  for (const r of ROWS) writer.append(r);
  writer.close();
  writeDefinition(results, { definition: DEFINITION, hash: 'h', keys: ROWS.map((r) => r.key) });
  const folder = join(root, 'baselines');

  it('keep what is compared, and nothing bulky', () => {
    expect(saveBaseline('main', results, folder)).toMatchObject({
      name: 'main',
      rows: 3,
      experiment: 'tiny',
    });
    const saved = resolveResults('main', folder);
    expect(compare(saved.rows, [...ROWS])).toMatchObject({ failed: false, lost: [] });
    expect(readFileSync(join(folder, 'main/cells.jsonl'), 'utf8')).not.toContain('r1 = <b>');
    expect(listBaselines(folder).map((b) => b.name)).toEqual(['main']);
  });

  it('are named in errors, as what was probably meant', () => {
    expect(() => resolveResults('mian', folder)).toThrow(/Did you mean 'main'/);
    expect(() => resolveResults('mian', folder)).toThrow(UserError);
    expect(() => saveBaseline('../x', results, folder)).toThrow(/cannot be a name/);
    expect(() => resolveResults('mian', join(root, 'none'))).toThrow(/no baselines in .* yet/);
    writeFileSync(join(root, 'plain'), '');
    expect(() => resolveResults(join(root, 'plain'), folder)).toThrow(/neither a folder/);
  });
});
