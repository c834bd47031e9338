/** The compiled optimizer with real threads: their number decides nothing but the time. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OPTIMIZE_DEFAULTS } from '../../src/optimizer/defaults.ts';
import type * as Optimizer from '../../src/optimizer/index.ts';
import type { OptimizeOptions, OptimizeResult } from '../../src/optimizer/types.ts';
import { programsOf, readObject } from '../../src/program/elf/index.ts';
import { loadFile } from '../../src/program/file.ts';
import type { Program } from '../../src/program/program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MODULE = join(ROOT, 'dist/optimizer/index.js');
const OPTIONS = { ...OPTIMIZE_DEFAULTS, steps: 24_000, tests: 16, kernel: 'off', diffRuns: 0 } as const;

function programOf(object: string): Program {
  const bytes = readFileSync(join(ROOT, 'corpora/builtin/obj/clang-14-O2', `${object}.o`));
  const [first] = programsOf(readObject(bytes, object));
  if (first?.ok !== true) throw new Error(`${object} does not load`);
  return first.program;
}

describe.skipIf(!existsSync(MODULE))('threads (skipped before npm run build)', () => {
  const optimized = async (
    program: Program,
    workers: number,
    control: Optimizer.OptimizeControl = {},
    options: OptimizeOptions = OPTIONS,
  ): Promise<OptimizeResult> => {
    const { optimizeProgram } = (await import(pathToFileURL(MODULE).href)) as typeof Optimizer;
    return optimizeProgram(program, options, { ...control, workers });
  };

  it.each([
    ['xdp_swap_tx', [2, 8]],
    ['tp_sys_open', [2]],
  ] as const)('%s: the same result for 1 and %j, bit for bit', async (name, counts) => {
    const program = programOf(name);
    const alone = await optimized(program, 1);
    expect(alone.rewrites.some((r) => r.by.startsWith('chain'))).toBe(true);
    for (const workers of counts) expect(await optimized(program, workers)).toEqual(alone);
  });

  it('the same result when later rounds know what earlier ones have learned', async () => {
    const options = { ...OPTIONS, steps: 160_000 };
    const program = programOf('xdp_icmp_echo');
    const alone = await optimized(program, 1, {}, options);
    expect(alone.stats.proofs['counterexample added']).toBeGreaterThan(0);
    expect(await optimized(program, 2, {}, options)).toEqual(alone);
  });

  it('searches one program after the other on the same threads', async () => {
    const { optimizeFile } = (await import(pathToFileURL(MODULE).href)) as typeof Optimizer;
    const file = loadFile(join(ROOT, 'corpora/builtin/obj/clang-14-O2/xdp_queue_stats.o'));
    const options = { ...OPTIONS, steps: 8000 };
    const [one, two] = [
      await optimizeFile(file, options, {}, { workers: 1 }),
      await optimizeFile(file, options, {}, { workers: 2 }),
    ];
    expect(one.rows.length).toBeGreaterThan(0);
    expect(two).toEqual(one);
    const both = await optimizeFile(file, options, { pareto: true }, { workers: 2 });
    expect(both.rows).toHaveLength(one.rows.length);
  });

  it('stops when told to', async () => {
    let calls = 0;
    const result = await optimized(programOf('xdp_icmp_echo'), 2, { stop: () => ++calls > 40 });
    expect(result.interrupted).toBe(true);
    expect(result.stats.steps).toBeLessThan(OPTIONS.steps);
  });
});
