/** Rows and a definition as an experiment leaves them, small and by hand. */
import { type Definition, parseDefinition } from '../../src/experiment/definition/definition.ts';
import type { Row } from '../../src/experiment/results/result.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import { staticLatency } from '../../src/vm/latency/latency.ts';

export const DEFINITION: Definition = parseDefinition(
  `name: tiny
title: "Tiny <b>&amp; hostile</b> </script><script>alert(1)</script>"
programs: [{ corpus: builtin, ids: [xdp_proto_count, xdp_swap_tx, xdp_policer] }]
configurations: [{ name: default, options: { steps: 1000 } }]
baselines: { variants: [clang-14-O1, clang-14-O2, clang-14-Os] }
`,
  'tiny.yaml',
);

const provenance = {
  version: '0.1.0',
  code: '0.1.0+abc',
  commit: null,
  dirty: null,
  node: 'v20',
  cpu: 'a CPU',
  kernel: 'linux 6.1 x64',
  solver: 'z3-solver 1',
};
const m = (value: number, unit: string) => ({ value, unit, method: 'by hand', provenance: 'test' });

function head(id: string, key: string) {
  return {
    schema: 1 as const,
    key,
    experiment: 'tiny',
    program: {
      corpus: 'builtin',
      id,
      variant: 'clang-14-O2',
      hook: 'xdp',
      group: 'k2-bpf',
      category: 'counter',
    },
    configuration: 'default',
    options: {
      goal: 'size' as const,
      steps: 1000,
      seed: 1,
      settings: 'k2-2',
      tests: 8,
      windowLength: 8,
      kernel: 'off' as const,
      memoryModel: 'plain' as const,
      diffRuns: 0,
    },
    seed: 1,
    input: '',
    definition: 'd',
    seconds: 1,
    date: '2026-01-01T00:00:00.000Z',
    provenance,
  };
}

/** Sums of the listings' prices in the default latency profile. */
const PRICES = {
  before: staticLatency(assemble('r1 = 1; if r1 == 0 goto +1; r0 = 2; exit'.replaceAll('; ', '\n'))),
  after: staticLatency(assemble('if r1 == 0 goto +0; r0 = 2; exit'.replaceAll('; ', '\n'))),
};

function result(id: string, key: string, before: number, after: number): Row {
  return {
    ...head(id, key),
    status: after < before ? 'ok' : 'unchanged',
    reason: after < before ? '' : 'nothing smaller was found',
    interrupted: false,
    measurements: {
      slots: { before: m(before, 'slots'), after: m(after, 'slots') },
      instructions: { before: m(before - 1, 'instructions'), after: m(after - 1, 'instructions') },
      latency: { before: m(10.04, 'ns'), after: m(9, 'ns') },
      staticLatency: { before: m(PRICES.before, 'ns'), after: m(PRICES.after, 'ns') },
    },
    kernel: { status: 'not checked', reason: 'off' },
    differential: { status: 'agree', runs: 100, masked: [] },
    rewrites: [
      {
        window: { start: 0, end: 2 },
        before: ['r1 = <b>', 'r2 = r1'],
        after: [],
        by: 'dead code',
        how: 'solver',
        step: 10,
        slotsAfter: after,
      },
    ],
    convergence: [
      [0, before],
      [10, after],
    ],
    stats: {},
    notes: ['a note with <i>markup</i>'],
    disassembly: {
      before: ['0: r1 = 1', '1: if r1 == 0x0 goto pc+1', '2: r0 = 2', '3: exit'],
      after: ['0: if r1 == 0x0 goto pc+0', '1: r0 = 2', '2: exit'],
    },
    output: '',
    executed: { before: [1, 1, 0.5, 1], after: [1, 0.5, 1] },
  };
}

export const ROWS: readonly Row[] = [
  result('xdp_proto_count', 'a', 22, 19),
  result('xdp_swap_tx', 'b', 69, 69),
  {
    ...head('xdp_policer', 'c'),
    status: 'failed',
    reason: 'crash: the worker died of SIGSEGV',
    log: 'last <words>',
  },
];
