/**
 * What `k2 cost` and `k2 compare` of two objects share: which kernels are asked, and costs of the programs of
 * a file.
 */
import { UserError } from '../base/errors.ts';
import { readText } from '../base/files.ts';
import { hintFor } from '../base/text.ts';
import type { OpenBpf } from '../kernel/index.ts';
import { type NamedCost, readVeristat } from '../program/cost/veristat.ts';
import type { Program } from '../program/program.ts';
import type { TestCase } from '../vm/types.ts';
import type { WhichPrograms } from './args.ts';
import { note } from './output.ts';
import { usablePrograms } from './programs.ts';

export interface NamedKernel {
  name: string;
  kernel: OpenBpf;
}

/**
 * Opens kernels by name; what cannot be opened stays in the list, with its reason. @throws UserError for an
 * unknown name
 */
export async function openKernels(names: readonly string[]): Promise<NamedKernel[]> {
  const { openKernel } = await import('../kernel/index.ts');
  const { kernelImages } = await import('../kernel/vm/images.ts');
  const known = ['running', ...kernelImages().map((i) => i.name)];
  for (const name of names)
    if (!known.includes(name))
      throw new UserError(
        `there is no kernel '${name}'.`,
        '--kernels',
        `${hintFor(name, known)} Add one with k2 kernel vm add DIR-or-deb.`,
      );
  return names.map((name) => ({ name, kernel: openKernel(name) }));
}

/** Says on stderr which kernels cannot be asked. */
export function noteSkipped(kernels: readonly NamedKernel[]): void {
  for (const { name, kernel } of kernels) if (!kernel.ok) note(`kernel ${name} skipped: ${kernel.reason}`);
}

export interface CostOptions extends WhichPrograms {
  /** Names of kernels; default: the running one, where it can be asked. */
  kernels?: readonly string[];
  seed: number;
}

const TESTS = 64;

/** Costs of programs, each on the inputs of its namesake in the first file. */
export async function costReader(o: CostOptions): Promise<(file: string) => NamedCost[]> {
  const { costOf } = await import('../kernel/cost/cost-of.ts');
  const { modeledNs, timingTests } = await import('../kernel/index.ts');
  const { DEFAULT_PROFILE } = await import('../vm/latency/latency.ts');
  const asked = await openKernels(o.kernels ?? ['running']);
  noteSkipped(asked);
  const kernels = o.kernels === undefined ? asked.filter(({ kernel }) => kernel.ok) : asked;
  const tests = new Map<string, readonly TestCase[]>();
  const pathNs = (p: Program): number | undefined => {
    const key = p.name;
    const known = tests.get(key) ?? timingTests(p, o.seed, TESTS);
    tests.set(key, known);
    return known.length === 0 ? undefined : modeledNs(p, known, DEFAULT_PROFILE);
  };
  return (file) => {
    if (file.endsWith('.csv')) return readVeristat(readText(file), file);
    return usablePrograms(file, o).map((p) => ({
      file,
      program: p.name,
      cost: costOf(p, { kernels, pathNs }),
    }));
  };
}
