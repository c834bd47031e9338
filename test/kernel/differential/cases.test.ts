import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { caseText, readCase, replay } from '../../../src/kernel/index.ts';
import type { MapDef } from '../../../src/program/program.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import { xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const folder = join(import.meta.dirname, 'cases');
const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.json')) : [];

describe.skipIf(!hasKernel)(`kept cases${needsKernel}`, () => {
  test.each(files)('%s', (file) => {
    const kept = readCase(readFileSync(join(folder, file), 'utf8'), file);
    const result = replay(kept);
    if (result.status !== 'ran') throw new Error(result.reason);
    expect(result.runs, kept.note).toBeGreaterThan(0);
    expect(result.difference === undefined ? 'agree' : 'differ', kept.note).toBe(kept.expect);
    if (kept.expect === 'differ')
      expect(Object.keys(result.difference!.places)).toEqual(Object.keys(kept.places));
  });
});

const returning = (value: number) =>
  xdpProgram([insn(opNamed('mov64.k').op, 0, 0, 0, value), insn(OP_EXIT)], [map]);
const map: MapDef = {
  name: 'm',
  type: MapTypeId.HASH,
  keySize: 4,
  valueSize: 8,
  maxEntries: 4,
  flags: 0,
};
const scenario = {
  before: [{ ctx: new Uint8Array(24), packet: new Uint8Array(14), maps: [[]], seed: 3 }],
  test: {
    ctx: new Uint8Array(24).fill(7),
    packet: new Uint8Array(20).fill(255),
    maps: [[{ key: Uint8Array.of(1, 2, 3, 4), value: new Uint8Array(8) }]],
    seed: 0xffff_ffff,
  },
  places: { r0: ['1', '2'] as const },
};

test('a case survives its file; folders of this machine do not', () => {
  const program = { ...returning(1), provenance: { file: '/home/somebody/x.o', sha256: 'ab' } };
  const text = caseText([program, returning(2)], scenario, { note: 'shown' });
  expect(text).not.toContain('/home');
  const kept = readCase(text, 'x.json');
  expect(kept).toMatchObject({ note: 'shown', expect: 'differ', ...scenario });
  expect(kept.programs.map((p) => p.insns)).toEqual([returning(1).insns, returning(2).insns]);
  const single = readCase(caseText([program], scenario, { note: '', expect: 'agree' }), 'x.json');
  expect(single.programs).toHaveLength(1);
  expect(single.expect).toBe('agree');
});

test.each([
  ['not JSON', '{', /no JSON/],
  ['another kind', '{"kind":"poem"}', /kind/],
  ['bytes that are none', caseText([returning(1)], scenario, { note: '' }).replace('"ffff', '"zzff'), /hexa/],
])('a damaged case file says what is wrong: %s', (_, text, message) => {
  expect(() => readCase(text, 'x.json')).toThrow(message);
  expect(() => readCase(text, 'x.json')).toThrow(UserError);
});
