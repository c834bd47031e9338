/**
 * What the groups of rules share: the store, the folding constructors, and each other. All terms in and out
 * are normal forms.
 */
import type { TermBuilder } from '../terms/build.ts';
import type { Term, TermStore } from '../terms/terms.ts';

export interface SimplifierContext {
  readonly store: TermStore;
  readonly build: TermBuilder;
  /** Memo tables, by term. */
  readonly polys: Map<Term, Poly>;
  readonly possible: Map<Term, bigint>;
  add(x: Term, y: Term): Term;
  mul(x: Term, y: Term): Term;
  scale(x: Term, factor: bigint): Term;
  not(x: Term): Term;
  bitwise(op: BitOp, x: Term, y: Term): Term;
  extract(x: Term, lo: number, width: number): Term;
  concat(hi: Term, lo: Term): Term;
  zext(x: Term, width: number): Term;
  sext(x: Term, width: number): Term;
  ite(c: Term, t: Term, e: Term): Term;
  eq(x: Term, y: Term): Term;
}

/** Op.And, Op.Or or Op.Xor. */
export type BitOp = 4 | 5 | 6;

export function bitLength(v: bigint): number {
  return v === 0n ? 0 : v.toString(2).length;
}

/** Number of zero bits below the lowest one; `width` for zero. */
export function trailingZeros(v: bigint, width: number): number {
  let n = 0;
  while (n < width && ((v >> BigInt(n)) & 1n) === 0n) n++;
  return n;
}

/** A product of atoms (sorted, repeated for powers) with its factor. */
export interface Monomial {
  atoms: readonly Term[];
  factor: bigint;
}

/** Sum of the monomials and the constant; factors and constant are nonzero modulo 2^width, resp. reduced. */
export interface Poly {
  monomials: ReadonlyMap<string, Monomial>;
  constant: bigint;
}
