import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/isa/insn.ts';
import { OPS, type OpSpec } from '../../src/isa/semantics.ts';
import { createMachine, Rng, runReference } from '../../src/vm/index.ts';
import { exit, imm64, nop, op, program, testCase, value64 } from './support/programs.ts';

const MEMORY = 128;

/**
 * Sets all registers, runs one instruction, stores what it left in every register. r9 points to the memory.
 */
function around(spec: OpSpec, rng: Rng): Insn[] {
  const dst = spec.kind === 'store' || spec.kind === 'atomic' ? 9 : rng.below(9);
  const src = spec.kind === 'load' ? 9 : spec.kind === 'ldimm64' ? 0 : rng.below(9);
  const off = rng.below(MEMORY - 80 - 8);
  const imm = Number(BigInt.asIntN(32, value64(rng)));
  const set = Array.from({ length: 9 }, (_, r) => imm64(r, value64(rng)));
  // Equal operands decide comparisons and exchanges that random ones never do.
  if (rng.chance(0.3)) set.push(op('mov64.x', dst === 9 ? 0 : dst, src));
  const jumps = spec.kind === 'jump' || spec.kind === 'goto' || spec.kind === 'maygoto';
  const body: Insn = op(
    spec.name,
    dst,
    src,
    jumps ? 1 : off,
    spec.kind === 'goto' && spec.distance === 'imm' ? 1 : imm,
  );
  const store = Array.from({ length: 9 }, (_, r) => op('stx.dw', 9, r, MEMORY - 72 + r * 8));
  return [op('mov64.x', 9, 1), ...set, body, jumps ? op('mov64.k', 0, 0, 0, 77) : nop(), ...store, exit()];
}

const RUNS: Partial<Record<OpSpec['kind'], true>> = {
  alu: true,
  load: true,
  store: true,
  atomic: true,
  jump: true,
  goto: true,
  maygoto: true,
  ldimm64: true,
  exit: true,
};

describe('fast and reference interpreter agree on every row of the table', () => {
  const machine = createMachine(program([], 'socket_filter'), { plainContext: true });
  for (const spec of OPS.filter((s) => RUNS[s.kind]))
    it(spec.name, () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const rng = new Rng(seed, spec.name);
          const insns = around(spec, rng);
          const test = testCase({ ctx: rng.bytes(MEMORY), packet: new Uint8Array(0), seed });
          machine.setTests([test]);
          const fast = machine.run(insns, 0);
          expect(fast).toEqual(runReference(machine.program, insns, test, { plainContext: true }));
          expect(fast.status).toBe('exit');
        }),
        { numRuns: 12, seed: 7 },
      );
    });

  it('leaves no kind out but those with tests of their own', () => {
    const rest = new Set(OPS.filter((s) => !RUNS[s.kind]).map((s) => s.kind));
    expect([...rest].sort()).toEqual(['call', 'cast', 'ldabs']);
  });
});
