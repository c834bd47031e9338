/**
 * Observations: everything one run shows, cut into named places, so that two runs can be compared place by
 * place and places that vary by themselves (time, random numbers) can be told from places that differ.
 */

import type { Program } from '../../program/program.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { mapType } from '../../program/tables/maps.ts';
import type { MapContents, TestCase } from '../../vm/types.ts';
import { visibleContext } from './inputs.ts';
import type { KernelRunner } from './run.ts';

/**
 * Place -> what is there, in hexadecimal. Places: `r0`, `packet length`, `packet+8`, `ctx+48`, `map
 * stats[01000000]+0`.
 */
export type Observation = ReadonlyMap<string, string>;

/** A test case and the ones that ran before it on the same maps. */
export interface Scenario {
  before: readonly TestCase[];
  test: TestCase;
}

/** Comparisons are made in words of this many bytes: a time stamp is one place, not eight. */
const WORD = 8;

const hex = (b: Uint8Array): string => Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('hex');

function addWords(out: Map<string, string>, name: string, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += WORD)
    out.set(`${name}+${at}`, hex(bytes.subarray(at, at + WORD)));
}

/** Places of what a run left behind; `maps` in the program's order, absent ones are not looked at. */
export function places(
  program: Program,
  context: readonly (readonly [number, number])[],
  left: { r0: bigint; packet: Uint8Array; ctx: Uint8Array; maps: readonly (MapContents | undefined)[] },
): Observation {
  const out = new Map<string, string>();
  if (HOOKS[program.hook].returnBits !== 0) out.set('r0', (left.r0 & 0xffff_ffffn).toString(16));
  if (HOOKS[program.hook].packet !== 'none') {
    out.set('packet length', String(left.packet.length));
    addWords(out, 'packet', left.packet);
  }
  for (const [at, n] of context) out.set(`ctx+${at}`, hex(left.ctx.subarray(at, at + n)));
  for (const [i, contents] of left.maps.entries())
    for (const { key, value } of contents ?? []) {
      // An all-zero array value is the same as none.
      const name = `map ${program.maps[i]!.name}[${hex(key)}]`;
      if (mapType(program.maps[i]!.type)?.isArrayLike !== true) out.set(name, 'present');
      for (let at = 0; at < value.length; at += WORD) {
        const word = hex(value.subarray(at, at + WORD));
        if (!/^0*$/.test(word)) out.set(`${name}+${at}`, word);
      }
    }
  return out;
}

/**
 * Places of what came out of ring buffers, queues and stacks; `outputs` in the order of the program's maps.
 */
export function outputPlaces(
  program: Program,
  outputs: readonly (readonly Uint8Array[])[],
): [place: string, value: string][] {
  const out = new Map<string, string>();
  for (const [i, records] of outputs.entries())
    for (const [n, record] of records.entries()) {
      const name = `output of ${program.maps[i]!.name}, ${n}`;
      out.set(`${name}: length`, String(record.length));
      addWords(out, name, record);
    }
  return [...out];
}

/**
 * Plays a scenario from a fresh start; `outputs`: also what no model knows. Undefined with the reason when
 * the kernel refuses to run it.
 */
export function observe(
  runner: KernelRunner,
  scenario: Scenario,
  { outputs = false }: { outputs?: boolean } = {},
): { ok: true; seen: Observation; packetChanged: boolean } | { ok: false; reason: string } {
  const { before, test } = scenario;
  runner.maps.fill((before[0] ?? test).maps);
  for (const t of before) runner.play(runner.playable(t));
  const input = runner.playable(test);
  const ran = runner.play(input);
  if (ran.status !== 'ran') return { ok: false, reason: ran.reason };
  const packetChanged = Buffer.compare(ran.packet, input.packet) !== 0;
  const context = visibleContext(runner.program.hook, runner.way.runner);
  const left = places(runner.program, context, { ...ran, maps: runner.maps.decode() });
  return {
    ok: true,
    seen: outputs ? new Map([...left, ...outputPlaces(runner.program, runner.maps.outputs())]) : left,
    packetChanged,
  };
}

/** Places whose contents differ, sorted by first appearance. */
export function differingPlaces(a: Observation, b: Observation): string[] {
  const out: string[] = [];
  for (const [place, value] of a) if (b.get(place) !== value) out.push(place);
  for (const place of b.keys()) if (!a.has(place)) out.push(place);
  return out;
}
