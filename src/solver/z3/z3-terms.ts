/**
 * Terms as Z3 terms. Truth values are Bool in Z3 and 1-bit vectors here; each term is made in the sort that
 * is asked for.
 */
import { Op, type OpCode } from '../terms/ops.ts';
import { splitOffset } from '../terms/reads.ts';
import type { Term, TermStore } from '../terms/terms.ts';
import type { Z3Functions, Z3Name } from './z3-api.ts';

/** Z3 function per operation that maps operand for operand. */
const BITS: Partial<Record<OpCode, Z3Name>> = {
  [Op.Not]: '_Z3_mk_bvnot',
  [Op.And]: '_Z3_mk_bvand',
  [Op.Or]: '_Z3_mk_bvor',
  [Op.Xor]: '_Z3_mk_bvxor',
  [Op.Add]: '_Z3_mk_bvadd',
  [Op.Sub]: '_Z3_mk_bvsub',
  [Op.Mul]: '_Z3_mk_bvmul',
  [Op.UDiv]: '_Z3_mk_bvudiv',
  [Op.URem]: '_Z3_mk_bvurem',
  [Op.SDiv]: '_Z3_mk_bvsdiv',
  [Op.SRem]: '_Z3_mk_bvsrem',
  [Op.Shl]: '_Z3_mk_bvshl',
  [Op.LShr]: '_Z3_mk_bvlshr',
  [Op.AShr]: '_Z3_mk_bvashr',
  [Op.Concat]: '_Z3_mk_concat',
  [Op.ULt]: '_Z3_mk_bvult',
  [Op.SLt]: '_Z3_mk_bvslt',
  [Op.Eq]: '_Z3_mk_eq',
};

export class Z3Terms {
  private readonly z3: Z3Functions;
  private readonly ctx: number;
  private readonly store: TermStore;
  private readonly asBits = new Map<Term, number>();
  private readonly asBool = new Map<Term, number>();
  private readonly sorts = new Map<number, number>();
  private pair = 0;

  constructor(z3: Z3Functions, ctx: number, store: TermStore) {
    this.z3 = z3;
    this.ctx = ctx;
    this.store = store;
  }

  /** Makes every term of a topological order, so that no recursion gets deep. */
  translate(order: readonly Term[]): void {
    this.pair = this.z3._malloc(8);
    for (const t of order)
      if (this.store.width(t) === 1) this.bool(t);
      else this.bits(t);
    this.z3._free(this.pair);
  }

  /** The term as a bit-vector. */
  bits(t: Term): number {
    let ast = this.asBits.get(t);
    if (ast === undefined) {
      ast = this.makeBits(t);
      if (ast === 0) throw new Error(`Z3 made nothing of term ${t} (operation ${this.store.op(t)})`);
      this.asBits.set(t, ast);
    }
    return ast;
  }

  /** A 1-bit term as a Bool. */
  bool(t: Term): number {
    let ast = this.asBool.get(t);
    if (ast === undefined) {
      ast = this.makeBool(t);
      if (ast === 0) throw new Error(`Z3 made nothing of term ${t} (operation ${this.store.op(t)})`);
      this.asBool.set(t, ast);
    }
    return ast;
  }

  /** For two Read terms of one memory: equal addresses imply equal bytes. */
  sameByteAtSameAddress(x: Term, y: Term): number {
    const { z3, ctx, store } = this;
    const same = z3._Z3_mk_eq(ctx, this.bits(store.a(x)), this.bits(store.a(y)));
    return z3._Z3_mk_implies(ctx, same, z3._Z3_mk_eq(ctx, this.bits(x), this.bits(y)));
  }

  private sort(width: number): number {
    let sort = this.sorts.get(width);
    if (sort === undefined) {
      sort = this.z3._Z3_mk_bv_sort(this.ctx, width);
      this.sorts.set(width, sort);
    }
    return sort;
  }

  private constant(name: string, width: number): number {
    const symbol = this.z3.ccall(
      'Z3_mk_string_symbol',
      'number',
      ['number', 'string'],
      [this.ctx, name],
    ) as number;
    return this.z3._Z3_mk_const(this.ctx, symbol, this.sort(width));
  }

  private numeral(value: bigint, width: number): number {
    if (width <= 32) return this.z3._Z3_mk_unsigned_int(this.ctx, Number(value), this.sort(width));
    return this.z3.ccall(
      'Z3_mk_numeral',
      'number',
      ['number', 'string', 'number'],
      [this.ctx, value.toString(), this.sort(width)],
    ) as number;
  }

  private makeBits(t: Term): number {
    const { z3, ctx, store: s } = this;
    const op = s.op(t);
    const w = s.width(t);
    switch (op) {
      case Op.Const:
        return this.numeral(s.value(t), w);
      case Op.Var:
        return this.constant(`v:${s.name(t)}`, w);
      case Op.Read:
        return this.constant(`m:${t}`, 8);
      case Op.Extract:
        return z3._Z3_mk_extract(ctx, s.b(t) + w - 1, s.b(t), this.bits(s.a(t)));
      case Op.SExt:
        return z3._Z3_mk_sign_ext(ctx, w - s.width(s.a(t)), this.bits(s.a(t)));
      case Op.Ite:
        return z3._Z3_mk_ite(ctx, this.bool(s.a(t)), this.bits(s.b(t)), this.bits(s.c(t)));
      case Op.Eq:
      case Op.ULt:
      case Op.SLt:
        return z3._Z3_mk_ite(ctx, this.bool(t), this.numeral(1n, 1), this.numeral(0n, 1));
      case Op.Not:
        return z3._Z3_mk_bvnot(ctx, this.bits(s.a(t)));
      default:
        return z3[BITS[op]!]!(ctx, this.bits(s.a(t)), this.bits(s.b(t)));
    }
  }

  private makeBool(t: Term): number {
    const { z3, ctx, store: s } = this;
    switch (s.op(t)) {
      case Op.Const:
        return s.value(t) === 1n ? z3._Z3_mk_true(ctx) : z3._Z3_mk_false(ctx);
      case Op.Not:
        return z3._Z3_mk_not(ctx, this.bool(s.a(t)));
      case Op.And:
        return this.nary('_Z3_mk_and', s.a(t), s.b(t));
      case Op.Or:
        return this.nary('_Z3_mk_or', s.a(t), s.b(t));
      case Op.Xor:
        return z3._Z3_mk_xor(ctx, this.bool(s.a(t)), this.bool(s.b(t)));
      case Op.Ite:
        return z3._Z3_mk_ite(ctx, this.bool(s.a(t)), this.bool(s.b(t)), this.bool(s.c(t)));
      case Op.Eq:
        if (s.width(s.a(t)) === 1) return z3._Z3_mk_iff(ctx, this.bool(s.a(t)), this.bool(s.b(t)));
        return this.equality(s.a(t), s.b(t));
      case Op.ULt:
      case Op.SLt:
        return z3[BITS[s.op(t)]!]!(ctx, this.bits(s.a(t)), this.bits(s.b(t)));
      default:
        return z3._Z3_mk_eq(ctx, this.bits(t), this.numeral(1n, 1));
    }
  }

  private equality(x: Term, y: Term): number {
    const [px, py] = [splitOffset(this.store, x), splitOffset(this.store, y)];
    if (px.rest !== undefined && px.rest === py.rest && px.offset !== py.offset)
      return this.z3._Z3_mk_false(this.ctx);
    return this.z3._Z3_mk_eq(this.ctx, this.bits(x), this.bits(y));
  }

  private nary(name: Z3Name, x: Term, y: Term): number {
    const [bx, by] = [this.bool(x), this.bool(y)];
    const words = new Uint32Array(this.z3.HEAPU32.buffer, this.pair, 2);
    words[0] = bx;
    words[1] = by;
    return this.z3[name]!(this.ctx, 2, this.pair);
  }
}
