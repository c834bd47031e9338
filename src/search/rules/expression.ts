/**
 * Constant expressions of rules: `u64(m) >> k == 0xffffffff >> k`. Numbers have no width; a register's
 * constant and an immediate are signed 64-bit numbers, as the instruction extends them.
 *
 *   text --parseExpression--> Expression --evaluate(values)--> number, truth as 0 or 1, or undefined where it
 *     has none
 */

export type Expression =
  | { kind: 'number'; value: bigint }
  | { kind: 'name'; name: string }
  | { kind: 'call'; name: string; argument: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression };

/** Operators by how tightly they bind, loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['==', '!=', '<=', '>=', '<', '>'],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '%'],
];
const TOKEN = /\s*(0x[0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<|>>|==|!=|<=|>=|[-+*%&|^<>()])/y;
/** Shifting further makes numbers that no instruction holds. */
const FARTHEST_SHIFT = 64n;

const FUNCTIONS: Readonly<Record<string, (v: bigint) => bigint | undefined>> = {
  u16: (v) => BigInt.asUintN(16, v),
  u32: (v) => BigInt.asUintN(32, v),
  u64: (v) => BigInt.asUintN(64, v),
  s16: (v) => BigInt.asIntN(16, v),
  s32: (v) => BigInt.asIntN(32, v),
  s64: (v) => BigInt.asIntN(64, v),
  /** 1 for a power of two of 64 bits. */
  pow2: (v) => truth(isPowerOfTwo(BigInt.asUintN(64, v))),
  /** Number of the only bit that is set. */
  log2: (v) => {
    const u = BigInt.asUintN(64, v);
    return isPowerOfTwo(u) ? BigInt(u.toString(2).length - 1) : undefined;
  },
};

const truth = (b: boolean): bigint => (b ? 1n : 0n);
const isPowerOfTwo = (u: bigint): boolean => u !== 0n && (u & (u - 1n)) === 0n;

const OPERATORS: Readonly<Record<string, (a: bigint, b: bigint) => bigint | undefined>> = {
  or: (a, b) => truth(a !== 0n || b !== 0n),
  and: (a, b) => truth(a !== 0n && b !== 0n),
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '<=': (a, b) => truth(a <= b),
  '>=': (a, b) => truth(a >= b),
  '<': (a, b) => truth(a < b),
  '>': (a, b) => truth(a > b),
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&': (a, b) => a & b,
  '<<': (a, b) => (b < 0n || b > FARTHEST_SHIFT ? undefined : a << b),
  '>>': (a, b) => (b < 0n || b > FARTHEST_SHIFT ? undefined : a >> b),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '%': (a, b) => (b === 0n ? undefined : a % b),
};

/** @throws Error that quotes the text */
export function parseExpression(text: string): Expression {
  const words: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`${JSON.stringify(text)} is not an expression`);
    words.push(match[1]!);
  }
  let at = 0;
  const fail = (): never => {
    throw new Error(`${JSON.stringify(text)} is not an expression`);
  };
  const unary = (): Expression => {
    const word = words[at++] ?? fail();
    if (word === '(') {
      const inner = binary(0);
      return words[at++] === ')' ? inner : fail();
    }
    if (word === '-')
      return { kind: 'binary', operator: '-', left: { kind: 'number', value: 0n }, right: unary() };
    if (/^\d/.test(word)) return { kind: 'number', value: BigInt(word) };
    if (!/^[a-z]\w*$/.test(word) || word in OPERATORS) fail();
    if (words[at] !== '(') return { kind: 'name', name: word };
    if (FUNCTIONS[word] === undefined) fail();
    at++;
    const argument = binary(0);
    return words[at++] === ')' ? { kind: 'call', name: word, argument } : fail();
  };
  const binary = (level: number): Expression => {
    if (level === LEVELS.length) return unary();
    let left = binary(level + 1);
    while (LEVELS[level]!.includes(words[at] ?? '')) {
      const operator = words[at++]!;
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
    return left;
  };
  const result = binary(0);
  return at === words.length ? result : fail();
}

/** Undefined where a name has no value, or an operation no result. */
export function evaluate(e: Expression, values: ReadonlyMap<string, bigint>): bigint | undefined {
  switch (e.kind) {
    case 'number':
      return e.value;
    case 'name':
      return values.get(e.name);
    case 'call': {
      const v = evaluate(e.argument, values);
      return v === undefined ? undefined : FUNCTIONS[e.name]!(v);
    }
    case 'binary': {
      const [a, b] = [evaluate(e.left, values), evaluate(e.right, values)];
      return a === undefined || b === undefined ? undefined : OPERATORS[e.operator]!(a, b);
    }
  }
}

/** Names that an expression uses. */
export function namesIn(e: Expression): string[] {
  switch (e.kind) {
    case 'number':
      return [];
    case 'name':
      return [e.name];
    case 'call':
      return namesIn(e.argument);
    case 'binary':
      return [...namesIn(e.left), ...namesIn(e.right)];
  }
}
