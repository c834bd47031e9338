/** The library's functions. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type BpfFile, check, kernelDiff, load, optimize, UserError, verify } from '../../src/index.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import { encode } from '../../src/isa/codec.ts';
import { probeKernel } from '../../src/kernel/syscall/doctor.ts';

const OBJECT = resolve('corpora/builtin/obj/clang-14-O2/xdp_queue_stats.o');
const QUICK = { steps: 2000, kernel: 'off' } as const;
const folder = mkdtempSync(join(tmpdir(), 'k2-api-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Raw instructions in memory. */
function raw(text: string): BpfFile {
  return load(encode(assemble(text)), { name: 'x.insns', type: 'xdp' });
}

describe('load', () => {
  it('gives the programs of a path or of bytes', () => {
    const file = load(OBJECT);
    expect([file.kind, file.name, file.unusable]).toEqual(['object', OBJECT, []]);
    expect(file.programs.map((p) => p.hook)).toEqual(['xdp']);
    expect(load(readFileSync(OBJECT)).programs[0]?.insns).toEqual(file.programs[0]?.insns);
    expect(load(OBJECT, { section: 'xdp_queue_stats' }).programs).toHaveLength(1);
    expect(raw('r0 = 2\nexit').kind).toBe('raw');
  });

  it('throws UserError', () => {
    expect(() => load('none.o')).toThrow(UserError);
    expect(() => load(new Uint8Array(8))).toThrow(/bytes: this is neither/);
    expect(() => load(OBJECT, { section: 'nowhere' })).toThrow(/There are: xdp/);
  });
});

describe('optimize', () => {
  it('a file: rows with proofs, sizes, and a file to save', async () => {
    const optimized = await optimize(load(OBJECT), QUICK);
    const [row] = optimized.rows;
    if (row?.status !== 'optimized') throw new Error('it was not optimized');
    expect(row.result.rewrites.length).toBeGreaterThan(0);
    for (const { how } of row.result.rewrites)
      expect(['identical', 'normal-form', 'solver', 'cache']).toContain(how);
    expect(optimized.sizes!.codeAfter).toBe(row.result.slotsAfter * 8);
    const path = join(folder, 'small.o');
    optimized.save(path);
    expect(load(path).programs[0]?.insns).toEqual(row.result.program.insns);
  });

  it('a program: the same rewrites as in its file, and the file can be saved with it', async () => {
    const file = load(OBJECT);
    const result = await optimize(file.programs[0]!, QUICK);
    const [row] = (await optimize(file, QUICK)).rows;
    expect(row).toMatchObject({ status: 'optimized', result: { rewrites: result.rewrites } });
    const path = join(folder, 'again.o');
    file.save(path, [{ original: file.programs[0]!, optimized: result.program }]);
    expect(load(path).programs[0]?.insns).toEqual(result.program.insns);
  });

  it('versions for both goals', async () => {
    const { versions, rows } = await optimize(load(OBJECT), { ...QUICK, goal: 'pareto' });
    const [row] = rows;
    if (row?.status !== 'optimized') throw new Error('it was not optimized');
    expect(versions).toHaveLength(row.result.versions!.length);
    expect(versions.length).toBeGreaterThan(0);
  });

  it('ends when told to, with what is proven by then', async () => {
    const result = await optimize(load(OBJECT).programs[0]!, { ...QUICK, signal: AbortSignal.abort() });
    expect(result.interrupted).toBe(true);
    expect(result.stats.steps).toBe(0);
  });

  it.each([
    [{ linux: 'old' }, /option linux/],
    [{ settings: 'k3-1' }, /option settings/],
    [{ steps: -1 }, /option steps/],
  ])('refuses %j', async (options, message) => {
    await expect(optimize(load(OBJECT), options)).rejects.toThrow(message);
    await expect(optimize(load(OBJECT), options)).rejects.toThrow(UserError);
  });
});

describe('verify', () => {
  it('proves, refutes with an input, or says why it cannot', async () => {
    const [a] = raw('r0 = 1\nr0 += 1\nexit').programs;
    const [b] = raw('r0 = 2\nexit').programs;
    const [c] = raw('r0 = 3\nexit').programs;
    expect(await verify(a!, b!)).toMatchObject({ kind: 'equivalent', scope: 'window' });
    const different = await verify(a!, c!);
    expect(different.kind === 'different' && different.counterexample?.test).toMatchObject({
      packet: expect.anything(),
    });
    const unknown = await verify(a!, { ...a!, hook: 'sched_cls' });
    expect(unknown).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('sched_cls') });
  });
});

describe('check', () => {
  it('by the rules of a version', () => {
    const [program] = load(OBJECT).programs;
    expect(check(program!)).toMatchObject({ status: 'safe', findings: [] });
    const [unsafe] = raw('r1 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r1 +0)\nexit').programs;
    const { status, findings, shownBy } = check(unsafe!, { kernel: '5.4' });
    expect(status).toBe('unsafe');
    expect(findings[0]).toMatchObject({ slot: 1, insn: 'r0 = *(u8 *)(r1 +0)' });
    expect(shownBy?.slot).toBe(1);
    expect(check(unsafe!, { runs: 0 }).shownBy).toBeUndefined();
    expect(() => check(program!, { kernel: 'new' })).toThrow(UserError);
  });
});

const kernel = probeKernel();
describe.skipIf(!kernel.available)('kernelDiff (needs bpf(2))', () => {
  it('agrees, or shows the place', () => {
    const [a] = raw('r0 = 2\nexit').programs;
    const [b] = raw('r0 = 1\nexit').programs;
    expect(kernelDiff(a!, a!, { runs: 20 })).toMatchObject({ status: 'ran', agreed: 20 });
    const report = kernelDiff(a!, b!, { runs: 20 });
    expect(report.status === 'ran' && report.difference?.places).toEqual({ r0: ['2', '1'] });
  });
});
