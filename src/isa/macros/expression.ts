/**
 * Constant expressions as C macros have them: text in, a number out, or a sentence that says what is wrong.
 */
import { VALUES } from './constants.ts';

/** What to do with names that are not in the tables, such as `BPF_FUNC_map_lookup_elem`. */
export type Lookup = (name: string) => number | undefined;

/** Place of a member of a struct, as C's `offsetof`; `member` may be an element of an array, `cb[1]`. */
export type OffsetOf = (struct: string, member: string) => number | undefined;

type Result = bigint | string;

/** C's binary operators, the loosest first. */
const LEVELS: readonly Readonly<Record<string, (a: bigint, b: bigint) => Result>>[] = [
  { '|': (a, b) => a | b },
  { '^': (a, b) => a ^ b },
  { '&': (a, b) => a & b },
  {
    '<<': (a, b) => shifted(b) ?? a << b,
    '>>': (a, b) => shifted(b) ?? a >> b,
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  {
    '*': (a, b) => a * b,
    '/': (a, b) => (b === 0n ? 'division by 0' : a / b),
    '%': (a, b) => (b === 0n ? 'division by 0' : a % b),
  },
];

const UNARY: Readonly<Record<string, (a: bigint) => bigint>> = {
  '-': (a) => -a,
  '+': (a) => a,
  '~': (a) => ~a,
};

/** Nobody writes more, and the depth of recursion stays small. */
const MAX_WORDS = 500;

/**
 * Value of an expression of integers (C suffixes and casts to integer types are allowed), known names,
 * `offsetof`, C's arithmetic and bitwise operators with their precedence, and parentheses; a string says what
 * is wrong with it. The value has no width: who uses it says what fits.
 */
export function evaluate(
  text: string,
  lookup: Lookup = () => undefined,
  offsetOf: OffsetOf = () => undefined,
): Result {
  const words = text.match(/\w+|<<|>>|\S/g) ?? [];
  if (words.length > MAX_WORDS) return 'the expression is too long';
  let at = 0;
  const value = binary(0);
  if (typeof value !== 'string' && at < words.length)
    return `${JSON.stringify(words[at])} is out of place in ${JSON.stringify(text.trim())}`;
  return value;

  function binary(level: number): Result {
    const operators = LEVELS[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    while (typeof left !== 'string') {
      const operator = operators[words[at] ?? ''];
      if (operator === undefined) break;
      at++;
      const right = binary(level + 1);
      left = typeof right === 'string' ? right : operator(left, right);
    }
    return left;
  }

  function unary(): Result {
    const word = words[at++];
    if (word === undefined) return 'a value is missing';
    const operator = UNARY[word];
    if (operator !== undefined) {
      const operand = unary();
      return typeof operand === 'string' ? operand : operator(operand);
    }
    if (word === '(') {
      const cast = castAt();
      if (cast !== undefined) {
        const operand = unary();
        return typeof operand === 'string' ? operand : cast(operand);
      }
      const inner = binary(0);
      if (typeof inner !== 'string' && words[at++] !== ')')
        return `")" is missing in ${JSON.stringify(text.trim())}`;
      return inner;
    }
    const number = /^(0[xX][0-9a-fA-F]+|\d+)[uUlL]*$/.exec(word);
    if (number !== null) return integer(number[1]!);
    if (word === 'offsetof') return offset();
    const known = VALUES.get(word) ?? lookup(word);
    return known === undefined ? `${word} is not a known name or number` : BigInt(known);
  }

  /** `(struct __sk_buff, cb[1])` behind `offsetof`. */
  function offset(): Result {
    const rest = words.slice(at).join(' ');
    const m = /^\( struct (\w+) , (\w+(?: \[ \w+ \])?) \)/.exec(rest);
    if (m === null) return `offsetof takes a struct and a member: ${JSON.stringify(text.trim())}`;
    at += m[0].split(' ').length;
    const [struct, member] = [m[1]!, m[2]!.replaceAll(' ', '')];
    const place = offsetOf(struct, member);
    return place === undefined ? `struct ${struct} has no known member ${member}` : BigInt(place);
  }

  /** `__u32)` behind an opening parenthesis. */
  function castAt(): ((value: bigint) => bigint) | undefined {
    const type = /^(?:__)?([us])(8|16|32|64)$/.exec(words[at] ?? '');
    if (type === null || words[at + 1] !== ')') return undefined;
    at += 2;
    const width = Number(type[2]);
    return type[1] === 'u' ? (v) => BigInt.asUintN(width, v) : (v) => BigInt.asIntN(width, v);
  }
}

/** As C reads it: a leading 0 makes it octal. */
function integer(digits: string): Result {
  if (!/^0\d/.test(digits)) return BigInt(digits);
  return /^[0-7]+$/.test(digits) ? BigInt(`0o${digits}`) : `${digits} is not an octal number`;
}

/** What is wrong with a distance, if anything. */
function shifted(by: bigint): string | undefined {
  return by < 0n || by > 63n ? `shift by ${by}` : undefined;
}
