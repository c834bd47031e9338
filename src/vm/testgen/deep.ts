/**
 * Test cases without end, for long comparisons: fresh ones, and variations of those that reached something
 * new.
 *
 *   fresh | variation of a kept test --maps filled with what it looks up--> observe --something new?--> kept
 */

import { Rng } from '../../base/random.ts';
import type { Program } from '../../program/program.ts';
import type { TestCase } from '../types.ts';
import { type LearnedConstants, learnConstants } from './constants.ts';
import { draw, refilled, type TestObservation } from './generate.ts';
import { randomBytes } from './maps.ts';

/** Tests in a row that reached nothing new, after which only one in `SELDOM` is looked at. */
const SATURATED = 400;
const SELDOM = 8;
/**
 * Share of fresh tests from then on: they are worth a look, which takes longer than their run in the kernel.
 */
const FRESH = 0.1;

/**
 * @param observe interpreter feedback on one test
 * @param wild as in `TestOptions`
 */
export function* deepTests(
  program: Program,
  seed: number,
  observe: (test: TestCase) => TestObservation,
  wild = false,
): Generator<TestCase, never> {
  const rng = new Rng(seed, 'deep', program.name);
  const learned = learnConstants(program.insns);
  const reached = new Set<number>();
  const kept: TestCase[] = [];
  let idle = 0;
  for (let n = 0; ; n++) {
    const isFresh = kept.length === 0 || rng.chance(idle < SATURATED ? 0.5 : FRESH);
    let test = isFresh ? draw(program, rng, learned, wild) : vary(rng.pick(kept), rng, learned, program);
    if (idle < SATURATED || isFresh || n % SELDOM === 0) {
      const better = refilled(program, test, observe(test), observe, rng, learned);
      test = better.test;
      const before = reached.size;
      for (const c of better.seen.covered) reached.add(c);
      idle = reached.size > before ? 0 : idle + 1;
      if (reached.size > before) kept.push(test);
    }
    yield test;
  }
}

/** A test with one to three small changes, so that it mostly goes the same way for a while. */
export function vary(
  test: TestCase,
  rng: Rng,
  learned: LearnedConstants,
  { maps }: Pick<Program, 'maps'>,
): TestCase {
  // What nobody can set is what the file says, here as in the kernel.
  const isFixed = (map: number): boolean => maps[map]?.readonly === true;
  let out: TestCase = { ...test, seed: rng.u32() };
  for (let n = 1 + rng.below(3); n > 0; n--) {
    const kind = rng.unit();
    if (kind < 0.5 && out.packet.length > 0) out = { ...out, packet: poke(out.packet, rng, learned) };
    else if (kind < 0.6 && out.packet.length > 14)
      out = { ...out, packet: out.packet.slice(0, 14 + rng.below(out.packet.length - 13)) };
    else if (kind < 0.75 && out.ctx.length > 0) out = { ...out, ctx: poke(out.ctx, rng, learned) };
    else {
      const other = out.maps.map((m, i) => (rng.chance(0.5) && !isFixed(i) ? newValues(m, rng, learned) : m));
      out = { ...out, maps: other };
    }
  }
  return out;
}

function newValues(
  contents: TestCase['maps'][number],
  rng: Rng,
  learned: LearnedConstants,
): TestCase['maps'][number] {
  return contents.map((e) => {
    // Devices and CPUs stay what they are.
    if (e.value.length <= 4) return e;
    const value = rng.chance(0.5) ? poke(e.value, rng, learned) : randomBytes(e.value.length, rng, learned);
    return { key: e.key, value };
  });
}

/**
 * One place overwritten: a bit, a byte, a number that the program knows, or noise. Positions near the start
 * are likelier.
 */
function poke(bytes: Uint8Array, rng: Rng, learned: LearnedConstants): Uint8Array {
  const out = bytes.slice();
  const at = rng.chance(0.6) ? rng.below(Math.min(64, out.length)) : rng.below(out.length);
  const put = (value: number, size: number): void => {
    for (let b = 0; b < size && at + b < out.length; b++) out[at + b] = value >>> (8 * b);
  };
  const kind = rng.below(5);
  if (kind === 0) out[at] = out[at]! ^ (1 << rng.below(8));
  else if (kind === 1) put(rng.u32(), 1);
  else if (kind === 2) put(rng.pick(learned.u16), 2);
  else if (kind === 3) put(rng.pick(learned.u32), 4);
  else put(rng.u32(), 4);
  return out;
}
