import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { liveness } from '../../src/analysis/liveness.ts';
import { examine } from '../../src/analysis/safety.ts';
import { type Insn, insn, OP_EXIT } from '../../src/isa/insn.ts';
import { OPS } from '../../src/isa/semantics.ts';
import { HELPERS } from '../../src/program/tables/helpers.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import { HOOKS } from '../../src/program/tables/hooks.ts';
import { MAPS, programOf } from './programs.ts';

/** Any row of the table with any operands: mostly nonsense. */
const anyInsn: fc.Arbitrary<Insn> = fc
  .tuple(
    fc.constantFrom(...OPS),
    fc.nat(10),
    fc.nat(10),
    fc.oneof(fc.constantFrom(-8, -16, 0, 4), fc.integer({ min: -6, max: 6 })),
    fc.oneof(fc.constantFrom(0, 1, -1, 8), fc.nat(2), fc.constantFrom(...HELPERS.map((h) => h.id))),
  )
  .map(([op, dst, src, off, imm]) => {
    if (op.kind === 'ldimm64')
      return insn(op.op, dst, imm >= 0 && imm < MAPS.length ? src % 3 : 0, 0, imm % MAPS.length);
    return insn(op.op, dst, op.src ?? src, op.off ?? off, op.imm ?? imm);
  });

describe('hostile programs', () => {
  it('are analysed without a crash, the same way each time', () => {
    fc.assert(
      fc.property(
        fc.array(anyInsn, { maxLength: 24 }),
        fc.constantFrom(...(Object.keys(HOOKS) as HookName[])),
        (body, hook) => {
          const program = programOf([...body, insn(OP_EXIT)], hook);
          const analysis = analyze(program);
          const live = liveness(analysis);
          for (let n = 0; n < program.insns.length; n++) {
            analysis.stateBefore(n);
            live.liveBefore(n);
          }
          expect(examine(program)).toEqual(examine(program));
        },
      ),
      { numRuns: 150, seed: 5 },
    );
  });

  it('an endless number of paths ends as too large', () => {
    const twist = Array.from({ length: 40 }, () => [insn(0x2d, 2, 3, 1), insn(0x07, 2, 0, 0, 1)]).flat();
    const program = programOf([
      insn(0x61, 2, 1, 12),
      insn(0x61, 3, 1, 16),
      ...twist,
      insn(0xb7, 0),
      insn(OP_EXIT),
    ]);
    expect(examine(program).findings).toEqual([]);
    expect(examine(program, { limit: 50 }).findings).toEqual([
      { index: -1, reason: expect.stringMatching(/too large/) },
    ]);
  });
});
