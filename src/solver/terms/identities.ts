/**
 * What two-operand operations are where an operand is a constant, or both are one term: one function per
 * operation. Of operations that commute the constant is the second operand.
 */
import { MASKS, OP_ROWS, Op, type OpCode } from './ops.ts';
import type { Term } from './terms.ts';

/** What the laws need of the builder (build.ts). */
interface Builder {
  const(value: bigint, width: number): Term;
  not(x: Term): Term;
  readonly true: Term;
  readonly false: Term;
}

/**
 * @param cx, cy the values of `x` and `y`, of `w` bits, where they are constants; never both
 * @returns undefined where no law applies
 */
type Identity = (
  b: Builder,
  x: Term,
  y: Term,
  cx: bigint | undefined,
  cy: bigint | undefined,
  w: number,
) => Term | undefined;

/** x & x = x, x & ~0 = x, x & 0 = 0 */
const and: Identity = (_b, x, y, _cx, cy, w) => {
  if (x === y || cy === MASKS[w]) return x;
  return cy === 0n ? y : undefined;
};
/** x | x = x, x | 0 = x, x | ~0 = ~0 */
const or: Identity = (_b, x, y, _cx, cy, w) => {
  if (x === y || cy === 0n) return x;
  return cy === MASKS[w] ? y : undefined;
};
/** x ^ x = 0, x ^ ~0 = ~x, x ^ 0 = x */
const xor: Identity = (b, x, y, _cx, cy, w) => {
  if (x === y) return b.const(0n, w);
  if (cy === MASKS[w]) return b.not(x);
  return cy === 0n ? x : undefined;
};
/** x + 0 = x */
const add: Identity = (_b, x, _y, _cx, cy) => (cy === 0n ? x : undefined);
/** x - x = 0, x - 0 = x */
const sub: Identity = (b, x, y, _cx, cy, w) => {
  if (x === y) return b.const(0n, w);
  return cy === 0n ? x : undefined;
};
/** x * 1 = x, x * 0 = 0 */
const mul: Identity = (_b, x, y, _cx, cy) => {
  if (cy === 1n) return x;
  return cy === 0n ? y : undefined;
};
/** x / 1 = x */
const udiv: Identity = (_b, x, _y, _cx, cy) => (cy === 1n ? x : undefined);
/** x << 0 = x; what is shifted out leaves 0 */
const shift: Identity = (b, x, _y, _cx, cy, w) => {
  if (cy === 0n) return x;
  return cy !== undefined && cy >= BigInt(w) ? b.const(0n, w) : undefined;
};
/** x s>> 0 = x */
const ashr: Identity = (_b, x, _y, _cx, cy) => (cy === 0n ? x : undefined);
/** x = x; of one bit, x = 1 is x and x = 0 is ~x */
const eq: Identity = (b, x, y, _cx, cy, w) => {
  if (x === y) return b.true;
  if (w !== 1 || cy === undefined) return undefined;
  return cy === 1n ? x : b.not(x);
};
/** Nothing is below itself or 0, and ~0 is below nothing. */
const ult: Identity = (b, x, y, cx, cy, w) => (x === y || cy === 0n || cx === MASKS[w] ? b.false : undefined);
/** Nothing is below itself. */
const slt: Identity = (b, x, y) => (x === y ? b.false : undefined);

const BY_OP: Partial<Record<OpCode, Identity>> = {
  [Op.And]: and,
  [Op.Or]: or,
  [Op.Xor]: xor,
  [Op.Add]: add,
  [Op.Sub]: sub,
  [Op.Mul]: mul,
  [Op.UDiv]: udiv,
  [Op.Shl]: shift,
  [Op.LShr]: shift,
  [Op.AShr]: ashr,
  [Op.Eq]: eq,
  [Op.ULt]: ult,
  [Op.SLt]: slt,
};

/** Indexed by operation code. */
export const IDENTITIES: readonly (Identity | undefined)[] = OP_ROWS.map((_, op) => BY_OP[op as OpCode]);
