import { expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { listing } from '../../src/program/listing.ts';
import type { Program } from '../../src/program/program.ts';

function program(text: string, changes: Partial<Program>): Program {
  const insns = assemble(text);
  return {
    name: 'p',
    section: 'xdp',
    hook: 'xdp',
    license: '',
    insns,
    functions: [{ name: 'p', start: 0, end: insns.length }],
    maps: [],
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: 'p.o', sha256: '' },
    ...changes,
  };
}

it('names functions when there are several', () => {
  const functions = [
    { name: 'main', start: 0, end: 2 },
    { name: 'sub', start: 2, end: 4 },
  ];
  expect(listing(program('call pc+1\nexit\nr0 = 1\nexit', { functions }))).toEqual([
    'main:',
    '0: call pc+1',
    '1: exit',
    'sub:',
    '2: r0 = 1',
    '3: exit',
  ]);
});

it('names helpers and maps', () => {
  const maps = [{ name: 'counters', type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 }];
  const text = 'r1 = map[id:0]\ncall 1\nr1 = map[id:7]\ncall 9999\nexit';
  expect(listing(program(text, { maps }))).toEqual([
    '0: r1 = map[counters]',
    '2: call map_lookup_elem#1',
    '3: r1 = map[id:7]',
    '5: call helper_9999#9999',
    '6: exit',
  ]);
});
