import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withCommonMaps } from '../../src/program/common-maps.ts';
import type { Program } from '../../src/program/program.ts';
import { compareVersions } from '../../src/verify/compare-programs.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { MAPS, programOf, text } from '../analysis/programs.ts';

describe('versions of a program that use other maps', () => {
  let verifier: WindowVerifier;
  beforeAll(async () => {
    verifier = await createWindowVerifier();
  });
  afterAll(() => verifier.close());
  /** Only the maps that the text uses, as an object gives them. */
  const using = (source: string, ...names: string[]): Program => {
    const all = text(source);
    const maps = MAPS.filter((m) => names.includes(m.name));
    const place = (i: number): number => maps.indexOf(MAPS[i]!);
    return programOf(
      all.insns.map((i) => (i.op === 0x18 && i.src === 1 ? { ...i, imm: place(i.imm) } : i)),
      'xdp',
      maps,
    );
  };
  const kind = (a: Program, b: Program): string => compareVersions(a, b, verifier).verdict.kind;

  it('are compared by what they use', () => {
    const both = using('r1 = map[array]\nr1 = map[hash]\nr0 = 2\nexit', 'array', 'hash');
    const hash = using('r1 = map[hash]\nr0 = 2\nexit', 'hash');
    const none = using('r0 = 2\nexit');
    for (const [a, b] of [
      [both, hash],
      [hash, both],
      [both, none],
      [none, hash],
    ] as const)
      expect(kind(a, b)).toBe('equivalent');
    expect(kind(both, using('r0 = 1\nexit'))).toBe('different');
  });

  it('keep the meaning of each reference', () => {
    const update = (name: string): Program =>
      using(
        `*(u64 *)(r10 -8) = 0\n*(u64 *)(r10 -16) = 0\n*(u64 *)(r10 -24) = 0\nr1 = map[${name}]\nr2 = r10\nr2 += -16
r3 = r10\nr3 += -24\nr4 = 0\ncall bpf_map_update_elem\nr0 = 0\nexit`,
        name,
      );
    expect(kind(update('hash'), update('hash'))).toBe('equivalent');
    expect(kind(update('array'), update('hash'))).toBe('different');
  });

  it('say so when one name is two maps', () => {
    const a = using('r1 = map[hash]\nr0 = 2\nexit', 'hash');
    const b = { ...a, maps: [{ ...a.maps[0]!, valueSize: 8 }] };
    expect(withCommonMaps(a, b)).toEqual({ ok: false, reason: 'map hash is not the same in both' });
    expect(kind(a, b)).toBe('unknown');
  });
});
