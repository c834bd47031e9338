import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.ts';
import { calleeOf, jumpTarget } from '../../src/isa/flow.ts';
import { type Insn, insn, isNop, nop, OP_CALL, OP_EXIT } from '../../src/isa/insn.ts';
import { validate } from '../../src/isa/validate.ts';
import { pinOf, replaceProblem, replaceRange, withoutNops } from '../../src/program/edit.ts';
import { fromJson, toJson } from '../../src/program/json.ts';
import type { Program } from '../../src/program/program.ts';

const EXIT = insn(OP_EXIT);
const mov = (dst: number, imm: number): Insn => insn(0xb7, dst, 0, 0, imm);
const call = (distance: number): Insn => insn(OP_CALL, 0, 1, 0, distance);

/** Two functions: main (0..4) calls sub (4..6). */
function program(changes: Partial<Program> = {}): Program {
  return {
    name: 'p',
    section: 'xdp',
    hook: 'xdp',
    license: 'GPL',
    insns: [mov(1, 1), mov(2, 2), call(1), EXIT, mov(0, 5), EXIT],
    functions: [
      { name: 'main', start: 0, end: 4 },
      { name: 'sub', start: 4, end: 6 },
    ],
    maps: [],
    origin: [0, 1, 2, 3, 4, 5],
    pinned: new Map(),
    provenance: { file: 'p.o', sha256: '00' },
    ...changes,
  };
}

describe('replaceRange', () => {
  it('moves functions, keeps calls on their targets and origins on their instructions', () => {
    const p = replaceRange(program(), 0, 2, [mov(2, 2)]);
    expect(p.insns).toEqual([mov(2, 2), call(1), EXIT, mov(0, 5), EXIT]);
    expect(p.origin).toEqual([1, 2, 3, 4, 5]);
    expect(p.functions).toEqual([
      { name: 'main', start: 0, end: 3 },
      { name: 'sub', start: 3, end: 5 },
    ]);
    expect(calleeOf(p.insns, 1)).toBe(3);
  });

  it('gives new instructions no origin', () => {
    const p = replaceRange(program(), 0, 2, [mov(3, 3), mov(1, 1), mov(4, 4), mov(2, 2)]);
    expect(p.origin.slice(0, 4)).toEqual([-1, 0, -1, 1]);
    expect(p.functions[1]).toEqual({ name: 'sub', start: 6, end: 8 });
  });

  it('keeps the origin of a jump whose distance alone changes', () => {
    const insns = [insn(0x15, 1, 0, 2, 0), mov(1, 1), mov(2, 2), EXIT];
    const functions = [{ name: 'main', start: 0, end: 4 }];
    const p = replaceRange(program({ insns, functions, origin: [0, 1, 2, 3] }), 0, 3, [
      insn(0x15, 1, 0, 1, 0),
      mov(2, 2),
    ]);
    expect(p.origin).toEqual([0, 2, 3]);
    expect(jumpTarget(p.insns, 0)).toBe(2);
  });

  it('inserts at the start of a function, which the calls then reach', () => {
    const p = replaceRange(program(), 4, 4, [mov(3, 3)]);
    expect(p.functions[1]).toEqual({ name: 'sub', start: 4, end: 7 });
    expect(calleeOf(p.insns, 2)).toBe(4);
  });

  it('keeps what is pinned', () => {
    const p = program({ pinned: new Map([[1, 'CO-RE relocation']]) });
    expect(pinOf(p, 1)).toBe('CO-RE relocation');
    expect(replaceProblem(p, 0, 2, [mov(1, 1)])).toMatch(/CO-RE relocation/);
    expect(() => replaceRange(p, 0, 2, [mov(1, 1)])).toThrow(/must stay/);
    expect(replaceRange(p, 0, 2, [mov(2, 2)]).origin[0]).toBe(1);
    // Of two equal instructions the pinned one is the one that stays.
    const twins = program({
      insns: [mov(1, 1), mov(1, 1), call(1), EXIT, mov(0, 5), EXIT],
      pinned: new Map([[1, 'extern']]),
    });
    expect(replaceRange(twins, 0, 2, [mov(1, 1)]).origin[0]).toBe(1);
  });

  it.each<[string, number, number, Insn[]]>([
    ['a range over two functions', 3, 5, [EXIT]],
    ['a range that is not there', 5, 9, [EXIT]],
    ['an empty function', 4, 6, []],
  ])('refuses %s', (_, start, end, insns) => {
    expect(replaceProblem(program(), start, end, insns)).toBeDefined();
    expect(() => replaceRange(program(), start, end, insns)).toThrow();
  });

  it('keeps the program well formed, whatever straight-line code is exchanged', () => {
    const code = fc.array(fc.tuple(fc.nat(9), fc.nat(3)).map(([r, k]) => (k === 3 ? nop() : mov(r, k))));
    fc.assert(
      fc.property(code, code, fc.nat(), fc.nat(), (body, other, a, b) => {
        const insns = [...body, call(1), EXIT, mov(0, 5), EXIT];
        const n = body.length;
        const functions = [
          { name: 'main', start: 0, end: n + 2 },
          { name: 'sub', start: n + 2, end: n + 4 },
        ];
        const p = program({ insns, functions, origin: insns.map((_, i) => i) });
        const [start, end] = [a % (n + 1), b % (n + 1)].sort((x, y) => x - y) as [number, number];
        for (const q of [
          replaceRange(p, start, end, other),
          withoutNops(replaceRange(p, start, end, other)),
        ]) {
          expect(validate(q.insns)).toEqual([]);
          expect(q.origin).toHaveLength(q.insns.length);
          expect(q.functions[0]!.end).toBe(q.functions[1]!.start);
          expect(q.functions[1]!.end).toBe(q.insns.length);
          expect(q.insns[q.functions[1]!.start]).toEqual(mov(0, 5));
          const kept = q.origin.filter((o) => o >= 0);
          expect(kept).toEqual([...new Set(kept)].sort((x, y) => x - y));
          q.origin.forEach((o, i) => {
            if (o >= 0) expect(q.insns[i]).toEqual(p.insns[o]);
          });
        }
        // The same code again changes nothing.
        expect(replaceRange(p, start, end, p.insns.slice(start, end))).toEqual(p);
      }),
    );
  });
});

describe('withoutNops', () => {
  it('drops them in all functions, also those that appear when others go', () => {
    const insns = [insn(0x05, 0, 0, 1), nop(), call(2), EXIT, nop(), mov(0, 5), EXIT];
    const functions = [
      { name: 'main', start: 0, end: 4 },
      { name: 'sub', start: 4, end: 7 },
    ];
    const p = withoutNops(program({ insns, functions, origin: [0, 1, 2, 3, 4, 5, 6] }));
    expect(p.insns).toEqual([call(1), EXIT, mov(0, 5), EXIT]);
    expect(p.origin).toEqual([2, 3, 5, 6]);
    expect(p.functions[1]).toEqual({ name: 'sub', start: 2, end: 4 });
  });

  it('leaves pinned ones', () => {
    const insns = [nop(), nop(), EXIT];
    const functions = [{ name: 'main', start: 0, end: 3 }];
    const p = withoutNops(program({ insns, functions, origin: [0, 1, 2], pinned: new Map([[1, 'why']]) }));
    expect(p.insns.filter(isNop)).toHaveLength(1);
    expect(p.origin).toEqual([1, 2]);
  });
});

describe('JSON', () => {
  const rich = program({
    attachType: 37,
    pinned: new Map([[1, 'extern']]),
    maps: [
      {
        name: 'outer',
        type: 12,
        keySize: 4,
        valueSize: 4,
        maxEntries: 2,
        flags: 0,
        inner: { name: 'i', type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 },
      },
      {
        name: '.rodata',
        type: 2,
        keySize: 4,
        valueSize: 3,
        maxEntries: 1,
        flags: 128,
        initial: new Uint8Array([1, 2, 255]),
        readonly: true,
      },
    ],
  });

  it('gives the program back', () => {
    expect(fromJson(JSON.parse(JSON.stringify(toJson(rich))))).toEqual(rich);
  });

  it.each<[string, (json: Record<string, unknown>) => void]>([
    ['another hook', (j) => (j.hook = 'nothing')],
    ['half an instruction', (j) => (j.insns = 'AAAA')],
    ['missing origins', (j) => (j.origin = [])],
    ['functions with a gap', (j) => (j.functions = [{ name: 'main', start: 1, end: 6 }])],
    ['functions that end early', (j) => (j.functions = [{ name: 'main', start: 0, end: 5 }])],
    ['an unknown property', (j) => (j.extra = 1)],
  ])('is refused with %s', (_, spoil) => {
    const json = { ...toJson(rich) } as Record<string, unknown>;
    spoil(json);
    expect(() => fromJson(json, 'x.json')).toThrow(UserError);
  });
});
