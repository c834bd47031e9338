import { describe, expect, it } from 'vitest';
import type { Insn } from '../../../src/isa/insn.ts';
import {
  createMachine,
  type MachineOptions,
  type Outcome,
  runReference,
  type TestCase,
} from '../../../src/vm/index.ts';
import { callHelper, exit, imm64, loadMap, map, nop, op, program, testCase } from '../support/programs.ts';

type Hook = Parameters<typeof program>[1];

/** Runs on both interpreters, which must agree, and gives the outcome. */
function run(
  insns: readonly Insn[],
  test: Partial<TestCase> = {},
  hook: Hook = 'xdp',
  maps: Parameters<typeof program>[2] = [],
  options: Partial<MachineOptions> = {},
): Outcome {
  const p = program(insns, hook, maps);
  const machine = createMachine(p, options);
  const given = testCase(test);
  machine.setTests([given]);
  const outcome = machine.run(insns, 0);
  expect(outcome).toEqual(runReference(p, insns, given, options));
  return outcome;
}

describe('memory', () => {
  it('gives pointers with kernel-like upper bits that differ between tests', () => {
    const seen = [1, 2, 3, 4].map((seed) => run([op('mov64.x', 0, 1), exit()], { seed }).r0);
    for (const r0 of seen) expect(r0 >> 40n).toBe(0xffff88n);
    expect(new Set(seen.map((p) => p & 0xffff_ffffn)).size).toBe(4);
    expect(new Set(seen.map((p) => p >> 32n)).size).toBeGreaterThan(1);
  });

  it('makes a stored pointer half readable back as an unknown number, not as a constant', () => {
    const insns = [op('stx.dw', 10, 1, -8), op('ldx.w', 0, 10, -4), exit()];
    const halves = [1, 2, 3].map((seed) => run(insns, { seed }).r0);
    expect(halves.every((h) => h >= 0xffff_8880n)).toBe(true);
  });

  it('yields 64-bit packet pointers for 4-byte loads of xdp_md.data', () => {
    const load = [
      op('ldx.w', 2, 1, 0),
      op('ldx.w', 3, 1, 4),
      op('mov64.x', 0, 3),
      op('sub64.x', 0, 2),
      exit(),
    ];
    expect(run(load, { packet: new Uint8Array(77) }).r0).toBe(77n);
    expect(run([op('ldx.h', 2, 1, 0), op('mov64.k', 0), exit()]).fault).toBe('out-of-bounds');
  });

  const faults: [string, Insn[], string][] = [
    ['unwritten stack', [op('ldx.dw', 0, 10, -8), exit()], 'uninitialised'],
    ['atomic on unwritten stack', [op('atomic.add.dw', 10, 1, -8), exit()], 'uninitialised'],
    ['below the stack', [op('st.dw', 10, 0, -520), exit()], 'out-of-bounds'],
    ['across the stack top', [op('st.dw', 10, 0, -4), exit()], 'out-of-bounds'],
    ['null pointer', [op('mov64.k', 2), op('ldx.b', 0, 2, 8), exit()], 'null-pointer'],
    ['any number as pointer', [imm64(2, 0x1234_5678_9abcn), op('ldx.b', 0, 2, 0), exit()], 'out-of-bounds'],
    ['end of packet', [op('ldx.w', 2, 1, 4), op('ldx.b', 0, 2, 0), exit()], 'out-of-bounds'],
    ['read-only context', [op('st.w', 1, 0, 12), exit()], 'read-only'],
    ['falls off the end', [op('mov64.k', 0)], 'bad-jump'],
    ['jump out', [op('ja', 0, 0, 9), exit()], 'bad-jump'],
    ['no such opcode', [{ ...nop(), op: 0xff }, exit()], 'bad-opcode'],
    ['write to r10', [op('mov64.k', 10), exit()], 'bad-opcode'],
    ['constant to r10', [imm64(10, 5n), exit()], 'bad-opcode'],
    ['fetch into r10', [op('atomic.xchg.dw', 1, 10), exit()], 'bad-opcode'],
    ['kernel function', [{ ...callHelper(1), src: 2 }, exit()], 'bad-call'],
    ['no such map', [loadMap(1, 0), exit()], 'bad-opcode'],
  ];
  for (const [name, insns, fault] of faults)
    it(`faults: ${name}`, () => {
      expect(run(insns).fault).toBe(fault);
    });

  it('poisons r1..r5 after a call and unset registers before, from the seed', () => {
    const unset = [op('mov64.x', 0, 7), exit()];
    const after = [op('mov64.k', 1, 0, 0, 5), callHelper(8), op('mov64.x', 0, 1), exit()];
    for (const insns of [unset, after])
      expect(new Set([1, 2, 3].map((seed) => run(insns, { seed }).r0)).size).toBe(3);
  });
});

describe('control', () => {
  it('calls subprograms with frames of their own', () => {
    const insns = [
      op('st.dw', 10, 0, -8, 40),
      op('mov64.x', 1, 10),
      op('mov64.k', 6, 0, 0, 2),
      op('call.local', 0, 1, 0, 2),
      op('add64.x', 0, 6),
      exit(),
      op('ldx.dw', 0, 1, -8),
      op('stx.dw', 10, 0, -8),
      op('mov64.k', 6, 0, 0, 99),
      exit(),
    ];
    expect(run(insns).r0).toBe(42n);
    const unwritten = [
      op('st.dw', 10, 0, -8),
      op('call.local', 0, 1, 0, 1),
      exit(),
      op('ldx.dw', 0, 10, -8),
      exit(),
    ];
    expect(run(unwritten).fault).toBe('uninitialised');
  });

  it('closes a frame when it returns, and allows 8 of them', () => {
    const twice = [
      op('mov64.k', 1, 0, 0, 1),
      op('call.local', 0, 1, 0, 3),
      op('mov64.k', 1, 0, 0, 0),
      op('call.local', 0, 1, 0, 1),
      exit(),
      op('jeq64.k', 1, 0, 2, 0),
      op('st.dw', 10, 0, -16, 7),
      exit(),
      op('ldx.dw', 0, 10, -16),
      exit(),
    ];
    expect(run(twice).fault).toBe('uninitialised');
    const nested = (depth: number): Insn[] => [
      op('mov64.k', 1, 0, 0, depth),
      op('call.local', 0, 1, 0, 1),
      exit(),
      op('mov64.k', 0, 0, 0, 5),
      op('jeq64.k', 1, 0, 2, 0),
      op('sub64.k', 1, 0, 0, 1),
      op('call.local', 0, 1, 0, -4),
      exit(),
    ];
    expect(run(nested(6)).r0).toBe(5n);
    expect(run(nested(7)).fault).toBe('bad-call');
  });

  it('stops endless loops', () => {
    const outcome = run([op('ja', 0, 0, -1), exit()], {}, 'xdp', [], { stepLimit: 1000 });
    expect([outcome.fault, outcome.at]).toEqual(['step-limit', 0]);
  });

  it('leaves a may_goto loop when its budget is used up', () => {
    const insns = [
      op('mov64.k', 0),
      op('may_goto', 0, 0, 2),
      op('add64.k', 0, 0, 0, 1),
      op('ja', 0, 0, -3),
      exit(),
    ];
    expect(run(insns, {}, 'xdp', [], { mayGoto: 100 }).r0).toBe(100n);
  });

  it('ends with a tail call that finds a program, and goes on after one that does not', () => {
    const insns = [
      op('mov64.x', 6, 1),
      loadMap(2, 0),
      op('mov64.k', 3, 0, 0, 2),
      callHelper(12),
      op('mov64.k', 0, 0, 0, 9),
      exit(),
    ];
    const maps = [map('PROG_ARRAY', 4, 4, 4)];
    const entry = { key: Uint8Array.of(2, 0, 0, 0), value: Uint8Array.of(1, 0, 0, 0) };
    const found = run(insns, { maps: [[entry]] }, 'xdp', maps);
    expect([found.status, found.steps, found.calls]).toEqual([
      'exit',
      4,
      [{ helper: 12, args: [0n, 2n], bytes: [] }],
    ]);
    const missed = run(insns, {}, 'xdp', maps);
    expect([missed.r0, missed.calls]).toEqual([9n, []]);
  });

  it('loads legacy packet bytes in network order and ends outside the packet', () => {
    const packet = Uint8Array.from({ length: 40 }, (_, i) => i);
    const load = (name: string, imm: number, src = 0): bigint =>
      run(
        [
          op('mov64.x', 6, 1),
          op('mov64.k', 7, 0, 0, 3),
          op('mov64.k', 0, 0, 0, 1),
          op(name, 0, src, 0, imm),
          exit(),
        ],
        { packet },
        'sched_cls',
      ).r0;
    expect(load('ldabs.w', 4)).toBe(0x04050607n);
    expect(load('ldabs.h', 38)).toBe(0x2627n);
    expect(load('ldind.b', 4, 7)).toBe(7n);
    expect(load('ldabs.h', 39)).toBe(0n);
    expect(load('ldabs.b', -0x100000 + 2)).toBe(16n);
    expect(load('ldabs.b', -0x200000 + 2)).toBe(2n);
    expect(load('ldabs.b', -3)).toBe(0n);
  });
});

describe('candidates', () => {
  const insns = [
    op('mov64.k', 0, 0, 0, 1),
    imm64(2, 7n),
    op('jeq64.k', 2, 0, 1, 7),
    op('mov64.k', 0, 0, 0, 2),
    exit(),
  ];
  const machine = createMachine(program(insns, 'xdp'));
  machine.setTests([testCase(), testCase({ seed: 2 })]);

  it('keep jump targets when an ld_imm64 in between becomes a NOP', () => {
    const jumpOver = [
      op('mov64.k', 0, 0, 0, 1),
      op('jeq64.k', 0, 0, 3, 1),
      imm64(2, 7n),
      op('mov64.k', 0, 0, 0, 2),
      exit(),
    ];
    const m = createMachine(program(jumpOver, 'xdp'));
    m.setTests([testCase()]);
    m.setSource(jumpOver);
    m.setCandidate(jumpOver);
    m.patch(2, nop());
    expect(m.evaluate()).toEqual({ error: 0, failed: 0, faults: 0, stopped: false });
  });

  it('are priced by differing bits, or absolute difference, of r0', () => {
    machine.setSource(insns);
    machine.setCandidate(insns);
    expect(machine.evaluate().error).toBe(0);
    machine.patch(0, op('mov64.k', 0, 0, 0, 0x70));
    expect(machine.evaluate()).toEqual({ error: 2 * 4, failed: 2, faults: 0, stopped: false });
    expect(machine.evaluate(3)).toEqual({ error: 4, failed: 1, faults: 0, stopped: true });
    const absolute = createMachine(program(insns, 'xdp'), { metric: 'abs' });
    absolute.setTests([testCase()]);
    absolute.setSource(insns);
    absolute.setCandidate([op('mov64.k', 0, 0, 0, 0x70), ...insns.slice(1)]);
    expect(absolute.evaluate().error).toBe(0x6f);
  });

  it('look at r0 in the width that the hook reads', () => {
    machine.setSource(insns);
    machine.setCandidate([imm64(0, 0x5_0000_0001n), nop(), nop(), nop(), exit()]);
    expect(machine.evaluate().error).toBe(0);
  });

  it('survive runs of other code in between', () => {
    machine.setSource(insns);
    machine.setCandidate(insns);
    machine.patch(3, op('mov64.k', 0, 0, 0, 3));
    machine.run([op('mov64.k', 0), exit()], 0);
    machine.latency([exit()]);
    expect(machine.evaluate().error).toBe(0);
    machine.patch(2, nop());
    expect(machine.evaluate().failed).toBe(2);
  });

  it('cannot call functions when the source has none: there is no memory for their frames', () => {
    machine.setSource(insns);
    machine.setCandidate(insns);
    machine.patch(0, op('call.local', 0, 1, 0, 0));
    expect(machine.evaluate()).toMatchObject({ failed: 2, faults: 2 });
    machine.patch(0, insns[0]!);
    expect(machine.evaluate().error).toBe(0);
  });

  it('are not compared on tests where the source faults', () => {
    const p = [op('ldx.w', 2, 1, 0), op('ldx.b', 0, 2, 20), exit()];
    const m = createMachine(program(p, 'xdp'));
    m.setTests([testCase(), testCase({ packet: new Uint8Array(14) })]);
    expect(m.setSource(p)).toEqual([1]);
    m.setCandidate([op('mov64.k', 0), exit(), exit()]);
    expect(m.evaluate()).toEqual({ error: 0, failed: 0, faults: 0, stopped: false });
  });

  it('count executions and taken jumps', () => {
    expect(machine.coverage(insns)).toEqual({ executed: [2, 2, 2, 0, 2], taken: [0, 0, 2, 0, 0] });
  });

  it('stay comparable when tests are added', () => {
    const m = createMachine(program(insns, 'xdp'));
    m.setTests([testCase()]);
    m.setSource(insns);
    for (let n = 2; n < 20; n++) {
      m.setTests(Array.from({ length: n }, (_, seed) => testCase({ seed })));
      m.setCandidate(insns.with(0, op('mov64.k', 0)));
      expect(m.evaluate()).toEqual({ error: n, failed: n, faults: 0, stopped: false });
    }
  });
});
