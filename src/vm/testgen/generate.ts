/** Test cases of one program, from a seed. */

import { Rng } from '../../base/random.ts';
import type { Program } from '../../program/program.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import type { TestCase } from '../types.ts';
import { type LearnedConstants, learnConstants } from './constants.ts';
import { randomContext } from './context.ts';
import { randomEntry, randomMap } from './maps.ts';
import { randomPacket } from './packets.ts';

export interface TestOptions {
  seed: number;
  count: number;
  /**
   * Context fields may take any value. Default true; false keeps to what the kernel's TEST_RUN can be given,
   * so that the same case can run there.
   */
  wild?: boolean;
  /** Interpreter feedback: what a run of the test looked up and did not find, and which code it reached. */
  observe?(test: TestCase): TestObservation;
}

export interface TestObservation {
  /** Keys of lookups that gave NULL, with the map's index. */
  missed: readonly { map: number; key: Uint8Array }[];
  /**
   * Numbers of what the run reached: instructions, ways out of branches, whatever the observer tells apart.
   */
  covered: Iterable<number>;
}

/** How often a test is refilled with the keys it missed: each round may lead to the next lookup. */
const REFILLS = 4;
/** Tests drawn per test kept while there is code that no test has reached. */
const EFFORT = 6;

/**
 * `count` test cases. With `observe`, a test whose lookups miss is tried again with those keys present, and
 * tests that reach new instructions are preferred, so that few tests reach deep code.
 */
export function generateTests(program: Program, options: TestOptions): TestCase[] {
  const rng = new Rng(options.seed, 'tests', program.name);
  const learned = learnConstants(program.insns);
  const { observe } = options;
  const wild = options.wild ?? true;
  if (observe === undefined)
    return Array.from({ length: options.count }, () => draw(program, rng, learned, wild));

  const reached = new Set<number>();
  const kept: TestCase[] = [];
  const spare: TestCase[] = [];
  for (let n = 0; n < options.count * EFFORT && kept.length < options.count; n++) {
    let test = draw(program, rng, learned, wild);
    let seen = observe(test);
    ({ test, seen } = refilled(program, test, seen, observe, rng, learned));
    const before = reached.size;
    for (const index of seen.covered) reached.add(index);
    (reached.size > before || n % EFFORT === 0 ? kept : spare).push(test);
  }
  return [...kept, ...spare].slice(0, options.count);
}

export function draw(program: Program, rng: Rng, learned: LearnedConstants, wild: boolean): TestCase {
  const hook = HOOKS[program.hook];
  const packet =
    hook.packet === 'none' && !hook.legacyPacketLoads ? new Uint8Array(0) : randomPacket(rng, learned);
  return {
    packet,
    ctx: randomContext(program.hook, packet, rng, learned, wild),
    maps: program.maps.map((def) => randomMap(def, rng, learned)),
    seed: rng.u32(),
  };
}

/** The test with the entries that it looks up, mostly: some tests go on missing. */
export function refilled(
  program: Program,
  test: TestCase,
  seen: TestObservation,
  observe: (test: TestCase) => TestObservation,
  rng: Rng,
  learned: LearnedConstants,
): { test: TestCase; seen: TestObservation } {
  for (let k = 0; k < REFILLS && seen.missed.length > 0 && rng.chance(0.85); k++) {
    const fuller = fill(program, test, seen, rng, learned);
    if (fuller === undefined) break;
    test = fuller;
    seen = observe(test);
  }
  return { test, seen };
}

/** The test with an entry for every key it missed; undefined when none of them can be. */
function fill(
  program: Program,
  test: TestCase,
  seen: TestObservation,
  rng: Rng,
  learned: LearnedConstants,
): TestCase | undefined {
  const maps = test.maps.map((entries) => [...entries]);
  const added = new Set<string>();
  for (const { map, key } of seen.missed) {
    const def = program.maps[map];
    const name = `${map}:${key.join()}`;
    const entry = def === undefined || added.has(name) ? undefined : randomEntry(def, key, rng, learned);
    if (entry === undefined) continue;
    added.add(name);
    maps[map]?.push(entry);
  }
  return added.size === 0 ? undefined : { ...test, maps };
}
