import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { applyAll, proveAll, suspects } from '../../../src/optimizer/acceptance/batch.ts';
import type { Facts, Proven } from '../../../src/optimizer/acceptance/rewrite.ts';
import type { Program } from '../../../src/program/program.ts';
import { createWindowVerifier, type WindowVerifier } from '../../../src/verify/index.ts';
import { programOf } from '../helpers.ts';

let verifier: WindowVerifier;
let facts: Facts;

beforeAll(async () => {
  verifier = await createWindowVerifier();
  facts = {
    contextOf: (p, w) => verifier.contextOf(p, w),
    liveBefore: (p, index) => verifier.liveBefore(p, index),
  };
});

/**
 * Those of `replacements` (by index of the instruction that each replaces) that are proven, each by itself.
 */
function provenOf(program: Program, replacements: Readonly<Record<number, string>>): Proven[] {
  const proposals = Object.entries(replacements).map(([at, code]) => ({
    window: { start: Number(at), end: Number(at) + 1 },
    replacement: code === '' ? [] : assemble(code),
    by: 'test',
  }));
  return proveAll(program, proposals, (p, w, r) => verifier.check(p, w, r), new Set());
}

describe('rewrites that are proven one by one', () => {
  it('are all applied where none reads what another one may change', () => {
    const program = programOf(assemble('r3 = 1\nr4 = 2\nr0 = 2\nr0 &= 3\nexit'), 'xdp');
    const proven = provenOf(program, { 0: '', 1: '', 3: '' });
    expect(proven).toHaveLength(3);
    const made = applyAll(program, proven, facts);
    expect(made?.rewrites).toHaveLength(3);
    expect(made?.program.insns).toEqual(assemble('r0 = 2\nexit'));
  });

  it('are not applied together where one reads a register that the other one spoils', () => {
    // r5 holds 7 and nobody reads it: the first rewrite may put anything there, the second one takes the 7
    // from there.
    const program = programOf(assemble('r5 = 7\nr0 = 7\nexit'), 'xdp');
    const proven = provenOf(program, { 0: 'r5 = 8', 1: 'r0 = r5' });
    expect(proven).toHaveLength(2);
    const made = applyAll(program, proven, facts);
    expect(made?.rewrites).toHaveLength(1);
    expect(verifier.checkPrograms(program, made!.program).kind).toBe('equivalent');
  });

  it('are not applied together where one reads a place of the stack that the other one no longer writes', () => {
    const program = programOf(assemble('*(u64 *)(r10 -8) = 5\n*(u64 *)(r10 -16) = 6\nr0 = 5\nexit'), 'xdp');
    const proven = provenOf(program, { 0: '', 1: '', 2: 'r0 = *(u64 *)(r10 -8)' });
    expect(proven).toHaveLength(3);
    const made = applyAll(program, proven, facts);
    expect(made?.rewrites.map((r) => r.rewrite.window.start)).toEqual([2, 1]);
    expect(verifier.checkPrograms(program, made!.program).kind).toBe('equivalent');
  });

  it('leave no register unset that dead code still reads', () => {
    const program = programOf(assemble('r6 = 1\nr7 = r6\nr0 = 2\nexit'), 'xdp');
    const made = applyAll(program, provenOf(program, { 0: '', 2: 'w0 = 2' }), facts);
    expect(made?.rewrites.map((r) => r.rewrite.window.start)).toEqual([2]);
  });

  it('keep jumps on their targets, wherever the others have moved those', () => {
    const program = programOf(
      assemble('r2 = *(u32 *)(r1 +12)\nr3 = 1\nif r2 == 0 goto +3\nr4 = 1\nr0 = 2\nexit\nr0 = 1\nexit'),
      'xdp',
    );
    const proven = provenOf(program, { 1: '', 2: 'if w2 == 0 goto +3', 3: '' });
    const made = applyAll(program, proven, facts);
    expect(made?.program.insns).toEqual(
      assemble('r2 = *(u32 *)(r1 +12)\nif w2 == 0 goto +2\nr0 = 2\nexit\nr0 = 1\nexit'),
    );
  });

  it('are suspected of what happens at the instructions behind them', () => {
    const program = programOf(assemble('r3 = 1\nr4 = 2\nr5 = 3\nr0 = 2\nexit'), 'xdp');
    const proven = provenOf(program, { 0: '', 2: '' });
    const first = proven.find((r) => r.rewrite.window.start === 0)!;
    expect(suspects(proven, [0])).toEqual([first]);
    expect(suspects(proven, [1])).toEqual([proven.find((r) => r !== first)]);
    expect(suspects(proven, [])).toEqual([]);
  });
});
