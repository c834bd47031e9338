import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/random.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import { insn, OP_JA } from '../../src/isa/insn.ts';
import type { Program } from '../../src/program/program.ts';
import { bisimilar } from '../../src/verify/bisimulation.ts';
import { hasPaperPrograms, paperPrograms } from '../analysis/programs.ts';
import { programOf } from '../optimizer/helpers.ts';
import { TRANSFORMS } from './transforms.ts';

const maps: Program['maps'] = [];
const same = (a: string, b: string): boolean =>
  bisimilar(programOf(assemble(a), 'xdp', maps), programOf(assemble(b), 'xdp', maps));

const TEST = `
  r0 = 1
  r2 = *(u32 *)(r1 +0)
  if r2 > 0x5 goto +2
  r0 = 2
  exit
  r0 = 3
  exit
`;

describe('the same instructions in the same order', () => {
  it('whatever gotos lead to them', () => {
    expect(same('r0 = 0\nexit', 'goto +1\nexit\nr0 = 0\ngoto -3')).toBe(true);
    expect(same('r0 = 0\nexit', 'r0 = 0\nif r0 == 0x0 goto +0\nexit')).toBe(true);
    expect(same('r0 = 0\nexit', 'r0 = 0\nexit\nr0 = 5\nexit')).toBe(true);
  });

  it('with a test asked the other way round', () => {
    const turned = TEST.replace('if r2 > 0x5 goto +2', 'if r2 <= 0x5 goto +2');
    expect(same(TEST, turned)).toBe(false);
    const exchanged = turned.replace(/r0 = ([23])/g, (_, n) => `r0 = ${5 - Number(n)}`);
    expect(same(TEST, exchanged)).toBe(true);
  });

  it('and nothing else', () => {
    expect(same(TEST, TEST.replace('> 0x5', '> 0x6'))).toBe(false);
    expect(same(TEST, TEST.replace('r2 > 0x5', 'w2 > 0x5'))).toBe(false);
    expect(same(TEST, TEST.replace('goto +2', 'goto +3'))).toBe(false);
    expect(same(TEST, TEST.replace('r0 = 1', 'r0 = 1\nr3 = 1'))).toBe(false);
    expect(same('r0 = 0\nexit', 'r0 = 0\ngoto -1')).toBe(false);
  });

  it('of loops as well', () => {
    const loop = 'r0 = 8\nr0 += -1\nif r0 != 0x0 goto -2\nexit';
    expect(same(loop, 'r0 = 8\nr0 += -1\nif r0 == 0x0 goto +1\ngoto -3\nexit')).toBe(true);
    expect(same(loop, 'r0 = 8\nr0 += -1\nif r0 != 0x0 goto -3\nexit')).toBe(false);
  });

  it('where instructions with values to come count as themselves only', () => {
    const code = 'r0 = 1\nif r1 == 0x0 goto +2\nr0 = 2\nexit\nr0 = 2\nexit';
    const shared = 'r0 = 1\nif r1 == 0x0 goto +0\nr0 = 2\nexit';
    const a = programOf(assemble(code), 'xdp', maps);
    const b = { ...programOf(assemble(shared), 'xdp', maps), origin: [0, 1, 2, 3] };
    expect(
      bisimilar(a, { ...b, insns: assemble('r0 = 1\nif r1 == 0x0 goto +1\nr0 = 2\nr0 = 2\nexit') }),
    ).toBe(false);
    const pinned = new Map([[4, 'extern']]);
    expect(bisimilar({ ...a, pinned }, { ...b, pinned })).toBe(false);
  });

  it('up to a goto that leads nowhere', () => {
    const stuck = programOf([insn(OP_JA, 0, 0, -1)], 'xdp', maps);
    expect(bisimilar(stuck, stuck)).toBe(true);
    expect(bisimilar(stuck, programOf(assemble('exit'), 'xdp', maps))).toBe(false);
  });
});

describe.skipIf(!hasPaperPrograms)('the paper programs with blocks elsewhere (needs K2_SHARED)', () => {
  for (const { name, program } of hasPaperPrograms ? paperPrograms() : [])
    it(name, () => {
      const other = TRANSFORMS['blocks reordered']!(program, new Rng(1, name));
      expect(bisimilar(program, other)).toBe(true);
    });
});
