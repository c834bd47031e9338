import { describe, expect, test } from 'vitest';
import { type Insn, insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import {
  calibrate,
  fitOf,
  fitProfiles,
  kernelTests,
  kernelTime,
  modeledNs,
} from '../../../src/kernel/index.ts';
import { chainInsns, chains } from '../../../src/kernel/timing/microbenchmarks.ts';
import { K2_PROFILES } from '../../../src/vm/index.ts';
import type { TestCase } from '../../../src/vm/types.ts';
import { hasPaper, paperProgram, xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const op = (name: string): number => opNamed(name).op;

test('everything that K2 prices has a chain, or is no instruction', () => {
  const names = new Set(chains(9999).map((c) => c.name.split('/')[0]));
  const missing = Object.keys(K2_PROFILES.d6515).filter((n) => !names.has(n));
  // K2's profile lists a load that BPF does not have, and spells one jump differently; ja is free.
  expect(missing.sort()).toEqual(['JA', 'JNEQ32XC', 'JNEQ32XY', 'LDXC']);
  expect(chains(318).length).toBeLessThan(chains(618).length);
});

test('a longer chain has more copies of the same', () => {
  for (const chain of chains(9999)) {
    const [a, b] = chain.copies.map((n) => chainInsns(chain, n).insns.length);
    const copy = chain.copy(0).length + chain.copy(1).length;
    expect(2 * (b! - a!), chain.name).toBe((chain.copies[1] - chain.copies[0]) * copy);
  }
});

test('the line through the points, and their ranks', () => {
  const row = (modeled: number, measured: number) => ({ name: '', modeled, measured });
  const line = fitOf([row(1, 5), row(2, 7), row(3, 9)]);
  expect(
    [line.scale, line.offset, line.rSquared, line.spearman].map((n) => Math.round(n * 1e9) / 1e9),
  ).toEqual([2, 3, 1, 1]);
  expect(fitOf([row(1, 3), row(2, 2), row(3, 1)]).spearman).toBeCloseTo(-1);
});

test("programs that were left out: errors of the others' line, ranks in each half", () => {
  const row = (modeled: number, measured: number) => ({ name: '', modeled, measured });
  const exact = [1, 2, 3, 4, 5, 6].map((x) => row(x, 3 + 2 * x));
  const { heldOut } = fitOf(exact);
  expect(heldOut.halves.map((r) => Math.round(r * 1e9) / 1e9)).toEqual([1, 1]);
  expect([heldOut.halfError, heldOut.leaveOneOutError].map((e) => Math.round(e * 1e9))).toEqual([0, 0]);
  // Right ranks, in halves on different lines: what one half learns is wrong for the other.
  const apart = exact.map((r, i) => (i % 2 === 0 ? r : row(r.modeled, 10 * r.measured)));
  expect(fitOf(apart).heldOut.halfError).toBeGreaterThan(0.5);
});

/** `n` counters of the packet go up by one: three instructions each, or one atomic, as K2 likes it. */
function counting(n: number, isAtomic: boolean) {
  const up = (k: number): Insn[] =>
    isAtomic
      ? [insn(op('atomic.add.dw'), 10, 4, -8 * (k + 1))]
      : [
          insn(op('ldx.dw'), 5, 10, -8 * (k + 1)),
          insn(op('add64.k'), 5, 0, 0, 1),
          insn(op('stx.dw'), 10, 5, -8 * (k + 1)),
        ];
  const each = Array.from({ length: n }, (_, k) => k);
  return xdpProgram([
    insn(op('mov64.k'), 4, 0, 0, 1),
    ...each.map((k) => insn(op('st.dw'), 10, 0, -8 * (k + 1), 0)),
    ...each.flatMap(up),
    insn(op('mov64.k'), 0, 0, 0, 2),
    insn(OP_EXIT),
  ]);
}

describe.skipIf(!hasKernel)(`calibration${needsKernel}`, () => {
  const small = { rounds: 3, samples: 3, runNs: 20_000 };

  test('known orders of magnitude come out', () => {
    const wanted =
      /^(ADD64XC|MUL64XC|DIV64XC|LDXDW|STXDW|XADD64|JEQXC|LDABSW|call\.local|BPF_FUNC_map_lookup.*)$/;
    const result = calibrate({ ...small, only: (name) => wanted.test(name) });
    if (result.status !== 'measured') throw new Error(result.reason);
    const { profile } = result;
    expect(result.skipped).toEqual({});
    const ns = (name: string): number => profile[name]!;
    expect(ns('ADD64XC')).toBeGreaterThan(0);
    expect(ns('MUL64XC')).toBeGreaterThan(1.5 * ns('ADD64XC'));
    expect(ns('DIV64XC')).toBeGreaterThan(1.5 * ns('MUL64XC'));
    expect(ns('XADD64')).toBeGreaterThan(2 * ns('STXDW'));
    expect(ns('LDABSW')).toBeGreaterThan(ns('LDXDW'));
    expect(ns('BPF_FUNC_map_lookup_elem/hash')).toBeGreaterThan(3 * ns('BPF_FUNC_map_lookup_elem/array'));
    expect(ns('BPF_FUNC_map_lookup_elem/percpu_hash')).toBe(ns('BPF_FUNC_map_lookup_elem/hash'));
  });

  test('every chain is accepted and runs', () => {
    const result = calibrate({ rounds: 1, samples: 1, runNs: 2000 });
    expect(result).toMatchObject({ status: 'measured', skipped: {} });
  });

  test('fewer instructions with atomics: the kernel says slower, and so does the model', () => {
    const [plain, atomic] = [counting(30, false), counting(30, true)];
    expect(atomic.insns.length).toBeLessThan(plain.insns.length);
    const tests: TestCase[] = [{ ctx: new Uint8Array(24), packet: new Uint8Array(64), maps: [], seed: 0 }];
    const timed = kernelTime([plain, atomic], tests);
    expect(timed).toMatchObject({ versions: [{}, { against: { verdict: 'slower' } }] });
    const result = calibrate({ ...small, only: (n) => ['LDXDW', 'STXDW', 'XADD64', 'ADD64XC'].includes(n) });
    if (result.status !== 'measured') throw new Error(result.reason);
    expect(modeledNs(atomic, tests, result.profile)).toBeGreaterThan(modeledNs(plain, tests, result.profile));
  });

  test.skipIf(!hasPaper)(
    'the model ranks programs as the kernel does, and says what it could not time',
    () => {
      const names = ['xdp_pktcntr', 'xdp1', 'xdp_map_access', 'recvmsg4', 'socket-0'];
      const inputs = names.map((name) => {
        const program = paperProgram(name);
        const endless = kernelTests(program, 1);
        return { name, program, tests: Array.from({ length: 4 }, () => endless.next().value as TestCase) };
      });
      const untimed = { ...inputs[1]!.program, hook: 'sk_msg' as const };
      inputs.push({ name: 'needs-a-target', program: untimed, tests: inputs[1]!.tests });
      const wanted = /^(LDX|STX|LDABS|BPF_FUNC_(map_|get_prandom|redirect))/;
      const own = calibrate({ ...small, only: (n) => wanted.test(n) });
      if (own.status !== 'measured') throw new Error(own.reason);
      const fits = fitProfiles(inputs, { own: own.profile }, { rounds: 2, samples: 2 });
      expect(fits.own!.skipped.map((s) => s.name)).toEqual(['needs-a-target']);
      expect(fits.own!.rows).toHaveLength(5);
      expect(fits.own!.spearman).toBeGreaterThan(0.5);
    },
  );
});
