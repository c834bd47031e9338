import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleOf } from '../../../../src/search/rules/learn/example.ts';
import { learn, type Rewritten, rulesText } from '../../../../src/search/rules/learn/learn.ts';
import { parseRules } from '../../../../src/search/rules/parse.ts';
import { proofCases } from '../../../../src/search/rules/proof/cases.ts';
import { createWindowVerifier, type WindowVerifier } from '../../../../src/verify/index.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

const rewrite = (before: string, after: string): Rewritten => ({
  before: before.split('; '),
  after: after.split('; '),
});
const learned = (...rewrites: Rewritten[]): string[] =>
  learn(rewrites, verifier).learned.map(({ text }) => text);
const form = (source: string, target: string, ...conditions: string[]): string =>
  [
    'form',
    ...source.split('; ').map((l) => `  ${l}`),
    '=>',
    ...target.split('; ').map((l) => `  ${l}`),
    ...conditions,
  ].join('\n');

describe('learning rules', () => {
  it('cuts an example down to what differs', () => {
    const example = exampleOf(['r6 = 1', 'r1 += 2', 'r1 += 3', 'exit'], ['r6 = 1', 'r1 += 5', 'exit']);
    expect(example).toBeUndefined();
    const straight = exampleOf(['r6 = 1', 'r1 += 2', 'r1 += 3', 'r7 = 1'], ['r6 = 1', 'r1 += 5', 'r7 = 1']);
    expect([straight?.before.length, straight?.after.length]).toEqual([2, 1]);
    // Nothing is saved, or it names a map of its program.
    expect(exampleOf(['r1 = 1'], ['r1 = 2'])).toBeUndefined();
    expect(exampleOf(['r1 = map[counters]', 'r1 = 1'], ['r1 = 1'])).toBeUndefined();
  });

  it('makes letters of registers and numbers, and finds how the new numbers come about', () => {
    expect(learned(rewrite('r1 += 2; r1 += 3', 'r1 += 5'))).toEqual([
      form('rA += c; rA += d', 'rA += {c + d}'),
    ]);
    expect(learned(rewrite('r3 = r4; r3 <<= 32; r3 >>= 32', 'w3 = w4'))).toEqual([
      form('rA = rB; rA <<= 32; rA >>= 32', 'wA = wB'),
    ]);
  });

  it('finds the conditions that it takes', () => {
    const [dead] = learned(rewrite('r2 = 8; r1 += r2', 'r1 += 8'));
    expect(dead).toBe(form('rA = c; rB += rA', 'rB += c', 'given dead rA'));
    const [merged] = learned(rewrite('*(u32 *)(r10 -8) = 0; *(u32 *)(r10 -4) = 0', '*(u64 *)(r10 -8) = 0'));
    expect(merged).toContain('*(u64 *)(r10 +o) = 0');
    expect(merged).toContain('*(u32 *)(r10 +{o + 4}) = 0');
  });

  it('takes a register that is there for one that the replacement brings in', () => {
    const [copy] = learned(
      rewrite(
        'r2 = *(u8 *)(r1 +2); *(u8 *)(r1 +8) = r2; r2 = *(u8 *)(r1 +3); *(u8 *)(r1 +9) = r2',
        'r6 = *(u16 *)(r1 +2); *(u16 *)(r1 +8) = r6',
      ),
    );
    expect(copy).toContain('=>\n  rA = *(u16 *)(rB +o)\n  *(u16 *)(rB +{o + 6}) = rA\n');
  });

  it('leaves out what one side does not need', () => {
    const [rule] = learned(rewrite('r1 += 2; r7 = r8; r1 += 3', 'r7 = r8; r1 += 5'));
    expect(rule).toBe(form('rA += c; rA += d', 'rA += {c + d}'));
  });

  it('keeps no rule that is right in its program only, and none twice', () => {
    expect(learned(rewrite('r1 = r2; r1 &= 255', 'r1 = r2'))).toEqual([]);
    const { learned: rules, stats } = learn(
      [
        rewrite('r1 += 2; r1 += 3', 'r1 += 5'),
        rewrite('r7 += 1; r7 += 1', 'r7 += 2'),
        rewrite('r1 += 2; r1 += 3; r1 += 4', 'r1 += 9'),
        rewrite('r4 += 9; r4 += 3; r5 = r4; r5 <<= 1', 'r4 += 12; r5 = r4; r5 <<= 1'),
      ],
      verifier,
    );
    expect(rules.map(({ text }) => text)[0]).toBe(form('rA += c; rA += d', 'rA += {c + d}'));
    expect(stats.kept).toBeLessThan(stats.examples);
  });

  it('writes rules that can be read and are right', () => {
    const { learned: rules } = learn([rewrite('r2 = 8; r1 += r2', 'r1 += 8')], verifier);
    const text = rulesText(rules, '# Learned.');
    const [rule] = parseRules(text);
    expect(rule?.name).toBe('learned-1');
    expect(rule?.summary).toBe('Found once, saves 1: `r2 = 8; r1 += r2` is `r1 += 8`.');
    for (const { context, source, target } of proofCases(rule!.forms[0]!))
      expect(verifier.checkIn(context, source, target).kind).toBe('equivalent');
  });
});
