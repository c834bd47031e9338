import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/base/random.ts';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { OPTIMIZE_DEFAULTS } from '../../../src/optimizer/defaults.ts';
import { optimizeProgram } from '../../../src/optimizer/program.ts';
import { synthesiseStates } from '../../../src/optimizer/states/synthetic.ts';
import type { MapDef } from '../../../src/program/program.ts';
import { contextProvider } from '../../../src/verify/index.ts';
import { createMachine } from '../../../src/vm/machine/machine.ts';
import { WindowMachine } from '../../../src/vm/machine/window-machine.ts';
import { HEAD } from '../../../src/vm/memory/layout.ts';
import { generateTests } from '../../../src/vm/testgen/index.ts';
import { programOf } from '../helpers.ts';

const HASH: MapDef = { name: 'h', type: 1, keySize: 4, valueSize: 8, maxEntries: 8, flags: 0 };
/** Behind a condition that no random number meets: a counter in a map's value, a spilled pointer. */
const PROGRAM = programOf(
  assemble(`
    *(u64 *)(r10 -16) = r1
    *(u32 *)(r10 -4) = 7
    r2 = r10
    r2 += -4
    r1 = map[id:0]
    call 1
    if r0 == 0x0 goto +9
    r3 = r0
    call 7
    if r0 != 0x12345678 goto +6
    r1 = *(u64 *)(r10 -16)
    r2 = *(u32 *)(r1 +12)
    r2 += 2
    r2 += 2
    r0 = r2
    exit
    r0 = 0
    exit
  `),
  'xdp',
  [HASH],
);
const WINDOW = { start: 10, end: 15 };

describe('synthesise', () => {
  const context = contextProvider()(PROGRAM, WINDOW);
  const machine = createMachine(PROGRAM);
  machine.setTests(generateTests(PROGRAM, { seed: 5, count: 8 }));
  machine.setSource(PROGRAM.insns);
  const starts = machine.statesAt(PROGRAM.insns, 0);
  const states = starts.flatMap((s) => synthesiseStates(s, context, new Rng('synthetic', s.test)) ?? []);

  it('gives states that the window runs from without a fault', () => {
    expect(machine.statesAt(PROGRAM.insns, WINDOW.start)).toHaveLength(0);
    expect(states).toHaveLength(starts.length);
    const windows = new WindowMachine(PROGRAM, machine.tests, 2);
    const source = PROGRAM.insns.slice(WINDOW.start, WINDOW.end);
    const nothing = { registers: [], stack: new Uint8Array(512) };
    const end = { registers: context.liveRegisters, stack: context.liveStack };
    windows.open(source, states, { end, places: [], exit: nothing });
    expect(windows.size).toBe(states.length);
    expect(windows.evaluate().error).toBe(0);
    windows.patch(3, { ...source[3]!, imm: 9 });
    expect(windows.evaluate().error).toBeGreaterThan(0);
  });

  it('keeps what is known: the constant, the spilled context', () => {
    for (const [k, s] of states.entries()) {
      expect(s.registers[0]).toBe(0x12345678n);
      const view = new DataView(s.bytes.buffer);
      const spilled = Number(s.registers[10]! - view.getBigUint64(HEAD.BASE, true)) - 16;
      expect(view.getBigUint64(spilled, true)).toBe(starts[k]!.registers[1]);
    }
  });

  it('is a function of its generator', () => {
    const again = synthesiseStates(starts[0]!, context, new Rng('synthetic', starts[0]!.test));
    expect(again).toEqual(states[0]);
  });

  it('lets the optimizer search where no test comes', async () => {
    const options = { ...OPTIMIZE_DEFAULTS, steps: 300_000, tests: 8, kernel: 'off', diffRuns: 0 } as const;
    const result = await optimizeProgram(PROGRAM, options);
    expect(result.rewrites.some((r) => r.window.start >= 9 && r.by.startsWith('chain'))).toBe(true);
  });
});
