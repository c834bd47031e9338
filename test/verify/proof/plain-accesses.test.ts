import { describe, expect, it } from 'vitest';
import { TermBuilder, TermStore } from '../../../src/solver/index.ts';
import { accessProblem } from '../../../src/verify/proof/plain-accesses.ts';
import type { SharedAccess } from '../../../src/verify/symbolic/access.ts';

const b = new TermBuilder(new TermStore());
const base = b.store.var('base', 64);

/** `load 4@0` */
function access(text: string): SharedAccess {
  const [kind, place] = text.split(' ') as ['load' | 'store' | 'atomic' | 'acquire' | 'fetch', string];
  const [size, off] = place.split('@').map(Number) as [number, number];
  const plain = kind === 'acquire' ? 'load' : kind === 'fetch' ? 'atomic' : kind;
  return {
    kind: plain,
    name: kind,
    memory: 'map_value:0',
    address: b.add(base, b.const(BigInt(off), 64)),
    size,
    orders: kind !== plain,
    condition: b.true,
    at: 0,
  };
}

const list = (text: string): SharedAccess[] => (text === '' ? [] : text.split(', ').map(access));

describe('accesses to shared memory', () => {
  const cases: [source: string, candidate: string, ok: boolean][] = [
    ['load 4@0', '', true],
    ['load 1@0, load 1@1', 'load 2@0', true],
    ['load 2@0', 'load 1@0, load 1@1', false],
    ['load 4@0', 'load 1@0', true],
    ['load 4@0', 'load 8@0', false],
    ['load 4@0', 'load 4@0, load 4@0', false],
    ['load 4@0, load 4@0', 'load 4@0', true],
    ['store 4@0, store 4@4', 'store 8@0', true],
    ['store 8@0', 'store 4@0, store 4@4', false],
    ['load 8@0, store 8@0', 'atomic 8@0', true],
    ['store 8@0', 'atomic 8@0', false],
    ['load 8@0, store 8@0', 'atomic 8@0, load 8@0', false],
    ['atomic 8@0', 'load 8@0, store 8@0', false],
    ['atomic 8@0', '', false],
    ['atomic 8@0', 'atomic 4@0', false],
    ['atomic 8@0, atomic 8@8', 'atomic 8@8, atomic 8@0', true],
    ['load 4@0, acquire 4@8', 'acquire 4@8, load 4@0', false],
    ['load 4@0, acquire 4@8', 'load 4@0, acquire 4@8', true],
    ['acquire 4@8', '', false],
    ['fetch 8@0, store 4@8', 'store 4@8, fetch 8@0', false],
    ['load 4@0, load 4@2', 'load 4@0, load 4@2', true],
  ];
  for (const [source, candidate, ok] of cases)
    it(`${source || 'nothing'} -> ${candidate || 'nothing'}: ${ok ? 'allowed' : 'not allowed'}`, () => {
      const problem = accessProblem(b.store, list(source), list(candidate));
      if (ok) expect(problem).toBeUndefined();
      else expect(problem).toBeTypeOf('string');
    });

  it('tells conditions apart', () => {
    const c = b.store.var('c', 1);
    const under = { ...access('load 4@0'), condition: c };
    expect(accessProblem(b.store, [under], list('load 4@0'))).toBeTypeOf('string');
    expect(accessProblem(b.store, [under], [under])).toBeUndefined();
  });
});
