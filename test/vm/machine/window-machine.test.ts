import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import type { Insn } from '../../../src/isa/insn.ts';
import { replaceRange } from '../../../src/program/edit.ts';
import type { MapDef } from '../../../src/program/program.ts';
import { lower, raise } from '../../../src/search/chain/positions.ts';
import { contextProvider } from '../../../src/verify/index.ts';
import { createMachine } from '../../../src/vm/machine/machine.ts';
import { WindowMachine } from '../../../src/vm/machine/window-machine.ts';
import { generateTests } from '../../../src/vm/testgen/index.ts';
import { programOf } from '../../optimizer/helpers.ts';

const MAP: MapDef = { name: 'm', type: 2, keySize: 4, valueSize: 16, maxEntries: 2, flags: 0 };
const PROGRAM = programOf(
  assemble(`
    r6 = r1
    r2 = *(u32 *)(r1 +4)
    r7 = *(u32 *)(r1 +0)
    r3 = r7
    r3 += 14
    r0 = 1
    if r3 > r2 goto +16
    r1 = *(u8 *)(r7 +0)
    r1 &= 3
    *(u32 *)(r10 -4) = r1
    r2 = r10
    r2 += -4
    r1 = map[id:0]
    call 1
    if r0 == 0x0 goto +5
    r1 = *(u64 *)(r0 +8)
    r1 += 1
    *(u64 *)(r0 +8) = r1
    r0 = 2
    exit
    r0 = 0
    exit
    exit
  `),
  'xdp',
  [MAP],
);
/** From the lookup on: a call, a branch, two ways out by exit, one to a place outside. */
const WINDOW = { start: 7, end: 20 };

function opened(window: { start: number; end: number }) {
  const context = contextProvider()(PROGRAM, window);
  const exits = context.exits.map((e) => e.to);
  const source = raise(PROGRAM.insns.slice(window.start, window.end), exits)!.insns;
  const whole = createMachine(PROGRAM);
  whole.setTests(generateTests(PROGRAM, { seed: 3, count: 24 }));
  whole.setSource(PROGRAM.insns);
  const machine = new WindowMachine(PROGRAM, whole.tests, 4);
  const observed = (at: { liveRegisters: readonly bigint[]; liveStack: Uint8Array }) => ({
    registers: at.liveRegisters,
    stack: at.liveStack,
  });
  machine.open(source, whole.statesAt(PROGRAM.insns, window.start), {
    end: observed(context),
    places: context.exits.map(observed),
    exit: { registers: [context.returnBits], stack: new Uint8Array(512) },
  });
  const errors = (candidate: readonly Insn[]) => {
    machine.setCandidate(candidate);
    const inWindow = machine.evaluate().error;
    whole.setCandidate(replaceRange(PROGRAM, window.start, window.end, lower(candidate, exits)).insns);
    return { inWindow, inProgram: whole.evaluate().error };
  };
  return { machine, source, errors };
}

describe('WindowMachine', () => {
  const { machine, source, errors } = opened(WINDOW);
  const changed = (at: number, change: Partial<Insn>): Insn[] =>
    source.map((i, k) => (k === at ? { ...i, ...change } : i));

  it('runs from states that tests reach, on several paths', () => {
    expect(machine.size).toBeGreaterThan(4);
    const values = new Set(Array.from({ length: machine.size }, (_, n) => machine.state(n)!.test));
    expect(values.size).toBe(machine.size);
  });

  it('finds no error in the source itself', () => {
    expect(errors(source)).toEqual({ inWindow: 0, inProgram: 0 });
  });

  it('accepts what does the same, called in another order', () => {
    const other = [...source];
    // `r2 += -4` and the map's address are independent.
    [other[4], other[5]] = [source[5]!, source[4]!];
    expect(errors(other)).toEqual({ inWindow: 0, inProgram: 0 });
  });

  it.each([
    ['another result', 11, { imm: 3 }],
    ['another key', 1, { imm: 1 }],
    ['another place in the value', 10, { off: 0 }],
    ['another constant added', 9, { imm: 2 }],
    ['the other way at the branch', 7, { op: 0x55 }],
    ['a call less', 6, { op: 0xb7, imm: 0, dst: 0 }],
    ['an early exit', 8, { op: 0x95, dst: 0, src: 0, off: 0, imm: 0 }],
  ] as const)('sees %s', (_, at, change) => {
    const { inWindow, inProgram } = errors(changed(at, change));
    expect(inProgram).toBeGreaterThan(0);
    expect(inWindow).toBeGreaterThan(0);
  });

  it('sees an access to what others share that the source does not make', () => {
    const load = assemble('r3 = *(u32 *)(r0 +0)')[0]!;
    const { inWindow, inProgram } = errors([...source.slice(0, 8), load, ...source.slice(9)]);
    expect(inProgram).toBeGreaterThan(0);
    expect(inWindow).toBeGreaterThan(0);
    // The same bytes as the source's.
    const narrow = assemble('r3 = *(u32 *)(r0 +8)')[0]!;
    const spare = source.map((i, at) => (at === 11 ? narrow : i));
    machine.setCandidate(spare);
    expect(machine.evaluate().faults).toBe(0);
    machine.setCandidate(source.map((i, at) => (at === 11 ? load : i)));
    expect(machine.evaluate().faults).toBeGreaterThan(0);
  });

  it('sees the error of a single patch, and none when it is taken back', () => {
    machine.setCandidate(source);
    machine.patch(11, { ...source[11]!, imm: 7 });
    expect(machine.evaluate().error).toBeGreaterThan(0);
    machine.patch(11, source[11]!);
    expect(machine.evaluate().error).toBe(0);
  });

  it('runs from a state that was varied', () => {
    const before = machine.size;
    const base = machine.state(0)!;
    expect(machine.add({ ...base, registers: base.registers.map((old, r) => (r === 2 ? 99n : old)) })).toBe(
      true,
    );
    expect(machine.size).toBe(before + 1);
    machine.setCandidate(source);
    expect(machine.evaluate().error).toBe(0);
    machine.drop();
    expect(machine.size).toBe(before);
  });
});

describe('a window whose end is never reached', () => {
  it('counts the place where it is left', () => {
    const { source, errors } = opened({ start: 14, end: 20 });
    expect(errors(source).inWindow).toBe(0);
    const without = source.map((i, k) => (k === 5 ? { ...i, op: 0x05 } : i));
    expect(errors(without).inWindow).toBeGreaterThan(0);
  });
});
