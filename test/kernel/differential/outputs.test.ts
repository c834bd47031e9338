/** Differential runs of what leaves a program: compared, or said not to be. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { type DiffReport, type DiffResult, kernelDiff } from '../../../src/kernel/index.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import { helperByName } from '../../../src/program/tables/helpers.ts';
import type { HookName } from '../../../src/program/tables/hook-types.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import type { TestCase } from '../../../src/vm/types.ts';
import { map, programOf } from '../../analysis/programs.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const MAPS = {
  ring: { ...map('RINGBUF', 0, 0, 4096), name: 'ring' },
  queue: { ...map('QUEUE', 0, 4, 8), name: 'queue' },
  stack: { ...map('STACK', 0, 4, 8), name: 'stack' },
  bloom: { ...map('BLOOM_FILTER', 0, 4, 8), name: 'bloom' },
  events: { ...map('PERF_EVENT_ARRAY', 4, 4), name: 'events' },
  jumps: { ...map('PROG_ARRAY', 4, 4), name: 'jumps' },
  hash: { ...map('HASH', 4, 4), name: 'hash' },
  traces: { ...map('STACK_TRACE', 4, 1016, 128), name: 'traces' },
} satisfies Record<string, MapDef>;

function program(source: string, maps: readonly MapDef[] = [], hook: HookName = 'sched_cls'): Program {
  const insns = assemble(source, {
    helper: (name) => helperByName(name)?.id,
    map: (name) => maps.findIndex((m) => m.name === name),
  });
  return programOf(insns, hook, maps);
}

function tests(n: number): TestCase[] {
  return Array.from({ length: n }, (_, i) => ({
    ctx: new Uint8Array(192),
    packet: new Uint8Array(64).fill(i),
    maps: [],
    seed: i,
  }));
}

function ran(r: DiffResult): DiffReport {
  if (r.status !== 'ran') throw new Error(r.reason);
  return r;
}

const diff = (a: Program, b: Program, sequence = 4): DiffReport =>
  ran(kernelDiff(a, b, tests(40), { sequence }));

const output = (value: number): Program =>
  program(
    `*(u64 *)(r10 -8) = ${value}\nr1 = map[ring]\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\ncall ringbuf_output\nr0 = 0\nexit`,
    [MAPS.ring],
  );
const reserve = (value: number, end: 'submit' | 'discard'): Program =>
  program(
    `r1 = map[ring]\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nif r0 == 0 goto out\n*(u64 *)(r0 +0) = ${value}
r1 = r0\nr2 = 0\ncall ringbuf_${end}\nout: r0 = 0\nexit`,
    [MAPS.ring],
  );
const push = (name: 'queue' | 'stack' | 'bloom', ...values: number[]): Program =>
  program(
    `${values
      .map(
        (v) => `*(u32 *)(r10 -4) = ${v}\nr1 = map[${name}]\nr2 = r10\nr2 += -4\nr3 = 0\ncall map_push_elem\n`,
      )
      .join('')}r0 = 0\nexit`,
    [MAPS[name]],
  );

describe.skipIf(!hasKernel)(`outputs in differential runs${needsKernel}`, () => {
  test.each<[string, Program, Program]>([
    ['what is put into a ring buffer', output(1), output(2)],
    ['what is submitted to a ring buffer', reserve(1, 'submit'), reserve(2, 'submit')],
    ['a record that is discarded', reserve(1, 'submit'), reserve(1, 'discard')],
    ['what is pushed into a queue', push('queue', 1), push('queue', 2)],
    ['the order in a queue', push('queue', 1, 2), push('queue', 2, 1)],
    ['how much is pushed into a queue', push('queue', 1), push('queue', 1, 1)],
    ['what is pushed onto a stack', push('stack', 1, 2), push('stack', 1, 3)],
  ])('%s is compared', (_, a, b) => {
    for (const sequence of [1, 4]) {
      expect(diff(a, a, sequence)).toMatchObject({ agreed: 40, masked: {}, notCompared: [] });
      const { difference } = diff(a, b, sequence);
      expect(Object.keys(difference?.places ?? {})[0]).toMatch(/^output of (ring|queue|stack), \d/);
      expect(difference?.before).toEqual([]);
    }
  });

  test('a discarded record says nothing', () =>
    expect(diff(reserve(1, 'discard'), reserve(2, 'discard')).difference).toBeUndefined());

  test('a ring buffer that is full refuses both programs alike', () => {
    const large = program(
      `r1 = map[ring]\nr2 = 1500\nr3 = 0\ncall ringbuf_reserve\nr6 = r0\nif r0 == 0 goto out
r1 = r0\nr2 = 0\ncall ringbuf_submit\nout: r0 = 0\nif r6 != 0 goto end\nr0 = 1\nend: exit`,
      [MAPS.ring],
    );
    expect(diff(large, large, 8)).toMatchObject({ agreed: 40, coverage: { returns: { 0: 10, 1: 30 } } });
  });

  const redirect = (to: number) => program(`r1 = ${to}\nr2 = 0\ncall redirect\nexit`);
  test.each<[string, Program, string]>([
    ['redirect', redirect(1), 'where redirect sends packets'],
    [
      'perf_event_output',
      program(
        '*(u64 *)(r10 -8) = 1\nr2 = map[events]\nr3 = 0xffffffff ll\nr4 = r10\nr4 += -8\nr5 = 8\ncall perf_event_output\nr0 = 0\nexit',
        [MAPS.events],
      ),
      'what perf_event_output writes',
    ],
    [
      'a tail call',
      program('r2 = map[jumps]\nr3 = 0\ncall tail_call\nr0 = 0\nexit', [MAPS.jumps]),
      'what tail calls lead to (prog arrays are empty, so each fails)',
    ],
    ['a bloom filter', push('bloom', 1), 'contents of map bloom (bloom_filter)'],
    [
      'a context field',
      program('*(u32 *)(r1 +44) = 1\nr0 = 0\nexit'),
      'stores to context fields that a test run does not give back: tc_index',
    ],
  ])('%s is said not to be compared', (_, p, what) =>
    expect(diff(p, p)).toMatchObject({ agreed: 40, notCompared: [what] }),
  );

  test('a version that no longer uses a map runs beside the other', () => {
    const both = program('r1 = map[hash]\nr1 = map[ring]\nr0 = 2\nexit', [MAPS.hash, MAPS.ring], 'xdp');
    const one = program('r1 = map[ring]\nr0 = 2\nexit', [MAPS.ring], 'xdp');
    const none = program('r0 = 1\nexit', [], 'xdp');
    expect(diff(both, one).difference).toBeUndefined();
    expect(diff(one, both).difference).toBeUndefined();
    expect(diff(both, none).difference?.places).toEqual({ r0: ['2', '1'] });
    const other = { ...one, maps: [{ ...MAPS.ring, type: MapTypeId.HASH, keySize: 4, valueSize: 4 }] };
    expect(kernelDiff(both, other, tests(1))).toEqual({
      status: 'cannot run',
      reason: 'map ring is not the same in both',
    });
  });

  test('a map key that the place of the code decides is no difference of two versions', () => {
    const keyed = (value: number) =>
      program(
        `r6 = r1\nr2 = map[traces]\nr3 = 0\ncall get_stackid\n*(u32 *)(r10 -4) = r0\n*(u32 *)(r10 -8) = ${value}
r1 = map[hash]\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -8\nr4 = 0\ncall map_update_elem\nr0 = 0\nexit`,
        [MAPS.traces, MAPS.hash],
        'kprobe',
      );
    for (let n = 0; n < 5; n++) expect(diff(keyed(1), keyed(1)).difference).toBeUndefined();
  });
});
