/**
 * The operations a term can have, one row each: SMT-LIB name, arity, and meaning on concrete values. Folding,
 * evaluation and every printer read this table. Truth values are 1-bit vectors; a printer that has a sort
 * Bool converts.
 */

/** Operation codes; dense, so that tables can be indexed by them. */
export const Op = {
  Const: 0,
  Var: 1,
  /** One byte of a memory's initial contents: `a` = 64-bit address, `b` = number of the memory. */
  Read: 2,
  Not: 3,
  And: 4,
  Or: 5,
  Xor: 6,
  Add: 7,
  Sub: 8,
  Mul: 9,
  UDiv: 10,
  URem: 11,
  SDiv: 12,
  SRem: 13,
  Shl: 14,
  LShr: 15,
  AShr: 16,
  /** `a` is the upper part. */
  Concat: 17,
  /** Bits [b, b + width) of `a`. */
  Extract: 18,
  SExt: 19,
  Eq: 20,
  ULt: 21,
  SLt: 22,
  /** `a` (1 bit) ? `b` : `c`. */
  Ite: 23,
} as const;
export type OpCode = (typeof Op)[keyof typeof Op];

export interface OpRow {
  readonly smt: string;
  /** How many of a, b, c are terms. */
  readonly arity: 0 | 1 | 2 | 3;
  readonly commutes?: boolean;
  /** True when SMT-LIB gives the result sort Bool. */
  readonly predicate?: boolean;
}

/** Indexed by operation code. */
export const OP_ROWS: readonly OpRow[] = [
  { smt: 'const', arity: 0 },
  { smt: 'var', arity: 0 },
  { smt: 'read', arity: 1 },
  { smt: 'bvnot', arity: 1 },
  { smt: 'bvand', arity: 2, commutes: true },
  { smt: 'bvor', arity: 2, commutes: true },
  { smt: 'bvxor', arity: 2, commutes: true },
  { smt: 'bvadd', arity: 2, commutes: true },
  { smt: 'bvsub', arity: 2 },
  { smt: 'bvmul', arity: 2, commutes: true },
  { smt: 'bvudiv', arity: 2 },
  { smt: 'bvurem', arity: 2 },
  { smt: 'bvsdiv', arity: 2 },
  { smt: 'bvsrem', arity: 2 },
  { smt: 'bvshl', arity: 2 },
  { smt: 'bvlshr', arity: 2 },
  { smt: 'bvashr', arity: 2 },
  { smt: 'concat', arity: 2 },
  { smt: 'extract', arity: 1 },
  { smt: 'sign_extend', arity: 1 },
  { smt: '=', arity: 2, commutes: true, predicate: true },
  { smt: 'bvult', arity: 2, predicate: true },
  { smt: 'bvslt', arity: 2, predicate: true },
  { smt: 'ite', arity: 3 },
];

/** 2^width - 1 for widths 0..64. */
export const MASKS: readonly bigint[] = Array.from({ length: 65 }, (_, w) => (1n << BigInt(w)) - 1n);

function truth(b: boolean): bigint {
  return b ? 1n : 0n;
}

/**
 * Meaning of an operation on concrete values (SMT-LIB's QF_BV, total).
 * @param w width of the result; @param aw width of the first operand; @param bw width of the second operand
 * @param x,y,z operand values, unsigned, below 2^width; for Extract `y` is the lowest bit
 */
export function applyOp(
  op: OpCode,
  w: number,
  aw: number,
  bw: number,
  x: bigint,
  y: bigint,
  z: bigint,
): bigint {
  const mask = MASKS[w]!;
  switch (op) {
    case Op.Not:
      return ~x & mask;
    case Op.And:
      return x & y;
    case Op.Or:
      return x | y;
    case Op.Xor:
      return x ^ y;
    case Op.Add:
      return (x + y) & mask;
    case Op.Sub:
      return (x - y) & mask;
    case Op.Mul:
      return (x * y) & mask;
    case Op.UDiv:
      return y === 0n ? mask : x / y;
    case Op.URem:
      return y === 0n ? x : x % y;
    case Op.SDiv: {
      const [a, b] = [BigInt.asIntN(w, x), BigInt.asIntN(w, y)];
      if (b === 0n) return a < 0n ? 1n : mask;
      return (a / b) & mask;
    }
    case Op.SRem: {
      const [a, b] = [BigInt.asIntN(w, x), BigInt.asIntN(w, y)];
      return b === 0n ? x : (a % b) & mask;
    }
    case Op.Shl:
      return y >= BigInt(w) ? 0n : (x << y) & mask;
    case Op.LShr:
      return y >= BigInt(w) ? 0n : x >> y;
    case Op.AShr:
      return (BigInt.asIntN(w, x) >> (y >= BigInt(w) ? BigInt(w - 1) : y)) & mask;
    case Op.Concat:
      return (x << BigInt(bw)) | y;
    case Op.Extract:
      return (x >> y) & mask;
    case Op.SExt:
      return BigInt.asIntN(aw, x) & mask;
    case Op.Eq:
      return truth(x === y);
    case Op.ULt:
      return truth(x < y);
    case Op.SLt:
      return truth(BigInt.asIntN(aw, x) < BigInt.asIntN(aw, y));
    case Op.Ite:
      return x === 1n ? y : z;
    default:
      throw new Error(`operation ${op} has no value of its own`);
  }
}
