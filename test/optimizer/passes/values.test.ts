/** Values used again and addresses kept, as they come out of the pipeline without a search. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { formatInsn } from '../../../src/isa/disasm.ts';
import { OPTIMIZE_DEFAULTS } from '../../../src/optimizer/defaults.ts';
import { optimizeProgram } from '../../../src/optimizer/program.ts';
import type { MapDef } from '../../../src/program/program.ts';
import { programOf } from '../helpers.ts';

const MAP: MapDef = { name: 'm', type: 1, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 };

async function optimized(code: string): Promise<{ text: string[]; by: string[] }> {
  const program = programOf(assemble(code), 'xdp', [MAP]);
  const options = {
    ...OPTIMIZE_DEFAULTS,
    goal: 'size' as const,
    steps: 0,
    tests: 16,
    kernel: 'off' as const,
    diffRuns: 0,
    linux: 504,
  };
  const result = await optimizeProgram(program, options);
  return { text: result.program.insns.map((i) => formatInsn(i)), by: result.rewrites.map((r) => r.by) };
}

describe('without a search', () => {
  it('the address of a map is taken once', async () => {
    const lookup =
      'r2 = r10\nr2 += -4\nr1 = map[id:0]\ncall 1\nif r0 == 0 goto +2\nr1 = *(u64 *)(r0 +0)\nr6 += r1\n';
    const { text, by } = await optimized(`r6 = 0\n*(u32 *)(r10 -4) = 1\n${lookup.repeat(4)}r0 = r6\nexit`);
    expect(text.filter((line) => line.includes('map['))).toEqual(['r9 = map[id:0]']);
    expect(text.filter((line) => line === 'r1 = r9')).toHaveLength(4);
    expect(by.filter((who) => who === 'address kept')).toHaveLength(4);
  });

  it('a copy is not made for a comparison', async () => {
    const { text, by } = await optimized(
      'r2 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r1 +4)\nr3 = r7\nif r2 != r3 goto +1\nr7 = 5\nr0 = r7\nexit',
    );
    expect(text).toContain('if r2 != r7 goto pc+1');
    expect(text).toHaveLength(6);
    expect(by).toContain('value reuse');
  });
});
