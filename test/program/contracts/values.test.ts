/** Values that a loader may set: what proofs and tests may rely on, and what they may not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { type Assumption, assumed, VALUE_FACTS } from '../../../src/program/contracts/values.ts';
import { loadFile } from '../../../src/program/file.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import { MapFlag, MapTypeId } from '../../../src/program/tables/maps.ts';
import { createWindowVerifier, type WindowVerifier } from '../../../src/verify/index.ts';
import { observer } from '../../../src/vm/observe.ts';
import { deepTests } from '../../../src/vm/testgen/index.ts';

const OBJECT = join(import.meta.dirname, '../elf/data/rodata.o');

function programs(assume?: readonly Assumption[]): Map<string, Program> {
  const { rows } = loadFile(OBJECT, assume === undefined ? {} : { assume });
  return new Map(rows.flatMap((r) => (r.ok ? [[r.program.name, r.program] as const] : [])));
}
const [open, final] = [programs(), programs(['rodata=final'])];

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ tests: 0 });
});
afterAll(() => verifier.close());

const returning = (p: Program, text: string): Program => {
  const insns = assemble(text);
  const functions = p.functions.map((f) => ({ ...f, end: insns.length }));
  return { ...p, insns, functions, origin: insns.map(() => -1) };
};

describe('variables of .rodata', () => {
  it('are unknown constants, unless the user says that nobody sets them', () => {
    for (const name of ['fixed', 'indexed', 'setting']) {
      expect(open.get(name)!.maps[0]!.readonly, name).toBeUndefined();
      expect(final.get(name)!.maps[0]!.readonly, name).toBe(true);
    }
  });

  it('are folded only then', () => {
    for (const [name, value] of [
      ['fixed', 7],
      ['setting', 9],
    ] as const) {
      const folded = `r0 = ${value}\nexit`;
      const [a, b] = [open.get(name)!, final.get(name)!];
      expect(verifier.checkPrograms(a, returning(a, folded)).kind, name).not.toBe('equivalent');
      expect(verifier.checkPrograms(b, returning(b, folded)), name).toMatchObject({ kind: 'equivalent' });
      const wrong = `r0 = ${value + 1}\nexit`;
      expect(verifier.checkPrograms(b, returning(b, wrong)).kind, name).not.toBe('equivalent');
    }
  });

  it('are the same whenever they are read', () => {
    const p = open.get('setting')!;
    const map = 'r1 = map[id:0][0]+0\n';
    const twice = returning(p, `${map}r0 = *(u32 *)(r1 + 0)\nr2 = *(u32 *)(r1 + 0)\nr0 -= r2\nexit`);
    expect(verifier.checkPrograms(twice, returning(p, 'r0 = 0\nexit'))).toMatchObject({ kind: 'equivalent' });
  });

  it('vary in tests, those that are final do not', () => {
    const differing = (p: Program): boolean => {
      const tests = deepTests(p, 1, observer(p));
      const initial = Buffer.from(p.maps[0]!.initial!);
      return Array.from({ length: 400 }, () => tests.next().value).some(
        (t) => Buffer.compare(initial, t.maps[0]![0]!.value) !== 0,
      );
    };
    expect(differing(open.get('fixed')!)).toBe(true);
    expect(differing(final.get('fixed')!)).toBe(false);
  });
});

describe('assumptions', () => {
  const map = (name: string, more: Partial<MapDef>): MapDef => ({
    ...{ name, type: MapTypeId.ARRAY, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, ...more },
  });
  it('say nothing of data that programs write, or of maps that user space can write', () => {
    const assume = ['rodata=final'] as const;
    const initial = new Uint8Array(8);
    expect(assumed(map('.data', { initial }), assume).readonly).toBeUndefined();
    expect(assumed(map('mine', { flags: MapFlag.RDONLY_PROG }), assume).readonly).toBeUndefined();
    expect(assumed(map('.rodata', { flags: MapFlag.RDONLY_PROG, initial }), assume).readonly).toBe(true);
  });

  it('and the facts that need one are listed', () => {
    expect(VALUE_FACTS.filter((f) => f.used === 'rodata=final').map((f) => f.guarantee)).toEqual(['nobody']);
    const limits = readFileSync(join(import.meta.dirname, '../../../docs/limits.md'), 'utf8');
    for (const f of VALUE_FACTS)
      expect(limits).toContain(
        `| ${f.fact} | ${f.guarantee} | ${f.used === 'always' || f.used === 'never' ? f.used : `with \`--assume ${f.used}\``} |`,
      );
    expect(VALUE_FACTS.some((f) => f.guarantee === 'nobody' && f.used === 'always')).toBe(false);
  });
});
