/**
 * An object with a loop and a subprogram: both stay, what is between them is optimized, and explain says so.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { jumpTarget, slotOffsets } from '../../src/isa/flow.ts';
import { OP_CALL, PseudoCall } from '../../src/isa/insn.ts';
import { OPTIMIZE_DEFAULTS } from '../../src/optimizer/defaults.ts';
import { explainProgram, optimizeFile } from '../../src/optimizer/index.ts';
import { programsOf, readObject } from '../../src/program/elf/index.ts';
import { loadBytes } from '../../src/program/file.ts';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { programOf } from './helpers.ts';

const SOURCE = `
struct ctx { unsigned data, data_end, meta, ifindex, queue; };
static __attribute__((noinline)) int mix(unsigned a, unsigned b)
{ unsigned r = a * 7; for (unsigned i = 0; i < b; i++) r ^= (r << 1) + i; return r; }
__attribute__((section("xdp"), used)) int prog(struct ctx *ctx)
{
  volatile unsigned char key[4];
  key[0] = 0; key[1] = 0; key[2] = 0; key[3] = 0;
  unsigned sum = mix(ctx->ifindex, ctx->queue & 15);
  #pragma nounroll
  for (unsigned i = 0; i < (ctx->queue & 7); i++) sum += mix(i, 3);
  key[0] = 1; key[1] = 0; key[2] = 0; key[3] = 0;
  return (sum + key[1]) & 1;
}
char _license[] __attribute__((section("license"), used)) = "GPL";
`;
const CLANG = ['clang-14', 'clang'].find((c) => spawnSync(c, ['--version']).status === 0);
const OPTIONS = { ...OPTIMIZE_DEFAULTS, steps: 30_000, tests: 16, kernel: 'off', diffRuns: 0 } as const;

const isCall = (p: Program, n: number): boolean =>
  p.insns[n]!.op === OP_CALL && p.insns[n]!.src === PseudoCall.LOCAL;
function backward(p: Program): number {
  const offsets = slotOffsets(p.insns);
  return p.insns.filter((_, n) => (jumpTarget(p.insns, n, offsets) ?? n + 1) <= n).length;
}

describe.skipIf(CLANG === undefined)('loops and subprograms (skipped without clang)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'k2-explain-'));
  let bytes: Buffer;
  let verifier: WindowVerifier;
  beforeAll(async () => {
    writeFileSync(join(folder, 'p.c'), SOURCE);
    const args = ['-O2', '-target', 'bpf', '-c', join(folder, 'p.c'), '-o', join(folder, 'p.o')];
    execFileSync(CLANG as string, args);
    bytes = readFileSync(join(folder, 'p.o'));
    verifier = await createWindowVerifier();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const only = (object: Uint8Array): Program => {
    const [row] = programsOf(readObject(object, 'p.o'));
    if (row?.ok !== true) throw new Error('it does not load');
    return row.program;
  };

  it('stay as they are while the rest gets smaller, and the object loads again', async () => {
    const { contents, rows } = await optimizeFile(loadBytes(bytes, 'p.o'), OPTIONS);
    if (contents.kind !== 'object') throw new Error('an object comes out as an object');
    const [before, after] = [only(bytes), only(contents.bytes)];
    const [row] = rows;
    if (row?.status !== 'optimized') throw new Error('it was not optimized');
    expect(after.insns).toEqual(row.result.program.insns);
    expect(row.result.slotsAfter).toBeLessThan(row.result.slotsBefore);
    expect(after.functions).toHaveLength(2);
    expect(backward(after)).toBe(backward(before));
    expect(backward(after)).toBeGreaterThan(0);
    const calls = (p: Program): number => p.insns.filter((_, n) => isCall(p, n)).length;
    expect(calls(after)).toBe(calls(before));
  });

  it('explain names them, and covers every instruction once', () => {
    const program = only(bytes);
    const ranges = explainProgram(program, OPTIONS, verifier);
    expect(ranges[0]?.start).toBe(0);
    ranges.slice(1).forEach((r, n) => {
      expect(r.start).toBe(ranges[n]!.end);
    });
    expect(ranges.at(-1)?.end).toBe(program.insns.length);
    const reasonAt = (n: number): string => {
      const { chance } = ranges.find((r) => n >= r.start && n < r.end)!;
      return chance.kind === 'none' ? chance.reason : chance.kind;
    };
    program.insns.forEach((_, n) => {
      if (isCall(program, n)) expect(reasonAt(n)).toBe('it calls a subprogram');
    });
    expect(ranges.some((r) => r.chance.kind === 'straight-line')).toBe(true);
  });
});

describe('explainProgram', () => {
  it('names what is pinned, and what no test reaches', async () => {
    const program = programOf(
      assemble('call 7\nif r0 == 0x12345678 goto +2\nr0 = 2\nexit\nr0 = 5\nr0 += 1\nexit'),
      'xdp',
    );
    const pinned = { ...program, pinned: new Map([[2, 'CO-RE relocation']]) };
    const ranges = explainProgram(pinned, OPTIONS, await createWindowVerifier());
    const at = (n: number) => ranges.find((r) => n >= r.start && n < r.end)!;
    expect(at(2).chance).toEqual({
      kind: 'none',
      reason: 'its value is only final at load time: CO-RE relocation',
    });
    expect(at(0).isReached).toBe(true);
    expect(at(5)).toMatchObject({ isReached: false, chance: { kind: 'straight-line' } });
  });
});
