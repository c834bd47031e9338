import { describe, expect, test } from 'vitest';
import { correlation, intervalOf, rankCorrelation, trimmedMean } from '../../../src/base/sampling.ts';
import { type Insn, insn, OP_CALL, OP_EXIT } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import {
  kernelTime,
  type TimeReport,
  type TimeResult,
  timeVerdict,
  verdictOf,
} from '../../../src/kernel/timing/time.ts';
import type { Program } from '../../../src/program/program.ts';
import type { HookName } from '../../../src/program/tables/hook-types.ts';
import { generateTests } from '../../../src/vm/testgen/index.ts';
import type { TestCase } from '../../../src/vm/types.ts';
import { hasPaper, paperProgram, xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const op = (name: string): number => opNamed(name).op;
const times = <T>(n: number, item: T): T[] => Array.from({ length: n }, () => item);

describe('statistics', () => {
  test('trimmed mean, interval, correlations', () => {
    expect(trimmedMean([1, 2, 3, 1000])).toBe(2.5);
    expect(trimmedMean([7])).toBe(7);
    const hundred = Array.from({ length: 101 }, (_, i) => i);
    expect(intervalOf(hundred, 0.9)).toEqual({ low: 5, high: 95 });
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1);
    expect(correlation([1, 1, 1], [2, 4, 6])).toBe(0);
    expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1);
    expect(rankCorrelation([1, 2, 2, 3], [3, 2, 2, 1])).toBeCloseTo(-1);
  });

  test('a claim needs more than the floor and an interval without zero', () => {
    expect(verdictOf(-2, { low: -3, high: -1 }, 0.5)).toBe('faster');
    expect(verdictOf(2, { low: 1, high: 3 }, 0.5)).toBe('slower');
    expect(verdictOf(2, { low: -1, high: 5 }, 0.5)).toBe('cannot tell');
    expect(verdictOf(0.4, { low: 0.3, high: 0.5 }, 0.5)).toBe('cannot tell');
  });

  test('the spread of the null pair is a floor for claims', () => {
    const rounds = (ns: readonly number[]): number[][] => ns.map((n) => [n]);
    const empty = rounds(times(8, 10));
    const quiet = timeVerdict(
      [
        [rounds(times(8, 20)), rounds(times(8, 20))],
        [rounds(times(8, 22)), rounds(times(8, 22))],
      ],
      empty,
      { seed: 1 },
    );
    expect(quiet).toMatchObject({ harnessNs: 10, nullNs: 0, floorNs: 0.5 });
    expect(quiet.versions[1]).toMatchObject({
      ns: 12,
      perTest: [12],
      against: { ratio: 1.2, differenceNs: 2, verdict: 'slower' },
    });
    const noisy = timeVerdict(
      [
        [rounds(times(8, 20)), rounds(times(8, 23))],
        [rounds(times(8, 22)), rounds(times(8, 22))],
      ],
      empty,
      { seed: 1 },
    );
    expect(noisy.nullNs).toBe(3);
    expect(noisy.versions[1]!.against).toMatchObject({ differenceNs: 0.5, verdict: 'cannot tell' });
  });
});

function timed(r: TimeResult): TimeReport {
  if (r.status !== 'timed') throw new Error(r.reason);
  return r;
}

/** A test whose record and packet are `fill`. */
const blank = (ctxBytes = 24, fill = 1): TestCase => ({
  ctx: new Uint8Array(ctxBytes).fill(fill),
  packet: new Uint8Array(96).fill(fill),
  maps: [],
  seed: 0,
});

/** `n` multiplications in a row: three cycles each on any x86-64 of the last fifteen years. */
const multiplying = (n: number, end: readonly Insn[] = [insn(OP_EXIT)]): Insn[] => [
  insn(op('mov64.k'), 0, 0, 0, 3),
  ...times(n, insn(op('mul64.k'), 0, 0, 0, 5)),
  insn(op('and64.k'), 0, 0, 0, 1),
  ...end,
];

const INET4_CONNECT = 10;
const ofHook = (hook: HookName, insns: readonly Insn[]): Program => ({
  ...xdpProgram(insns),
  hook,
  ...(hook === 'cgroup_sock_addr' ? { attachType: INET4_CONNECT } : {}),
});

describe.skipIf(!hasKernel)(`time${needsKernel}`, () => {
  test.each(['xdp', 'sched_cls', 'cgroup_skb', 'tracepoint', 'cgroup_sock_addr'] as const)(
    '%s: ten times the work is slower, and the other way round faster',
    (hook) => {
      const [few, many] = [ofHook(hook, multiplying(20)), ofHook(hook, multiplying(400))];
      const there = timed(kernelTime([few, many], [blank()], { samples: 3 }));
      expect(there.versions[1]!.against!.verdict).toBe('slower');
      expect(there.versions[1]!.against!.ratio).toBeGreaterThan(2);
      const back = timed(kernelTime([many, few], [blank()], { samples: 3 }));
      expect(back.versions[1]!.against!.verdict).toBe('faster');
    },
  );

  test('state is restored before every iteration: head, tail and bytes of the packet', () => {
    // Fails (and takes the long way) when the first byte is not 1, then spoils it and moves both edges.
    const call = (id: number, delta: number): Insn[] => [
      insn(op('mov64.x'), 1, 6),
      insn(op('mov64.k'), 2, 0, 0, delta),
      insn(OP_CALL, 0, 0, 0, id),
    ];
    const spoil = [
      insn(op('mov64.k'), 0, 0, 0, 0),
      insn(op('stx.b'), 2, 0, 0),
      ...call(44, -16),
      ...call(65, -10),
      insn(op('mov64.k'), 0, 0, 0, 2),
      insn(OP_EXIT),
    ];
    const slow = multiplying(2000);
    const body = [
      insn(op('mov64.x'), 6, 1),
      insn(op('ldx.w'), 2, 1, 0),
      insn(op('ldx.w'), 3, 1, 4),
      insn(op('mov64.x'), 4, 2),
      insn(op('add64.k'), 4, 0, 0, 96),
      insn(op('jgt64.x'), 4, 3, 2 + spoil.length),
      insn(op('ldx.b'), 5, 2, 0),
      insn(op('jne64.k'), 5, 0, spoil.length, 1),
      ...spoil,
      ...slow,
    ];
    const report = timed(kernelTime([xdpProgram(body), xdpProgram(slow)], [blank()], { samples: 3 }));
    expect(report.versions[1]!.against!.verdict).toBe('slower');
  });

  test('a writable record is restored', () => {
    const slow = multiplying(2000);
    const body = [
      insn(op('ldx.w'), 5, 1, 4),
      insn(op('jne64.k'), 5, 0, 4, 0x0101_0101),
      insn(op('mov64.k'), 5, 0, 0, 0),
      insn(op('stx.w'), 1, 5, 4),
      insn(op('mov64.k'), 0, 0, 0, 1),
      insn(OP_EXIT),
      ...slow,
    ];
    const programs = [ofHook('cgroup_sock_addr', body), ofHook('cgroup_sock_addr', slow)];
    expect(timed(kernelTime(programs, [blank(72)], { samples: 3 })).versions[1]!.against!.verdict).toBe(
      'slower',
    );
  });

  test('what cannot be timed is a value with a reason', () => {
    const exit = [insn(op('mov64.k')), insn(OP_EXIT)];
    const filter = [insn(op('mov64.x'), 6, 1), insn(op('ldabs.b')), insn(OP_EXIT)];
    expect(kernelTime([], [])).toEqual({ status: 'cannot time', reason: 'no programs' });
    expect(kernelTime([xdpProgram(exit)], [])).toEqual({ status: 'cannot time', reason: 'no tests' });
    expect(kernelTime([ofHook('lirc_mode2', exit)], [blank()])).toMatchObject({
      reason: expect.stringMatching(/no way to run/),
    });
    expect(kernelTime([ofHook('socket_filter', filter)], [blank()], { rounds: 2 })).toMatchObject({
      status: 'timed',
      as: { runner: 'skb-l3', record: false },
    });
    expect(kernelTime([xdpProgram([insn(op('mov64.x'), 0, 4), insn(OP_EXIT)])], [blank()])).toMatchObject({
      status: 'cannot time',
      reason: expect.stringMatching(/R4 !read_ok/),
    });
    expect(kernelTime([xdpProgram(exit), ofHook('tracepoint', exit)], [blank()])).toMatchObject({
      reason: 'xdp against tracepoint',
    });
  });

  test.skipIf(!hasPaper)('xdp2 with its maps, against itself with a detour', () => {
    const p = paperProgram('xdp2');
    const detour = [insn(op('mov64.x'), 6, 1), ...times(400, insn(op('mul64.k'), 6, 0, 0, 5))];
    const start = [insn(op('mov64.k'), 6, 0, 0, 3), ...detour.slice(1)];
    const longer = {
      ...p,
      insns: [...start, ...p.insns],
      functions: [{ name: 'xdp2', start: 0, end: start.length + p.insns.length }],
      origin: [...start.map(() => -1), ...p.origin],
    };
    const tests = generateTests(p, { seed: 1, count: 4, wild: false });
    const report = timed(kernelTime([p, longer], tests, { samples: 3 }));
    expect(report.tests).toBe(4);
    expect(report.versions[1]!.against!.verdict).toBe('slower');
    expect(report.versions[0]!.perTest).toHaveLength(4);
  });
});
