/** Functions that are left early: both interpreters go on in the caller, as the kernel does. */
import { describe, expect, it } from 'vitest';
import { KernelRunner } from '../../../src/kernel/index.ts';
import { createMachine } from '../../../src/vm/index.ts';
import { runReference } from '../../../src/vm/machine/reference.ts';
import type { MapEntry } from '../../../src/vm/types.ts';
import { text } from '../../analysis/programs.ts';
import { hasKernel } from '../../kernel/kernel.ts';
import { objectOf, programNamed } from '../../program/elf/fixtures.ts';

const object = objectOf('leaving.o');
const packets = [14, 64, 300, 1200].map((n) => new Uint8Array(n).fill(7));
const ENTRY: MapEntry = { key: new Uint8Array(4), value: new Uint8Array(4).fill(1) };

describe.each(['word', 'option', 'jump'])('%s', (name) => {
  const program = programNamed(object, name);
  const tests = packets.flatMap((packet) =>
    [[], [ENTRY]].map((entries) => ({
      packet,
      ctx: new Uint8Array(192),
      maps: program.maps.map(() => entries),
      seed: 1,
    })),
  );
  it('is the same in both interpreters', () => {
    const machine = createMachine(program);
    machine.setTests(tests);
    const seen = new Set<string>();
    for (const [n, test] of tests.entries()) {
      const fast = machine.run(program.insns, n);
      expect(fast).toEqual(runReference(program, program.insns, test));
      expect(fast.status).toBe('exit');
      seen.add(String(fast.r0));
    }
    // With and without a packet that is long enough, or a program to call.
    expect(seen.size).toBeGreaterThan(1);
  });

  it.skipIf(!hasKernel)('gives what the kernel gives', () => {
    const opened = KernelRunner.open(program);
    if (!opened.ok) throw new Error(opened.reason);
    const machine = createMachine(program);
    for (const packet of packets) {
      const test = { packet, ctx: new Uint8Array(192), maps: program.maps.map(() => []), seed: 1 };
      const played = opened.runner.playable(test);
      machine.setTests([played]);
      const ours = machine.run(program.insns, 0);
      expect(opened.runner.run(test)).toMatchObject({ status: 'ran', r0: ours.r0 & 0xffff_ffffn });
    }
    opened.runner.close();
  });
});

it('frames and registers of the caller are there again after a function that left in the middle', () => {
  const program = text(
    'r6 = r1\nr7 = 3\n*(u64 *)(r10 - 8) = 4\ncall pc+3\nr0 = *(u64 *)(r10 - 8)\nr0 += r7\nexit\nr6 = r1\nr7 = 9\n*(u64 *)(r10 - 8) = 9\nr0 = *(u32 *)skb[1000]\nexit',
    'socket_filter',
  );
  const test = {
    packet: new Uint8Array(64),
    ctx: new Uint8Array(192),
    maps: program.maps.map(() => []),
    seed: 1,
  };
  const machine = createMachine(program);
  machine.setTests([test]);
  const outcome = machine.run(program.insns, 0);
  expect(outcome).toMatchObject({ status: 'exit', r0: 7n });
  expect(outcome).toEqual(runReference(program, program.insns, test));
});
