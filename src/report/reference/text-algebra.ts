/** The algebra whose values are text: what a row of the semantics table computes, for people to read. */
import type { Algebra, Width } from '../../isa/algebra.ts';

/** An expression; `isAtom`: it needs no parentheses inside another one. */
export interface Expression {
  text: string;
  isAtom: boolean;
}

export function atom(text: string): Expression {
  return { text, isAtom: true };
}

function inner({ text, isAtom }: Expression): string {
  return isAtom ? text : `(${text})`;
}

const infix =
  (sign: string) =>
  (a: Expression, b: Expression): Expression => ({
    text: `${inner(a)} ${sign} ${inner(b)}`,
    isAtom: false,
  });

function call(name: string, ...args: Expression[]): Expression {
  return atom(`${name}(${args.map((a) => a.text).join(', ')})`);
}

/** Small numbers in decimal, all ones as -1, others in hexadecimal. */
function number(value: bigint, width: Width): string {
  const wrapped = BigInt.asIntN(width, value);
  if (wrapped === -1n || (wrapped >= 0n && wrapped < 256n)) return String(wrapped);
  return `0x${BigInt.asUintN(width, value).toString(16)}`;
}

/** Signed operations are marked with an s; `>>` is the logical shift and `s>>` the arithmetic one. */
export const textAlgebra: Algebra<Expression, Expression> = {
  const: (value, width) => atom(number(value, width)),
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  udiv: infix('/'),
  urem: infix('%'),
  sdiv: infix('s/'),
  srem: infix('s%'),
  and: infix('&'),
  or: infix('|'),
  xor: infix('^'),
  shl: infix('<<'),
  lshr: infix('>>'),
  ashr: infix('s>>'),
  trunc: (a, _from, to) => call(`low${to}`, a),
  zext: (a, _from, to) => call(`zext${to}`, a),
  sext: (a, _from, to) => call(`sext${to}`, a),
  bswap: (a, width) => call(`bswap${width}`, a),
  eq: infix('=='),
  ult: infix('<'),
  slt: infix('s<'),
  not: (a) => {
    // The table says `not (a == b)` for `a != b`, and so on.
    const [, left, sign, right] = /^(\S+) (==|<|s<) (\S+)$/.exec(a.text) ?? [];
    const negated = { '==': '!=', '<': '>=', 's<': 's>=' }[sign ?? ''];
    if (negated !== undefined) return { text: `${left} ${negated} ${right}`, isAtom: false };
    const [, tested] = /^\((.*)\) == 0$/.exec(a.text) ?? [];
    if (tested !== undefined) return { text: `(${tested}) != 0`, isAtom: false };
    return { text: `not ${inner(a)}`, isAtom: false };
  },
  ite: (c, t, e) => ({ text: `if ${inner(c)} then ${inner(t)} else ${inner(e)}`, isAtom: false }),
};
