import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/base/random.ts';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { sizeInSlots } from '../../../src/isa/insn.ts';
import { replaceRange } from '../../../src/program/edit.ts';
import { match, NONE } from '../../../src/search/rewrites/path-cover.ts';
import { likenings } from '../../../src/search/rewrites/register-renaming.ts';
import { shareCode } from '../../../src/search/rewrites/tail-merging.ts';
import { bisimilar } from '../../../src/verify/bisimulation.ts';
import { createWindowVerifier } from '../../../src/verify/index.ts';
import { hasPaperPrograms, paperPrograms } from '../../analysis/programs.ts';
import { richProgram } from '../../audit/generate.ts';
import { programOf } from '../../optimizer/helpers.ts';

const TAILS = `
  r2 = *(u32 *)(r1 +0)
  r3 = *(u32 *)(r1 +4)
  if r2 > 0x5 goto +4
  r2 += 7
  r2 *= 3
  r0 = r2
  exit
  r2 += 9
  r2 *= 3
  r0 = r2
  exit
`;

describe('shared code', () => {
  it('is kept once, and what is left falls into it', () => {
    const program = programOf(assemble(TAILS), 'xdp');
    const shared = shareCode(program)!;
    // Ten of the steps stay, and one goto.
    expect(sizeInSlots(shared.insns)).toBe(sizeInSlots(program.insns) - 2);
    expect(bisimilar(program, shared)).toBe(true);
    expect(shareCode(shared)).toBeUndefined();
  });

  it('turns a test to save a goto', () => {
    const program = programOf(
      assemble('r0 = 1\nif r1 == 0x0 goto +1\ngoto +2\nr0 = 2\nexit\nr0 = 3\nexit'),
      'xdp',
    );
    const shared = shareCode(program)!;
    expect(sizeInSlots(shared.insns)).toBe(6);
    expect(bisimilar(program, shared)).toBe(true);
  });

  it('does the same in random programs', () => {
    let smaller = 0;
    for (let seed = 0; seed < 60; seed++) {
      const { program } = richProgram(new Rng(seed, 'sharing'), 30);
      const shared = shareCode(program);
      if (shared === undefined) continue;
      smaller++;
      expect(bisimilar(program, shared), `seed ${seed}`).toBe(true);
      expect(sizeInSlots(shared.insns)).toBeLessThan(sizeInSlots(program.insns));
    }
    expect(smaller).toBeGreaterThan(0);
  });
});

describe('matching', () => {
  it('is as large as any, and has no cycles', () => {
    const rng = new Rng(1, 'matching');
    for (let n = 0; n < 200; n++) {
      const size = 2 + rng.below(5);
      const nodes = Array.from({ length: size }, (_, first) => ({
        first,
        behind: Array.from({ length: rng.below(3) }, () => rng.below(size)).filter((b) => b > first),
        free: false,
      }));
      const best = (at: number, used: number): number => {
        if (at === size) return 0;
        const options = nodes[at]!.behind.filter((b) => ((used >> b) & 1) === 0 && b !== 0);
        return Math.max(best(at + 1, used), ...options.map((b) => 1 + best(at + 1, used | (1 << b))));
      };
      const follower = match(nodes, 0);
      expect([...follower].filter((f) => f !== NONE)).toHaveLength(best(0, 0));
      expect(new Set([...follower].filter((f) => f !== NONE)).size).toBe(best(0, 0));
    }
    const loop = [0, 1, 2].map((first) => ({ first, behind: [(first + 1) % 3], free: false }));
    expect([...match(loop, 0)]).toEqual([1, 2, NONE]);
    const apart = [0, 1, 2].map((first) => ({ first, behind: first === 0 ? [] : [3 - first], free: false }));
    expect([...match(apart, 0)].filter((f) => f !== NONE)).toHaveLength(1);
  });
});

describe('code in other registers', () => {
  it('is written alike, with what makes its values', async () => {
    const code = `
      r2 = *(u32 *)(r1 +0)
      if r2 > 0x5 goto +5
      r3 = *(u32 *)(r1 +4)
      r3 += 7
      r3 *= r2
      r0 = r3
      exit
      r4 = *(u32 *)(r1 +8)
      r4 += 7
      r4 *= r2
      r0 = r4
      exit
    `;
    const program = programOf(assemble(code), 'xdp');
    const [best] = likenings(program);
    const { window, replacement } = best!;
    const alike = replaceRange(program, window.start, window.end, replacement);
    expect(sizeInSlots(shareCode(alike)!.insns)).toBe(sizeInSlots(program.insns) - 3);
    const verifier = await createWindowVerifier();
    expect(verifier.check(program, window, replacement)).toMatchObject({ kind: 'equivalent' });
    verifier.close();
  });

  it.skipIf(!hasPaperPrograms)('stands twice in the balancer, 96 slots of it (needs K2_SHARED)', async () => {
    const { program } = paperPrograms().find(({ name }) => name === 'xdp-balancer')!;
    const shared = shareCode(program)!;
    const [best] = likenings(shared);
    expect(best!.slots).toBe(96);
    const alike = replaceRange(shared, best!.window.start, best!.window.end, best!.replacement);
    expect(sizeInSlots(shareCode(alike)!.insns)).toBeLessThan(1700);
  });
});
