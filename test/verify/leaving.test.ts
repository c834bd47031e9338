/** Functions that are left early, in proofs: what their caller sees then is neither assumed nor lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSafety } from '../../src/analysis/safety.ts';
import { replaceRange } from '../../src/program/edit.ts';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier, type Verdict, type WindowVerifier } from '../../src/verify/index.ts';
import { programOf, text } from '../analysis/programs.ts';
import { objectOf, programNamed } from '../program/elf/fixtures.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ tests: 0 });
});
afterAll(() => verifier.close());

const leaving = (name: string): Program => programNamed(objectOf('leaving.o'), name);
const code = (source: string): Program['insns'] => text(`${source}\nexit`).insns.slice(0, -1);

/** Both questions: the window in its program, and the two programs. */
function ask(p: Program, start: number, end: number, by: Program['insns']): Verdict['kind'][] {
  return [
    verifier.check(p, { start, end }, by).kind,
    verifier.checkPrograms(p, replaceRange(p, start, end, by)).kind,
  ];
}

const LDABS =
  'r6 = r1\ncall pc+4\nr0 += 3\nif r0 == 3 goto pc+1\nr0 = 7\nexit\nr6 = r1\nr0 = *(u8 *)skb[200]\nr0 = 1\nexit';
const TAIL =
  'r6 = r1\ncall pc+3\nif r0 == 1 goto pc+1\nr0 = 2\nexit\nr2 = map[array]\nr3 = 0\ncall bpf_tail_call\nr0 = 1\nexit';

/** The array's map is one of programs. */
function tail(): Program {
  const p = text(TAIL);
  const maps = p.maps.map((m, n) => (n === 0 ? { ...m, type: 3, valueSize: 4 } : m));
  return { ...programOf(p.insns, 'xdp', maps), functions: p.functions };
}

describe('a packet that is too short', () => {
  const p = text(LDABS, 'socket_filter');
  it.each([
    ['the result of the whole function is assumed', 3, 5, 'r0 = 7'],
    ['the branch for the short packet is lost', 3, 4, ''],
    ['the load is lost, whose value nobody reads', 7, 8, ''],
    ['it stands before what the function gives otherwise', 7, 9, 'r0 = 1\nr0 = *(u8 *)skb[200]'],
  ])('%s: wrong', (_, start, end, by) => {
    for (const kind of ask(p, start, end, by === '' ? [] : code(by))) expect(kind).not.toBe('equivalent');
  });

  it('and what is right is proven', () => {
    expect(ask(leaving('option'), 0, 0, [])).toEqual(['equivalent', 'equivalent']);
    // A register that nobody reads.
    expect(ask(p, 0, 1, [])).toEqual(['equivalent', 'equivalent']);
  });
});

describe('a tail call that may succeed', () => {
  it.each([
    ["the caller's branch is lost", 2, 4, ''],
    ['the call is lost', 5, 8, ''],
  ])('%s: wrong', (_, start, end, by) => {
    for (const kind of ask(tail(), start, end, by === '' ? [] : code(by)))
      expect(kind).not.toBe('equivalent');
  });

  it('what comes after it does not move before it', () => {
    const p = leaving('jump');
    const f = p.functions[1]!;
    const at = p.insns.findIndex((i, n) => n >= f.start && i.op === 0x85);
    const swapped = [p.insns[at + 1]!, p.insns[at]!];
    for (const kind of ask(p, at, at + 2, swapped)) expect(kind).not.toBe('equivalent');
  });

  it('and the rest of the program can be changed', () => {
    expect(ask(tail(), 0, 1, [])).toEqual(['equivalent', 'equivalent']);
  });
});

describe('safety', () => {
  const reasons = (p: Program): string[] => checkSafety(p).map((f) => f.reason);
  const withType = (p: Program, contract: object): Program => ({
    ...p,
    functions: p.functions.map((f, n) =>
      n === 0 ? f : { ...f, contract: { linkage: 'static', verified: 'with callers', ...contract } as const },
    ),
  });
  it('only functions that return a number may be left early', () => {
    const p = text(LDABS, 'socket_filter');
    expect(reasons(p)).toEqual([]);
    expect(reasons(withType(p, { btfType: 1, returnsNumber: true }))).toEqual([]);
    expect(reasons(withType(p, { btfType: 1, returnsNumber: false }))).toEqual([
      "LD_ABS is only allowed in functions that return 'int'",
    ]);
    expect(reasons(withType(tail(), {}))).toEqual(['tail_call is not allowed in subprogs without BTF']);
  });

  it('what the caller does with 0 is looked at', () => {
    // 0 - 1 is no offset into the stack.
    const source =
      'r6 = r1\ncall pc+7\nr0 += -1\nr2 = r10\nr2 += -8\nr2 += r0\n*(u8 *)(r2 + 0) = 1\nr0 = 0\nexit\nr6 = r1\nr0 = *(u8 *)skb[200]\nr0 = 1\nexit';
    expect(reasons(text(source, 'socket_filter'))).toEqual([]);
    const deep = source.replace('r2 += -8', 'r2 += -512');
    expect(reasons(text(deep, 'socket_filter')).join()).toMatch(/stack/);
  });
});
