/**
 * Constructors of terms with light folding: constants, identities, and cuts through concatenations. What
 * comes out keeps the shape of the program (a solver is fastest on that); normal forms are a separate step
 * (simplify/).
 */
import { IDENTITIES } from './identities.ts';
import { applyOp, OP_ROWS, Op, type OpCode } from './ops.ts';
import type { Term, TermStore } from './terms.ts';

export class TermBuilder {
  readonly store: TermStore;
  constructor(store: TermStore) {
    this.store = store;
  }

  const(value: bigint, width: number): Term {
    return this.store.const(value, width);
  }
  get true(): Term {
    return this.store.const(1n, 1);
  }
  get false(): Term {
    return this.store.const(0n, 1);
  }

  /** Any two-operand operation whose operands have equal width (all but Concat). */
  binary(op: OpCode, x: Term, y: Term): Term {
    const s = this.store;
    const aw = s.width(x);
    if (aw !== s.width(y)) throw new Error(`${OP_ROWS[op]!.smt}: widths ${aw} and ${s.width(y)}`);
    const w = OP_ROWS[op]!.predicate === true ? 1 : aw;
    const [cx, cy] = [s.constant(x), s.constant(y)];
    if (cx !== undefined && cy !== undefined) return s.const(applyOp(op, w, aw, aw, cx, cy, 0n), w);
    const commutes = OP_ROWS[op]!.commutes === true;
    const identity = IDENTITIES[op];
    const known =
      commutes && cx !== undefined ? identity?.(this, y, x, cy, cx, aw) : identity?.(this, x, y, cx, cy, aw);
    return known ?? (commutes && x > y ? s.node(op, w, y, x, 0) : s.node(op, w, x, y, 0));
  }

  not(x: Term): Term {
    const s = this.store;
    const c = s.constant(x);
    if (c !== undefined) return s.const(~c, s.width(x));
    return s.op(x) === Op.Not ? s.a(x) : s.node(Op.Not, s.width(x), x, 0, 0);
  }

  ite(c: Term, t: Term, e: Term): Term {
    const s = this.store;
    const cc = s.constant(c);
    if (cc !== undefined) return cc === 1n ? t : e;
    if (t === e) return t;
    if (s.op(c) === Op.Not) return this.ite(s.a(c), e, t);
    if (s.width(t) === 1) {
      const [ct, ce] = [s.constant(t), s.constant(e)];
      if (ct === 1n) return this.binary(Op.Or, c, e);
      if (ct === 0n) return this.binary(Op.And, this.not(c), e);
      if (ce === 0n) return this.binary(Op.And, c, t);
      if (ce === 1n) return this.binary(Op.Or, this.not(c), t);
    }
    return s.node(Op.Ite, s.width(t), c, t, e);
  }

  /** `hi` above `lo`. */
  concat(hi: Term, lo: Term): Term {
    const s = this.store;
    const [wh, wl] = [s.width(hi), s.width(lo)];
    const [ch, cl] = [s.constant(hi), s.constant(lo)];
    if (ch !== undefined && cl !== undefined) return s.const((ch << BigInt(wl)) | cl, wh + wl);
    // Adjacent slices of one term grow together.
    if (s.op(hi) === Op.Extract) {
      const from = s.b(hi);
      if (s.op(lo) === Op.Extract && s.a(lo) === s.a(hi) && s.b(lo) + wl === from)
        return this.extract(s.a(hi), s.b(lo), wh + wl);
      if (s.op(lo) === Op.Concat) {
        const mid = s.a(lo);
        if (s.op(mid) === Op.Extract && s.a(mid) === s.a(hi) && s.b(mid) + s.width(mid) === from)
          return this.concat(this.concat(hi, mid), s.b(lo));
      }
    }
    if (ch !== undefined && s.op(lo) === Op.Concat && s.isConst(s.a(lo)))
      return this.concat(this.concat(hi, s.a(lo)), s.b(lo));
    // Right-nested: the upper operand is never itself a concatenation.
    if (s.op(hi) === Op.Concat) return this.concat(s.a(hi), this.concat(s.b(hi), lo));
    return s.node(Op.Concat, wh + wl, hi, lo, 0);
  }

  /** Bits [lo, lo + width) of x. */
  extract(x: Term, lo: number, width: number): Term {
    const s = this.store;
    if (lo === 0 && width === s.width(x)) return x;
    if (lo < 0 || lo + width > s.width(x)) throw new Error(`bits ${lo}..${lo + width} of ${s.width(x)}`);
    switch (s.op(x)) {
      case Op.Const:
        return s.const(s.value(x) >> BigInt(lo), width);
      case Op.Extract:
        return this.extract(s.a(x), s.b(x) + lo, width);
      case Op.Concat: {
        const wl = s.width(s.b(x));
        if (lo >= wl) return this.extract(s.a(x), lo - wl, width);
        if (lo + width <= wl) return this.extract(s.b(x), lo, width);
        return this.concat(this.extract(s.a(x), 0, lo + width - wl), this.extract(s.b(x), lo, wl - lo));
      }
      case Op.SExt:
        if (lo + width <= s.width(s.a(x))) return this.extract(s.a(x), lo, width);
        break;
      default:
    }
    return s.node(Op.Extract, width, x, lo, 0);
  }

  zext(x: Term, width: number): Term {
    const w = this.store.width(x);
    return w === width ? x : this.concat(this.const(0n, width - w), x);
  }

  sext(x: Term, width: number): Term {
    const s = this.store;
    const w = s.width(x);
    if (w === width) return x;
    const c = s.constant(x);
    if (c !== undefined) return s.const(BigInt.asIntN(w, c), width);
    if (s.op(x) === Op.SExt) return this.sext(s.a(x), width);
    // A constant zero in front makes it a zero extension.
    if (s.op(x) === Op.Concat && s.isConst(s.a(x)) && s.value(s.a(x)) >> BigInt(s.width(s.a(x)) - 1) === 0n)
      return this.zext(x, width);
    return s.node(Op.SExt, width, x, 0, 0);
  }

  bswap(x: Term): Term {
    let r = this.extract(x, 0, 8);
    for (let lo = 8; lo < this.store.width(x); lo += 8) r = this.concat(r, this.extract(x, lo, 8));
    return r;
  }

  and(x: Term, y: Term): Term {
    return this.binary(Op.And, x, y);
  }
  or(x: Term, y: Term): Term {
    return this.binary(Op.Or, x, y);
  }
  add(x: Term, y: Term): Term {
    return this.binary(Op.Add, x, y);
  }
  sub(x: Term, y: Term): Term {
    return this.binary(Op.Sub, x, y);
  }
  eq(x: Term, y: Term): Term {
    return this.binary(Op.Eq, x, y);
  }

  /** The term's own operation rebuilt over other operands. */
  rebuild(t: Term, a: Term, b: Term, c: Term): Term {
    const s = this.store;
    const op = s.op(t);
    switch (op) {
      case Op.Const:
      case Op.Var:
        return t;
      case Op.Read:
        return s.read(s.memory(t), a);
      case Op.Not:
        return this.not(a);
      case Op.Concat:
        return this.concat(a, b);
      case Op.Extract:
        return this.extract(a, s.b(t), s.width(t));
      case Op.SExt:
        return this.sext(a, s.width(t));
      case Op.Ite:
        return this.ite(a, b, c);
      default:
        return this.binary(op, a, b);
    }
  }
}
