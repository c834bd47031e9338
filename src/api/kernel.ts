/**
 * Differential runs: two versions of a program on the same inputs in the running kernel. Needs Linux and
 * root.
 */
import { type DiffResult, longDiff } from '../kernel/index.ts';
import type { Program } from '../program/program.ts';

/** How many runs, and on which inputs. */
export interface KernelDiffSettings {
  /** Default: 1000. */
  runs?: number;
  /** Seed of the inputs. Default: 1. */
  seed?: number;
  /** Inputs that run one after the other on the same maps. Default: 8. */
  sequence?: number;
}

/**
 * Runs two versions of a program on the same generated inputs in the running kernel, and compares return
 * value, packet, context and all maps after every run.
 *
 * @example
 * ```ts
 * const report = kernelDiff(a, b, { runs: 10_000 });
 * if (report.status === 'ran' && report.difference !== undefined) console.log(report.difference.places);
 * ```
 * @returns the report, or why the kernel cannot run them
 */
export function kernelDiff(a: Program, b: Program, settings: KernelDiffSettings = {}): DiffResult {
  const { runs = 1000, seed = 1, sequence = 8 } = settings;
  return longDiff(a, b, { runs, seed, sequence });
}
