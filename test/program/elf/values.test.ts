import { describe, expect, it } from 'vitest';
import { kernelDiff } from '../../../src/kernel/index.ts';
import { fromJson, toJson } from '../../../src/program/json.ts';
import type { TestCase } from '../../../src/vm/types.ts';
import { hasKernel, needsKernel } from '../../kernel/kernel.ts';
import { objectOf, programNamed } from './fixtures.ts';

describe('contents of maps of maps', () => {
  const object = objectOf('values.o');
  it('are what the object says, by index', () => {
    const outer = object.maps.find((m) => m.def.name === 'outer')!.def;
    expect(outer.values?.map((v) => [v.index, v.map.name])).toEqual([
      [0, 'in0'],
      [2, 'in1'],
      [3, 'in0'],
    ]);
    const p = programNamed(object, 'through');
    expect(fromJson(JSON.parse(JSON.stringify(toJson(p)))).maps).toEqual(p.maps);
  });

  const tests: TestCase[] = [{ ctx: new Uint8Array(192), packet: new Uint8Array(64), maps: [], seed: 1 }];
  it.skipIf(!hasKernel).each([
    ['through', '7', []],
    ['hidden', '3', ['contents of in0, in1 in map outer']],
    ['nothing', '0', ['contents of in0, in1 in map outer']],
  ] as const)(`are there when %s runs${needsKernel}`, (name, r0, notCompared) => {
    const p = programNamed(object, name);
    const report = kernelDiff(p, p, tests);
    expect(report).toMatchObject({ status: 'ran', runs: 1, agreed: 1, coverage: { returns: { [r0]: 1 } } });
    if (name === 'through') expect(report).toMatchObject({ notCompared: ['contents of in1 in map outer'] });
    else expect(report).toMatchObject({ notCompared });
  });
});
