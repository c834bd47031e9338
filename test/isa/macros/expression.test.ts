import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/isa/macros/expression.ts';

describe('constant expressions', () => {
  it.each<[string, bigint]>([
    ['1 << 4', 16n],
    ['~1', -2n],
    ['4 - 2', 2n],
    ['12345678 & 0xffff', 24910n],
    ['1 + 2 * 3', 7n],
    ['(1 + 2) * 3', 9n],
    ['1 | 2 ^ 3 & 6', 1n],
    ['10 - 2 - 3', 5n],
    ['-7 / 2', -3n],
    ['-7 % 2', -1n],
    ['1 << 2 + 3', 32n],
    ['- - 5', 5n],
    ['~(1 << 3)', -9n],
    ['010', 8n],
    ['0xffULL', 255n],
    ['(__u32)-1', 0xffff_ffffn],
    ['(s8)0xff', -1n],
    ['BPF_JMP | BPF_CALL', 0x85n],
    ['R10', 10n],
    ['BPF_REG_0', 0n],
  ])('%s is %s', (text, value) => expect(evaluate(text)).toBe(value));

  it.each<[string, RegExp]>([
    ['', /a value is missing/],
    ['1 <<', /a value is missing/],
    ['(1', /"\)" is missing/],
    ['1 / 0', /division by 0/],
    ['1 % (2 - 2)', /division by 0/],
    ['1 << 64', /shift by 64/],
    ['1 >> -1', /shift by -1/],
    ['08', /not an octal number/],
    ['1 < 2', /out of place/],
    ['x', /not a known name/],
    [`${'('.repeat(600)}1`, /too long/],
  ])('%s is refused', (text, reason) => expect(evaluate(text)).toMatch(reason));

  it('agrees with JavaScript, whose operators have the same precedence', () => {
    const part = fc.constantFrom('1', '7', '0x1f', '(2 + 3)', '~4', '-3', '12');
    const operator = fc.constantFrom('|', '^', '&', '+', '-', '*', '<<', '>>');
    const text = fc
      .tuple(part, fc.array(fc.tuple(operator, part), { maxLength: 5 }))
      .map(([first, rest]) => [first, ...rest.flat()].join(' '));
    fc.assert(
      fc.property(text, (t) => {
        const value = evaluate(t);
        // Distances that C leaves undefined are refused.
        if (typeof value === 'string') expect(value).toMatch(/shift by/);
        else expect(value).toBe(BigInt(new Function(`return ${t.replace(/(0x[0-9a-f]+|\d+)/g, '$1n')}`)()));
      }),
    );
  });
});
