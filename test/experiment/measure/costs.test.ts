/** Costs in a row: counts and models without any kernel, and as metrics of the gate. */
import { expect, test } from 'vitest';
import { costsOfBoth, kernelsOf } from '../../../src/experiment/measure/costs.ts';
import { metricNamed } from '../../../src/experiment/results/metrics.ts';
import type { ResultRow } from '../../../src/experiment/results/result.ts';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opcode } from '../../../src/isa/semantics.ts';
import type { OptimizeResult } from '../../../src/optimizer/types.ts';
import { xdpProgram } from '../../kernel/corpus.ts';
import { hasKernel, needsKernel } from '../../kernel/kernel.ts';

const mov = (dst: number, imm: number) => insn(opcode('mov64.k'), dst, 0, 0, imm);
const before = xdpProgram([mov(1, 1), mov(0, 2), insn(OP_EXIT)]);
const after = xdpProgram([mov(0, 2), insn(OP_EXIT)]);
const result = {
  program: after,
  latencyBefore: { path: 2 },
  latencyAfter: { path: 1 },
} as OptimizeResult;

test('counts and models need no kernel', () => {
  const costs = costsOfBoth(before, result, []);
  expect(costs).toEqual({
    before: { slots: 3, instructions: 3, pathNs: 2, machineCode: 28, stack: 0, kernels: [] },
    after: { slots: 2, instructions: 2, pathNs: 1, machineCode: 23, stack: 0, kernels: [] },
  });
  const row = { costs } as ResultRow;
  expect(metricNamed('jited')!.value(row)).toBe(23);
  expect(metricNamed('stack')!.value(row)).toBe(0);
  expect(metricNamed('verifier')!.value(row)).toBeUndefined();
  expect(metricNamed('jited')!.value({} as ResultRow)).toBeUndefined();
});

test('which kernels are asked: those of the definition, else the running one unless it is left out', () => {
  expect(kernelsOf(undefined, 'auto')).toEqual(['running']);
  expect(kernelsOf(undefined, 'off')).toEqual([]);
  expect(kernelsOf(['6.1'], 'off')).toEqual(['6.1']);
});

test('a kernel that cannot be asked is in the vector, with the reason', () => {
  const [said] = costsOfBoth(before, result, ['4.0-nobody']).after.kernels;
  expect(said).toMatchObject({
    kernel: '4.0-nobody',
    status: 'not checked',
    reason: expect.stringMatching(/no kernel/),
  });
});

test.skipIf(!hasKernel)(`the running kernel's verifier${needsKernel}`, () => {
  const costs = costsOfBoth(before, result, ['running']);
  expect(costs.before.kernels[0]).toMatchObject({ status: 'accepted', processed: 3, limit: 1_000_000 });
  expect(metricNamed('verifier')!.value({ costs } as ResultRow)).toBe(2);
});
