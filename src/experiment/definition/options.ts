/**
 * Options of the optimizer as people write them (YAML, command line), and as the optimizer takes them.
 * Both the definitions' schema and the command line's checks come from here.
 */
import { z } from 'zod';
import { parseLinux } from '../../base/linux.ts';
import { parseIsa } from '../../isa/levels.ts';
import { OPTIMIZE_DEFAULTS } from '../../optimizer/defaults.ts';
import type { OptimizeOptions } from '../../optimizer/types.ts';
import { MEMORY_MODELS } from '../../program/contracts/shared-memory.ts';
import { ALL_SETTINGS } from '../../search/chain/settings.ts';

const SETTINGS = ALL_SETTINGS.map((s) => s.name) as [string, ...string[]];

/** Everything but the seed, which an experiment varies by itself. */
export const Options = z.strictObject({
  goal: z
    .enum(['balanced', 'size', 'latency'])
    .describe(
      'What to make smaller: slots while nothing else gets dearer, slots alone, or modeled nanoseconds',
    ),
  steps: z.number().int().min(0).describe('Proposals in all, over all windows'),
  settings: z.enum(SETTINGS).describe("Settings of the Markov chain: ours, or the paper's five best"),
  tests: z.number().int().min(1).max(4096).describe('Test cases that every candidate runs on'),
  windowLength: z.number().int().min(1).max(256).describe('Longest window, in instructions'),
  isa: z
    .enum(['v1', 'v2', 'v3', 'v4'])
    .describe("Instructions of the output; default: the input's own level"),
  linux: z
    .string()
    .regex(/^\d{1,2}\.\d{1,2}$/, 'must be a Linux version such as "5.4"')
    .describe('Oldest Linux that must accept the output'),
  kernel: z.enum(['auto', 'off', 'require']).describe('Ask the running kernel where there is one'),
  diffRuns: z.number().int().min(0).describe('Differential runs in the kernel at the end'),
  topK: z.number().int().min(1).max(100).describe('So many different proven versions, best first'),
  solver: z
    .string()
    .describe('Solver of the verifier: embedded, or an installed z3, bitwuzla or cvc5, or a path to one'),
  memoryModel: z
    .enum(MEMORY_MODELS)
    .describe('strict: accesses to shared memory keep number and order; plain: what K2 assumes'),
});

/** As in a definition: anything may be left out. */
export const PartialOptions = Options.partial();
export type PartialOptions = z.infer<typeof PartialOptions>;

/** Fills in the defaults. */
export function completeOptions(options: PartialOptions, seed: number): OptimizeOptions {
  const { isa, linux, ...rest } = options;
  const level = isa === undefined ? undefined : parseIsa(isa);
  const version = linux === undefined ? undefined : parseLinux(linux);
  return {
    ...OPTIMIZE_DEFAULTS,
    ...rest,
    seed,
    ...(level === undefined ? {} : { level }),
    ...(version === undefined ? {} : { linux: version }),
  };
}
