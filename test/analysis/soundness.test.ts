import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { scalarContains } from '../../src/analysis/domain/scalar.ts';
import { type AbstractState, current } from '../../src/analysis/domain/state.ts';
import type { Value } from '../../src/analysis/domain/value.ts';
import { liveness } from '../../src/analysis/liveness.ts';
import { type Concrete, CTX, randomLoops, randomProgram, randomStart, run, STACK_TOP } from './concrete.ts';
import { programOf } from './programs.ts';

function contains(v: Value, x: bigint): boolean {
  if (v.kind === 'scalar') return scalarContains(v, x);
  if (v.kind !== 'pointer') return true;
  if (v.nullable && x === 0n) return true;
  const base = v.region.kind === 'stack' ? STACK_TOP : CTX;
  return scalarContains(v.variable, BigInt.asUintN(64, x - base - BigInt(v.off)));
}

/** Checks one state against the machine; returns what is wrong. */
function mismatch(state: AbstractState | undefined, index: number, c: Concrete): string | undefined {
  if (state === undefined) return `instruction ${index} is reached`;
  const frame = current(state);
  const ids = new Map<number, bigint>();
  for (const [n, v] of frame.regs.entries()) {
    const x = c.regs[n]!;
    if (!contains(v, x)) return `r${n} = ${x.toString(16)} before ${index}`;
    if (v.kind !== 'scalar' || v.id === 0) continue;
    if ((ids.get(v.id) ?? x) !== x) return `r${n} has the id of another number before ${index}`;
    ids.set(v.id, x);
  }
  for (const [n, slot] of frame.stack.entries())
    for (const [k, b] of (slot?.bytes ?? []).entries())
      if (b >= 0 && c.stack[8 * n + k] !== b) return `byte ${8 * n + k} before ${index}`;
  return undefined;
}

describe('forward analysis against concrete runs', () => {
  it.each([
    ['without loops', randomProgram, 250],
    ['with loops', randomLoops, 120],
  ] as const)(
    'contains every register and stack byte, equal ids are equal numbers: %s',
    (_n, programs, numRuns) => {
      fc.assert(
        fc.property(programs, fc.array(randomStart, { minLength: 3, maxLength: 3 }), (insns, starts) => {
          const analysis = analyze(programOf(insns));
          for (const start of starts)
            run(insns, start, (index, c) => {
              const wrong = mismatch(analysis.stateBefore(index), index, c);
              if (wrong !== undefined) expect.fail(wrong);
            });
        }),
        { numRuns, seed: 7 },
      );
    },
  );
});

describe('liveness against concrete runs', () => {
  const M64 = 0xffff_ffff_ffff_ffffn;
  it('changing what is dead changes nothing that the hook sees', () => {
    fc.assert(
      fc.property(
        fc.oneof(randomLoops, randomProgram),
        randomStart,
        fc.bigInt({ min: 0n, max: M64 }),
        fc.nat(1000),
        (insns, start, noise, pickAt) => {
          const live = liveness(analyze(programOf(insns)));
          const visited: number[] = [];
          const expected = run(insns, start, (index) => visited.push(index));
          if (expected === undefined) return;
          const at = visited[pickAt % visited.length]!;
          const { bits, stack } = live.liveBefore(at);
          const got = run(insns, start, (index, c: Concrete) => {
            if (index !== at) return;
            for (let n = 0; n < 10; n++) c.regs[n] = (c.regs[n]! & bits[n]!) | (noise & ~bits[n]! & M64);
            for (let p = 0; p < 512; p++)
              if (((stack >> BigInt(p)) & 1n) === 0n) c.stack[p] = Number(noise >> BigInt(p % 56)) & 0xff;
          });
          expect(BigInt.asUintN(32, got!)).toBe(BigInt.asUintN(32, expected));
        },
      ),
      { numRuns: 300, seed: 8 },
    );
  });
});
