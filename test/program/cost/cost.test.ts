/** Cost vectors: sums, changes, rules, filters, veristat's CSV. */
import { expect, test } from 'vitest';
import { broken, compareCosts, isNoWorse, parseCostRules } from '../../../src/program/cost/compare-costs.ts';
import { type CostVector, type KernelCost, sumCosts } from '../../../src/program/cost/cost-vector.ts';
import { type ComparedProgram, parseFilter, sortBy } from '../../../src/program/cost/selection.ts';
import { readVeristat, veristatCsv } from '../../../src/program/cost/veristat.ts';

const kernel = (processed: number, more: Partial<KernelCost> = {}): KernelCost => ({
  kernel: '6.1',
  status: 'accepted',
  processed,
  limit: 1_000_000,
  stack: 16,
  machineCode: 200,
  ...more,
});
const vector = (slots: number, kernels: KernelCost[] = [], more: Partial<CostVector> = {}): CostVector => ({
  slots,
  instructions: slots,
  machineCode: 100,
  kernels,
  ...more,
});

test('sums: a number that one program lacks is missing, not 0; one refusal is a refusal', () => {
  const refused = { kernel: '6.1', status: 'refused', reason: 'too large' } as const;
  expect(sumCosts([vector(3, [kernel(10)]), vector(4, [kernel(20)])])).toEqual({
    slots: 7,
    instructions: 7,
    machineCode: 200,
    kernels: [kernel(30, { stack: 32, machineCode: 400 })],
  });
  expect(sumCosts([vector(3, [kernel(10)]), vector(4, [refused])]).kernels).toEqual([
    { kernel: '6.1', status: 'refused', reason: 'too large', limit: 1_000_000 },
  ]);
  expect(sumCosts([vector(3, [], { pathNs: 1 }), vector(4)]).pathNs).toBeUndefined();
});

test('no worse: nothing grew, nothing was lost, no kernel changed its mind', () => {
  const before = vector(10, [kernel(100)]);
  expect(isNoWorse(compareCosts(before, vector(9, [kernel(100)])))).toBe(true);
  expect(isNoWorse(compareCosts(before, vector(9, [kernel(101)])))).toBe(false);
  expect(isNoWorse(compareCosts(before, vector(9, [])))).toBe(false);
  const refused: KernelCost = { ...kernel(90), status: 'refused', reason: 'R1 !read_ok' };
  const c = compareCosts(before, vector(9, [refused]));
  expect(isNoWorse(c)).toBe(false);
  expect(c.verdicts).toEqual([
    { kernel: '6.1', before: 'accepted', after: 'refused', reason: 'R1 !read_ok' },
  ]);
});

test('rules: growth in units, in percent, and a share of the limit, for one kernel or for all', () => {
  const ids = (rules: string, a: CostVector, b: CostVector): string[] =>
    parseCostRules(rules).flatMap((r) =>
      broken(r, compareCosts(a, b)).map((c) => `${r.text}: ${c.column.id}`),
    );
  const other = kernel(100, { kernel: 'running' });
  const before = vector(10, [kernel(100), other]);
  const after = vector(9, [kernel(100), { ...other, processed: 104, machineCode: 201 }]);
  expect(ids('verifier>0', before, after)).toEqual(['verifier>0: verifier@running']);
  expect(ids('verifier>5%,verifier@6.1>0,jited>1%', before, after)).toEqual([]);
  expect(ids('verifier>3%, jited > 0', before, after)).toEqual([
    'verifier>3%: verifier@running',
    'jited > 0: jited@running',
  ]);
  const near = vector(9, [kernel(850_001), other]);
  expect(ids('verifier>85%limit', vector(9, [kernel(850_001), other]), near)).toEqual([
    'verifier>85%limit: verifier@6.1',
  ]);
  expect(ids('stack>3%limit', before, before)).toEqual([
    'stack>3%limit: stack@6.1',
    'stack>3%limit: stack@running',
  ]);
  // What is measured no more cannot be shown not to grow.
  expect(ids('verifier>0', before, vector(9, [kernel(100)]))).toEqual(['verifier>0: verifier@running']);
  expect(ids('verifier>5%', vector(9, [kernel(0)]), vector(9, [kernel(1)]))).toEqual([
    'verifier>5%: verifier@6.1',
  ]);
  expect(() => parseCostRules('speed>1')).toThrow(/no column 'speed'/);
  expect(() => parseCostRules('verifier>5limit')).toThrow(/is no rule/);
});

test('filters and order', () => {
  const programs: ComparedProgram[] = [
    ['nat_in', 100, 110],
    ['nat_out', 6000, 5000],
    ['drop', 7, 7],
  ].map(([program, a, b]) => ({
    file: 'f',
    program: String(program),
    comparison: compareCosts(vector(1, [kernel(Number(a))]), vector(1, [kernel(Number(b))])),
  }));
  const names = (list: readonly ComparedProgram[]): string => list.map((p) => p.program).join(' ');
  const filtered = (text: string): string => names(programs.filter(parseFilter(text)));
  expect(filtered('changed')).toBe('nat_in nat_out');
  expect(filtered('changed,verifier>1000')).toBe('nat_out');
  expect(filtered('verifier@6.1%>5')).toBe('nat_in');
  expect(filtered('name~nat,verifier<200')).toBe('nat_in');
  expect(names(sortBy(programs, 'verifier'))).toBe('nat_in drop nat_out');
  expect(names(sortBy(programs, '-verifier'))).toBe('nat_out drop nat_in');
  expect(() => parseFilter('big')).toThrow(/no condition/);
  expect(() => sortBy(programs, 'size')).toThrow(/no column 'size'/);
});

test('veristat: what is written is read, and its own files are', () => {
  const cost = vector(26, [kernel(48, { totalStates: 4, peakStates: 3 })]);
  const csv = veristatCsv([{ file: 'a.o', program: 'p', cost }]);
  expect(csv).toBe(
    'file_name,prog_name,verdict,total_insns,total_states,peak_states,stack,prog_size,prog_size_jited\n' +
      'a.o,p,success,48,4,3,16,26,200\n',
  );
  const [row] = readVeristat(csv, 'x.csv');
  expect(row).toMatchObject({ file: 'a.o', program: 'p', cost: { slots: 26 } });
  expect(row!.cost.kernels[0]).toEqual({
    ...cost.kernels[0],
    kernel: 'veristat',
  });
  const theirs =
    'file_name,prog_name,verdict,duration,total_insns,total_states,peak_states\nb.o,q,failure,12,99,5,N/A\n';
  expect(readVeristat(theirs, 'y.csv')[0]!.cost.kernels[0]).toEqual({
    kernel: 'veristat',
    status: 'refused',
    processed: 99,
    totalStates: 5,
    limit: 1_000_000,
  });
  expect(() => readVeristat('a,b\n1,2\n', 'z.csv')).toThrow(/no column 'file_name'/);
});
