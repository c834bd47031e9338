import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/random.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import { formatInsn } from '../../src/isa/disasm.ts';
import { sizeInSlots } from '../../src/isa/insn.ts';
import { replaceRange } from '../../src/program/edit.ts';
import { lateConstants, settingOnTheWay } from '../../src/search/rewrites/constant-sinking.ts';
import { simplified } from '../../src/search/rewrites/simplify.ts';
import { tailCopies } from '../../src/search/rewrites/tail-duplication.ts';
import { shareCode } from '../../src/search/rewrites/tail-merging.ts';
import { bisimilar } from '../../src/verify/bisimulation.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { richProgram } from '../audit/generate.ts';
import { programOf } from '../optimizer/helpers.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

describe('straight code without copies and dead results', () => {
  const simple = (text: string, live: number): string[] =>
    simplified(assemble(text), live).map((i) => formatInsn(i));

  it('reads originals and constants', () => {
    expect(simple('r2 = r1\nr2 += 1\nr3 = r2\nr0 = r3', 0b1)).toEqual(['r2 = r1', 'r2 += 1', 'r0 = r2']);
    expect(simple('r2 = 7\n*(u32 *)(r10 -4) = r2\nr0 += r2', 0b1)).toEqual([
      '*(u32 *)(r10 -4) = 7',
      'r0 += 7',
    ]);
    expect(simple('r1 = r0\nr0 = r1\nexit', 0)).toEqual(['exit']);
  });

  it('keeps registers where no form takes a constant', () => {
    const extended = 'r2 = 200\nr0 = (s8)r2';
    expect(simple(extended, 0b1)).toEqual(extended.split('\n'));
    const released = 'r2 = 7\nstore_release((u32 *)(r10 -4), r2)';
    expect(simple(released, 0)).toEqual(released.split('\n'));
  });

  it('forgets what is written over', () => {
    expect(simple('r2 = r1\nr1 = 5\nr0 = r2', 0b1)).toEqual(['r2 = r1', 'r0 = r2']);
    expect(simple('r6 = r1\ncall 5\nr0 += r6', 0b1)).toEqual(['r6 = r1', 'call unknown#5', 'r0 += r6']);
  });
});

const LATE = `
  r2 = *(u32 *)(r1 +0)
  r6 = 1
  if r2 > 0x5 goto +5
  if r2 > 0x3 goto +4
  r6 = 2
  if r2 > 0x1 goto +2
  r0 = 0
  exit
  r0 = r6
  exit
`;

describe('constants set late', () => {
  it('are those that jumps bring with them', () => {
    const program = programOf(assemble(LATE), 'xdp');
    const known = (at: number): number | undefined => (at < 2 ? undefined : at < 5 ? 1 : 2);
    const found = lateConstants(program, (at, r) => (r === 6 ? known(at) : undefined));
    expect(found).toEqual([
      { register: 6, constant: 1, jumps: [2, 3] },
      { register: 6, constant: 2, jumps: [5] },
    ]);
    for (const late of found)
      for (const at of late.jumps) {
        const set = settingOnTheWay(program, at, late)!;
        expect(verifier.check(program, { start: at, end: at + 1 }, set)).toMatchObject({
          kind: 'equivalent',
        });
      }
    const wrong = settingOnTheWay(program, 2, { ...found[0]!, constant: 2 })!;
    expect(verifier.check(program, { start: 2, end: 3 }, wrong)).toMatchObject({ kind: 'different' });
  });
});

describe('copies of tails', () => {
  const TAIL = `
    r6 = r1
    r2 = *(u32 *)(r1 +0)
    r1 = 1
    if r2 > 0x5 goto +2
    call 5
    r1 = r0
    r0 = r1
    exit
  `;

  it('leave out what the place does not need', () => {
    const program = programOf(assemble(TAIL), 'xdp');
    const [copy] = tailCopies(program);
    expect(bisimilar(program, copy!.arrangement)).toBe(true);
    const shorter = replaceRange(copy!.arrangement, copy!.window.start, copy!.window.end, copy!.replacement);
    expect(shorter.insns.slice(copy!.window.start).map((i) => formatInsn(i))).toEqual([
      'exit',
      'r0 = r1',
      'exit',
    ]);
    expect(verifier.check(copy!.arrangement, copy!.window, copy!.replacement)).toMatchObject({
      kind: 'equivalent',
    });
  });

  it('are the same code in random programs', () => {
    let [copies, merged] = [0, 0];
    for (let seed = 0; seed < 40; seed++) {
      const { program } = richProgram(new Rng(seed, 'tails'), 30);
      for (const { arrangement, window, replacement } of tailCopies(program)) {
        copies++;
        expect(bisimilar(program, arrangement), `seed ${seed}`).toBe(true);
        const shorter = replaceRange(arrangement, window.start, window.end, replacement);
        expect(sizeInSlots(shorter.insns)).toBeLessThan(sizeInSlots(arrangement.insns));
        // Merging tails takes the copy back where it is still the same code.
        const shared = shareCode(arrangement);
        if (shared === undefined) continue;
        merged++;
        expect(bisimilar(arrangement, shared), `seed ${seed}`).toBe(true);
        expect(sizeInSlots(shared.insns)).toBeLessThan(sizeInSlots(arrangement.insns));
      }
    }
    expect(copies).toBeGreaterThan(5);
    expect(merged).toBeGreaterThan(0.8 * copies);
  });
});
