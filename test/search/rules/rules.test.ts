import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { formatInsn } from '../../../src/isa/disasm.ts';
import { slotOffsets } from '../../../src/isa/flow.ts';
import { buildTarget } from '../../../src/search/rules/build.ts';
import { evaluate, parseExpression } from '../../../src/search/rules/expression.ts';
import { type Code, matchForm } from '../../../src/search/rules/match.ts';
import { parseRules } from '../../../src/search/rules/parse.ts';
import { proofCases } from '../../../src/search/rules/proof/cases.ts';
import { createWindowVerifier } from '../../../src/verify/index.ts';

const formOf = (text: string) => parseRules(`rule test\n  A test.\n${text}`)[0]!.forms[0]!;

/** What the rule's first form makes of some instructions, or undefined where it does not fit. */
function applied(rule: string, program: string, constant?: bigint): string[] | undefined {
  const insns = assemble(program);
  const code: Code = { insns, offsets: slotOffsets(insns), constantBefore: () => constant };
  const match = matchForm(formOf(rule), code, 0);
  const target = match && buildTarget(match, code);
  return target?.map((i) => formatInsn(i));
}
const text = (program: string): string[] => assemble(program).map((i) => formatInsn(i));

describe('expressions of rules', () => {
  const value = (source: string, values: Record<string, bigint> = {}) =>
    evaluate(parseExpression(source), new Map(Object.entries(values)));

  it('compute as their operators bind', () => {
    expect(value('1 + 2 * 3 << 1')).toBe(14n);
    expect(value('u64(m) >> k == 0xffffffff >> k', { m: 0xf000_0000n, k: 28n })).toBe(1n);
    expect(value('a < 0 or a > 5 and a != 7', { a: 7n })).toBe(0n);
    expect(value('-c & 7', { c: 4n })).toBe(4n);
    expect(value('pow2(c) and log2(c) == 5', { c: 32n })).toBe(1n);
    expect(value('s32(c)', { c: 0x8000_0000n })).toBe(-0x8000_0000n);
  });

  it('have no value where an operation has none, or a name', () => {
    expect(value('log2(c)', { c: 6n })).toBeUndefined();
    expect(value('1 << c', { c: -1n })).toBeUndefined();
    expect(value('5 % c', { c: 0n })).toBeUndefined();
    expect(value('c + 1')).toBeUndefined();
  });

  it('are refused with the text', () => {
    for (const bad of ['1 +', '(1', 'f(1)', '1 2', 'A', '$']) expect(() => parseExpression(bad)).toThrow(bad);
  });
});

describe('rules', () => {
  it('are refused with their name', () => {
    const bad = (rule: string) => () => parseRules(rule);
    expect(bad('rule a\n  A.\nform\n  r1 := 5\n=>\n')).toThrow(/rule a: .*line 1/);
    expect(bad('rule a\nform\n  exit\n=>\n')).toThrow('a summary');
    expect(bad('rule a\n  A.\nform\n  ...\n=>\n')).toThrow('starts with an instruction');
    expect(bad('rule a\n  A.\nwhen c\nform\n  exit\n=>\n')).toThrow('"when c"');
    expect(bad('rule a\n  A.\nform\n  exit\n=>\ngiven luck\n')).toThrow('luck');
    expect(bad('rule a\n  A.\nfor A B: u8, u16 2\nform\n  exit\n=>\n')).toThrow('each name');
    expect(bad('rule a\n  A.\nform\n  rX = 1\n=>\n  rX = rY\n')).toThrow('rY stands in the target only');
    expect(bad('rule a\n  A.\nform\n  rX = 1\n=>\n  rX = c\n')).toThrow('c stands in the target only');
    expect(bad('rules a')).toThrow('no rule starts');
  });

  it('stand for each alternative', () => {
    const [rule] = parseRules(
      'rule a\n  A.\nfor W N: u8 1, u16 `1 + 1`\nform\n  *($W *)(rP +0) = c\n=>\n  *($W *)(rP +0) = {$N}\n',
    );
    expect(rule!.forms.map((f) => f.text.split('\n')[0])).toEqual([
      '  *(u8 *)(rP +0) = c',
      '  *(u16 *)(rP +0) = c',
    ]);
  });

  it('bind a letter to one register, and a constant to one number', () => {
    const rule = 'form\n  rX += c\n  rX += c\n=>\n  rX += {2 * c}';
    expect(applied(rule, 'r3 += 4\nr3 += 4')).toEqual(text('r3 += 8'));
    expect(applied(rule, 'r3 += 4\nr4 += 4')).toBeUndefined();
    expect(applied(rule, 'r3 += 4\nr3 += 5')).toBeUndefined();
    expect(applied(rule, 'r3 += 0x7fffffff\nr3 += 0x7fffffff')).toBeUndefined();
  });

  it('tell widths, fixed registers, wide constants and map addresses apart', () => {
    expect(applied('form\n  wX = wY\n=>\n  rX = rY', 'w1 = w2')).toEqual(text('r1 = r2'));
    expect(applied('form\n  wX = wY\n=>\n  rX = rY', 'r1 = r2')).toBeUndefined();
    expect(applied('form\n  rX = r10\n=>\n  rX = 0', 'r1 = r2')).toBeUndefined();
    expect(applied('form\n  rX = c ll\n=>\n  rX = {c >> 32}', 'r1 = 0x500000001 ll')).toEqual(text('r1 = 5'));
    expect(applied('form\n  rX = c ll\n=>\n  rX = 0', 'r1 = map[id:1]')).toBeUndefined();
    expect(applied('form\n  rX = map[id:m]\n=>\n  rX = map[id:{m + 1}]', 'r1 = map[id:1]')).toEqual(
      text('r1 = map[id:2]'),
    );
  });

  it('take gaps that leave registers alone, and the shortest that fits', () => {
    const rule = 'form\n  rX = c\n  ...\n  rY += rX\n=>\n  ...\n  rY += c\nwhere ... avoids rX';
    expect(applied(rule, 'r1 = 5\nr3 = 1\nr2 += r1\nr4 += r1')).toEqual(text('r3 = 1\nr2 += 5'));
    expect(applied(rule, 'r1 = 5\nr3 = r1\nr2 += r1')).toBeUndefined();
    expect(applied(rule, 'r1 = 5\ncall 5\nr2 += r1')).toBeUndefined();
    expect(applied(rule, `r1 = 5\n${'r3 = 1\n'.repeat(8)}r2 += r1`)).toHaveLength(9);
    expect(applied(rule, `r1 = 5\n${'r3 = 1\n'.repeat(9)}r2 += r1`)).toBeUndefined();
  });

  it('keep jumps on their targets when sizes change', () => {
    const rule = 'form\n  rX = 0\n  if rX == 0 goto L\n=>\n  goto L';
    expect(applied(rule, 'r1 = 0\nif r1 == 0 goto +7')).toEqual(text('goto +7'));
    // Backwards: to the start of the range, and before it.
    expect(applied(rule, 'r1 = 0\nif r1 == 0 goto -2')).toEqual(text('goto -1'));
    expect(applied(rule, 'r1 = 0\nif r1 == 0 goto -5')).toEqual(text('goto -4'));
    // Into the range itself there is no way any more.
    expect(applied(rule, 'r1 = 0\nif r1 == 0 goto -1')).toBeUndefined();
    const arm = 'form\n  if T goto L\n'.replace('form\n', 'form\n  rX = rX\n');
    expect(
      applied(
        `${arm}  ...body\nL:\n=>\n  if !T goto L\n  ...body\nL:\nwhere body branches`,
        'r1 = r1\nif r2 > 3 goto +3\nif r3 == 0 goto +1\nr4 = 1\nr5 = 1',
      ),
    ).toEqual(text('if r2 <= 3 goto +3\nif r3 == 0 goto +1\nr4 = 1\nr5 = 1'));
    const out = 'r1 = r1\nif r2 > 3 goto +2\nif r3 == 0 goto +5\nr4 = 1\nexit';
    expect(applied(`${arm}  ...body\nL:\n=>\n  ...body\nL:\nwhere body branches`, out)).toBeUndefined();
    expect(applied(`${arm}  ...body\nL:\n=>\n  ...body\nL:\nwhere body is any code`, out)).toEqual(
      text('if r3 == 0 goto +5\nr4 = 1'),
    );
  });

  it('use what the code before says of a register', () => {
    const rule = 'form\n  rX += rC\n=>\n  rX += c\nwhere rC is c, c == s32(c)';
    expect(applied(rule, 'r1 += r2', 5n)).toEqual(text('r1 += 5'));
    expect(applied(rule, 'r1 += r2', 1n << 40n)).toBeUndefined();
    expect(applied(rule, 'r1 += r2', 0xffff_ffff_ffff_fffen)).toEqual(text('r1 += -2'));
    expect(applied(rule, 'r1 += r10', 5n)).toBeUndefined();
  });
});

describe('proof cases', () => {
  it('refute rules that forget a condition, each in the case that shows it', async () => {
    const verifier = await createWindowVerifier();
    const refuted = (rule: string): string[] =>
      [...proofCases(formOf(rule))]
        .filter(
          ({ context, source, target }) => verifier.checkIn(context, source, target).kind === 'different',
        )
        .map(({ name }) => name);
    const sum = 'form\n  rX = rA\n  rX += rB\n=>\n  rX = rB\n  rX += rA';
    // Right unless rX is one of the operands.
    expect(refuted(sum)).toEqual([
      'rX=r1, rA=r1, rB=r2',
      'rX=r1, rA=r1, rB=r10',
      'rX=r1, rA=r2, rB=r1',
      'rX=r1, rA=r10, rB=r1',
    ]);
    expect(refuted(`${sum}\nwhere rX != rA, rX != rB`)).toEqual([]);
    const dead = 'form\n  rC = c\n  rX += rC\n=>\n  rX += c\nwhere rX != rC';
    expect(refuted(dead).length).toBeGreaterThan(0);
    expect(refuted(`${dead}\ngiven dead rC`)).toEqual([]);
    // Zero-extended and sign-extended numbers differ from 2^31 on.
    const narrow = 'form\n  rX = c\n=>\n  wX = c';
    expect(refuted(narrow).length).toBeGreaterThan(0);
    expect(refuted(`${narrow}\nwhere c >= 0`)).toEqual([]);
    const gap =
      'form\n  rX = rY\n  ...\n  rZ += rX\n=>\n  ...\n  rZ += rY\nwhere ... avoids rX, rZ != rX\ngiven dead rX';
    expect(refuted(gap).length).toBeGreaterThan(0);
    expect(refuted(gap.replace('rZ != rX', 'rZ != rX, ... keeps rY'))).toEqual([]);
    verifier.close();
  });
});
