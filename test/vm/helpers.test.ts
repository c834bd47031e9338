import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/isa/insn.ts';
import type { MapDef } from '../../src/program/program.ts';
import { HELPERS } from '../../src/program/tables/helpers.ts';
import { createMachine, type Outcome, runReference, type TestCase } from '../../src/vm/index.ts';
import { callHelper, exit, imm64, loadMap, map, op, program, testCase } from './support/programs.ts';

type Hook = Parameters<typeof program>[1];

function run(
  insns: readonly Insn[],
  maps: readonly MapDef[],
  test: Partial<TestCase> = {},
  hook: Hook = 'xdp',
): Outcome {
  const p = program(insns, hook, maps);
  const machine = createMachine(p);
  const given = testCase(test);
  machine.setTests([given]);
  const outcome = machine.run(insns, 0);
  expect(outcome).toEqual(runReference(p, insns, given));
  return outcome;
}

const bytes = (...b: number[]): Uint8Array => Uint8Array.from(b);
const signed = (o: Outcome): bigint => BigInt.asIntN(64, o.r0);

/** Key word at r10-16, value words at r10-8; then the call. r6 keeps the context. */
const words = (key: number, value = 0): Insn[] => [
  op('mov64.x', 6, 1),
  op('st.dw', 10, 0, -16, key),
  op('st.dw', 10, 0, -8, value),
];
function mapCall(helper: number, flags = 0, index = 0): Insn[] {
  return [
    loadMap(1, index),
    op('mov64.x', 2, 10),
    op('add64.k', 2, 0, 0, -16),
    op('mov64.x', 3, 10),
    op('add64.k', 3, 0, 0, -8),
    op('mov64.k', 4, 0, 0, flags),
    callHelper(helper),
  ];
}
const [LOOKUP, UPDATE, DELETE] = [1, 2, 3];

describe('map helpers answer as Linux does', () => {
  const entry = { key: bytes(1, 0, 0, 0), value: bytes(9, 0, 0, 0, 0, 0, 0, 0) };
  const full = [1, 2].map((k) => ({ key: bytes(k, 0, 0, 0), value: bytes(k, 0, 0, 0, 0, 0, 0, 0) }));
  /** [map type, helper, key, flags, entries, result] */
  const rows: [Parameters<typeof map>[0], number, number, number, TestCase['maps'][number], bigint][] = [
    ['HASH', UPDATE, 1, 0, [], 0n],
    ['HASH', UPDATE, 1, 1, [entry], -17n],
    ['HASH', UPDATE, 1, 2, [], -2n],
    ['HASH', UPDATE, 1, 2, [entry], 0n],
    ['HASH', UPDATE, 1, 3, [entry], -22n],
    ['HASH', UPDATE, 3, 0, full, -7n],
    ['HASH', DELETE, 3, 0, full, -2n],
    ['HASH', DELETE, 1, 0, full, 0n],
    ['LRU_HASH', UPDATE, 3, 0, full, 0n],
    ['PERCPU_HASH', UPDATE, 1, 1, [entry], -17n],
    ['ARRAY', UPDATE, 1, 0, [], 0n],
    ['ARRAY', UPDATE, 1, 1, [], -17n],
    ['ARRAY', UPDATE, 2, 0, [], -7n],
    ['ARRAY', UPDATE, 2, 3, [], -22n],
    ['ARRAY', DELETE, 1, 0, [], -22n],
    ['PERCPU_ARRAY', UPDATE, 1, 0, [], 0n],
    ['ARRAY', LOOKUP, 2, 0, [], 0n],
    ['HASH', LOOKUP, 1, 0, [], 0n],
  ];
  for (const [type, helper, key, flags, entries, result] of rows)
    it(`${type} helper ${helper} key ${key} flags ${flags} with ${entries.length} entries: ${result}`, () => {
      const insns = [...words(key, 5), ...mapCall(helper, flags), exit()];
      expect(signed(run(insns, [map(type, 4, 8, 2)], { maps: [entries] }))).toBe(result);
    });

  it('read and write values in place', () => {
    for (const type of ['HASH', 'ARRAY', 'PERCPU_ARRAY', 'LRU_HASH', 'PERCPU_HASH'] as const) {
      const insns = [
        ...words(1),
        ...mapCall(LOOKUP),
        op('jne64.k', 0, 0, 1, 0),
        exit(),
        op('st.b', 0, 0, 1, 7),
        op('ldx.h', 0, 0, 0),
        exit(),
      ];
      const outcome = run(insns, [map(type, 4, 8, 2)], { maps: [[entry]] });
      expect(outcome.r0).toBe(0x0709n);
      expect(outcome.maps).toEqual([[{ key: entry.key, value: bytes(9, 7, 0, 0, 0, 0, 0, 0) }]]);
    }
  });

  it('keep the old element of a replaced entry apart from the new one', () => {
    const insns = [
      ...words(1, 5),
      ...mapCall(LOOKUP),
      op('mov64.x', 7, 0),
      ...mapCall(UPDATE),
      op('st.dw', 7, 0, 0, 77),
      op('mov64.k', 0),
      exit(),
    ];
    const outcome = run(insns, [map('HASH', 4, 8, 2)], { maps: [[entry]] });
    expect(outcome.maps[0]).toEqual([{ key: entry.key, value: bytes(5, 0, 0, 0, 0, 0, 0, 0) }]);
  });

  it('find the longest prefix', () => {
    const trie = [
      { key: bytes(8, 0, 0, 0, 10, 0, 0, 0), value: bytes(1, 0, 0, 0, 0, 0, 0, 0) },
      { key: bytes(20, 0, 0, 0, 10, 1, 0x10, 0), value: bytes(2, 0, 0, 0, 0, 0, 0, 0) },
    ];
    const find = (...address: number[]): bigint => {
      const key = Buffer.from(address).readInt32LE();
      const insns = [
        op('st.w', 10, 0, -16, 32),
        op('st.w', 10, 0, -12, key),
        ...mapCall(LOOKUP),
        op('jeq64.k', 0, 0, 1, 0),
        op('ldx.dw', 0, 0, 0),
        exit(),
      ];
      return run(insns, [{ ...map('LPM_TRIE', 8, 8, 4), flags: 1 }], { maps: [trie] }).r0;
    };
    expect([find(10, 1, 0x1f, 9), find(10, 1, 0x20, 9), find(11, 1, 0, 0)]).toEqual([2n, 1n, 0n]);
  });

  it('give memory of large arrays where it is looked up', () => {
    const insns = [
      ...words(1_000_000),
      ...mapCall(LOOKUP),
      op('st.w', 0, 0, 0, 5),
      ...mapCall(LOOKUP),
      op('ldx.w', 0, 0, 0),
      exit(),
    ];
    const outcome = run(insns, [map('ARRAY', 4, 8, 2_000_000)]);
    expect(outcome.r0).toBe(5n);
    expect(outcome.maps[0]).toEqual([
      { key: bytes(0x40, 0x42, 0x0f, 0), value: bytes(5, 0, 0, 0, 0, 0, 0, 0) },
    ]);
  });

  it('hand out inner maps', () => {
    const outer = { ...map('ARRAY_OF_MAPS', 4, 4, 4), inner: map('ARRAY', 4, 8, 2) };
    const insns = [
      ...words(1),
      ...mapCall(LOOKUP),
      op('jeq64.k', 0, 0, 5, 0),
      op('mov64.x', 1, 0),
      op('mov64.x', 2, 10),
      op('add64.k', 2, 0, 0, -16),
      callHelper(LOOKUP),
      op('st.w', 0, 0, 0, 3),
      op('mov64.k', 0),
      exit(),
    ];
    const present = [{ key: bytes(1, 0, 0, 0), value: bytes(1, 0, 0, 0) }];
    expect(run(insns, [outer], { maps: [present] }).maps[1]).toEqual([
      { key: bytes(1, 0, 0, 0), value: bytes(3, 0, 0, 0, 0, 0, 0, 0) },
    ]);
    expect(run(insns, [outer]).maps).toEqual([[]]);
  });

  it('check the memory that they are given', () => {
    const unwritten = [op('mov64.k', 0), ...mapCall(LOOKUP), exit()];
    for (const type of ['ARRAY', 'HASH'] as const)
      expect(run(unwritten, [map(type, 4, 8, 2)]).fault).toBe('uninitialised');
    const noMap = [...words(1), ...mapCall(LOOKUP).with(0, op('mov64.x', 1, 10)), exit()];
    expect(run(noMap, []).fault).toBe('bad-call');
  });
});

describe('packets', () => {
  const packet = Uint8Array.from({ length: 40 }, (_, i) => i);
  const adjust = (helper: number, delta: number): Insn[] => [
    op('mov64.x', 6, 1),
    op('mov64.k', 2, 0, 0, delta),
    callHelper(helper),
    exit(),
  ];

  it('grow and shrink at both ends', () => {
    expect(run(adjust(44, 14), [], { packet }).packet).toEqual(packet.slice(14));
    expect(run(adjust(44, -4), [], { packet }).packet).toEqual(bytes(0, 0, 0, 0, ...packet));
    expect(run(adjust(65, 4), [], { packet }).packet).toEqual(bytes(...packet, 0, 0, 0, 0));
    expect(run(adjust(65, -10), [], { packet }).packet).toEqual(packet.slice(0, 30));
    for (const [helper, delta] of [
      [44, 27],
      [44, -300],
      [65, -27],
      [65, 4000],
      [54, 4],
    ] as const)
      expect([helper, delta, signed(run(adjust(helper, delta), [], { packet }))]).toEqual([
        helper,
        delta,
        -22n,
      ]);
    expect(signed(run(adjust(54, -3), [], { packet }))).toBe(-13n);
  });

  it('take from the program what was cut off', () => {
    const insns = [...adjust(44, 14).slice(0, -1), op('ldx.w', 2, 6, 0), op('ldx.b', 0, 2, -1), exit()];
    expect(run(insns, [], { packet }).fault).toBe('out-of-bounds');
  });

  it('are copied in and out for skb hooks', () => {
    const at = (helper: number, offset: number): Insn[] => [
      op('st.dw', 10, 0, -8, 0x55),
      op('mov64.k', 2, 0, 0, offset),
      op('mov64.x', 3, 10),
      op('add64.k', 3, 0, 0, -8),
      op('mov64.k', 4, 0, 0, 4),
      op('mov64.k', 5),
      callHelper(helper),
      op('jne64.k', 0, 0, 1, 0),
      op('ldx.w', 0, 10, -8),
      exit(),
    ];
    expect(run(at(26, 4), [], { packet }, 'sched_cls').r0).toBe(0x07060504n);
    expect(signed(run(at(26, 37), [], { packet }, 'sched_cls'))).toBe(-14n);
    expect([...run(at(9, 4), [], { packet }, 'sched_cls').packet.slice(3, 9)]).toEqual([3, 0x55, 0, 0, 0, 8]);
    expect(signed(run(at(9, 37), [], { packet }, 'sched_cls'))).toBe(-14n);
  });

  it('have their checksums updated', () => {
    // 0x1234 + 0x5678 = 0x68ac; the checksum of the two words is its complement.
    const words = bytes(0x12, 0x34, 0x56, 0x78, 0x97, 0x53, ...new Uint8Array(30));
    const replace = (helper: number, flags: number): Insn[] => [
      op('mov64.k', 2, 0, 0, 4),
      op('mov64.k', 3, 0, 0, 0x3412),
      op('mov64.k', 4, 0, 0, 0x0100),
      op('mov64.k', 5, 0, 0, flags),
      callHelper(helper),
      exit(),
    ];
    for (const helper of [10, 11]) {
      const outcome = run(replace(helper, 2), [], { packet: words }, 'sched_cls');
      // 0x1234 became 0x0001: the sum is 0x5679.
      expect([...outcome.packet.slice(4, 6)]).toEqual([0xa9, 0x86]);
      expect(signed(run(replace(helper, 3), [], { packet: words }, 'sched_cls'))).toBe(-22n);
    }
  });

  it('are summed by csum_diff', () => {
    const diff = (from: number, to: number): Insn[] => [
      op('st.w', 10, 0, -8, 0x01020304),
      op('st.w', 10, 0, -4, 0x11121314),
      op('mov64.x', 1, 10),
      op('add64.k', 1, 0, 0, -8),
      op('mov64.k', 2, 0, 0, from),
      op('mov64.x', 3, 10),
      op('add64.k', 3, 0, 0, -4),
      op('mov64.k', 4, 0, 0, to),
      op('mov64.k', 5),
      callHelper(28),
      exit(),
    ];
    expect(run(diff(0, 4), []).r0).toBe(0x2426n);
    expect(run(diff(4, 4), []).r0).toBe(0x2020n);
    expect(run(diff(4, 0), []).r0).toBe(0xfbf9n);
    // All ones are 0 in ones' complement, and the kernel keeps which of the two it is.
    const ones = diff(4, 0).map((i, n) => (n === 0 ? { ...i, imm: -1 } : i));
    expect(run(ones, []).r0).toBe(0n);
    expect(
      run(
        diff(0, 4).map((i, n) => (n === 1 ? { ...i, imm: -1 } : i)),
        [],
      ).r0,
    ).toBe(0xffffn);
    // Odd sizes are summed since Linux 6.13; before, they were refused.
    expect(run(diff(3, 0), []).r0).toBe(0xfcf9n);
  });
});

describe('effects outside', () => {
  it('redirect with the kernel’s verdicts', () => {
    const to = (flags: number): Insn[] => [
      op('mov64.k', 1, 0, 0, 3),
      op('mov64.k', 2, 0, 0, flags),
      callHelper(23),
      exit(),
    ];
    const outcome = run(to(0), []);
    expect([outcome.r0, outcome.calls]).toEqual([4n, [{ helper: 23, args: [3n, 0n], bytes: [] }]]);
    expect(run(to(1), []).r0).toBe(0n);
    expect([run(to(1), [], {}, 'sched_cls').r0, run(to(2), [], {}, 'sched_cls').r0]).toEqual([7n, 2n]);
  });

  it('redirect through maps, with the fallback in the flags', () => {
    const insns = [
      loadMap(1, 0),
      op('mov64.k', 2, 0, 0, 1),
      op('mov64.k', 3, 0, 0, 2),
      callHelper(51),
      exit(),
    ];
    const maps = [[{ key: bytes(1, 0, 0, 0), value: bytes(7, 0, 0, 0) }]];
    for (const type of ['DEVMAP', 'CPUMAP'] as const) {
      expect(run(insns, [map(type, 4, 4, 4)], { maps }).r0).toBe(4n);
      expect(run(insns, [map(type, 4, 4, 4)]).r0).toBe(2n);
    }
  });

  it('send events with their bytes', () => {
    const insns = [
      op('mov64.x', 6, 1),
      op('st.w', 10, 0, -4, 0x01020304),
      loadMap(2, 0),
      imm64(3, 0xffff_ffffn),
      op('mov64.x', 4, 10),
      op('add64.k', 4, 0, 0, -4),
      op('mov64.k', 5, 0, 0, 4),
      callHelper(25),
      exit(),
    ];
    const events = [0, 1].map((cpu) => ({ key: bytes(cpu, 0, 0, 0), value: bytes(1, 0, 0, 0) }));
    const outcome = run(insns, [map('PERF_EVENT_ARRAY', 4, 4, 2)], { maps: [events] });
    expect(outcome.r0).toBe(0n);
    expect(outcome.calls.map((c) => [c.helper, c.bytes])).toEqual([[25, [bytes(4, 3, 2, 1)]]]);
    expect(signed(run(insns, [map('PERF_EVENT_ARRAY', 4, 4, 2)]))).toBe(-2n);
  });

  it('submit ring buffer records', () => {
    const insns = [
      loadMap(1, 0),
      op('mov64.k', 2, 0, 0, 8),
      op('mov64.k', 3),
      callHelper(131),
      op('jeq64.k', 0, 0, 4, 0),
      op('st.dw', 0, 0, 0, 6),
      op('mov64.x', 1, 0),
      op('mov64.k', 2),
      callHelper(132),
      op('mov64.k', 0),
      exit(),
    ];
    const outcome = run(insns, [map('RINGBUF', 0, 0, 4096)]);
    expect(outcome.calls).toEqual([{ helper: 132, args: [0n], bytes: [bytes(6, 0, 0, 0, 0, 0, 0, 0)] }]);
  });
});

describe('the stand-in', () => {
  it('runs every helper of the prototype table, the same way each time', () => {
    const maps = [map('HASH', 4, 8, 4)];
    for (const helper of HELPERS) {
      const insns = [
        op('mov64.x', 6, 1),
        ...[-8, -16, -24, -32].map((off) => op('st.dw', 10, 0, off, 1)),
        ...helper.args.flatMap((arg, index): Insn[] => {
          const r = index + 1;
          if (arg.kind === 'ctx' || arg.kind === 'ctx_or_sock') return [op('mov64.x', r, 6)];
          if (arg.kind === 'map') return [loadMap(r, 0)];
          if (arg.mem !== undefined) return [op('mov64.x', r, 10), op('add64.k', r, 0, 0, -32)];
          return [op('mov64.k', r, 0, 0, 4)];
        }),
        callHelper(helper.id),
        exit(),
      ];
      const outcome = run(insns, maps, {}, 'sched_cls');
      expect([undefined, 'bad-call', 'out-of-bounds', 'read-only']).toContain(outcome.fault);
    }
  });

  it('depends on what the call reads', () => {
    const hashOf = (value: number): bigint =>
      run(
        [
          op('st.dw', 10, 0, -8, value),
          op('mov64.x', 2, 10),
          op('add64.k', 2, 0, 0, -8),
          op('mov64.k', 3, 0, 0, 8),
          op('mov64.k', 4),
          callHelper(21),
          exit(),
        ],
        [],
        {},
        'sched_cls',
      ).calls[0]!.bytes[0]!.reduce((sum, b) => sum * 256n + BigInt(b), 0n);
    expect(hashOf(1)).not.toBe(hashOf(2));
  });
});
