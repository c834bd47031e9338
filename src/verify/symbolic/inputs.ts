/**
 * Abstract values as terms: a register of which some bits are known becomes a constant and narrow variables
 * side by side; equal ids become the same variable; bounds that bits cannot say become assumptions.
 */
import { FULL64, type Scalar } from '../../analysis/domain/scalar.ts';
import type { Pointer, Value } from '../../analysis/domain/value.ts';
import { MASKS, Op, type Term, type TermBuilder } from '../../solver/index.ts';
import type { Bases } from './regions.ts';

/** A variable's range for generating values; inclusive. */
export interface Hint {
  min: bigint;
  max: bigint;
}

/** With more runs of known and unknown bits than this, a mask says it. */
const MAX_RUNS = 6;

export class WindowInputs {
  /** Terms of width 1 that hold before the window, each about one variable. */
  readonly assumptions: Term[] = [];
  /** By variable name. */
  readonly hints = new Map<string, Hint>();
  private readonly scalars = new Map<string, Term>();
  private readonly b: TermBuilder;
  private readonly bases: Bases;

  constructor(builder: TermBuilder, bases: Bases) {
    this.b = builder;
    this.bases = bases;
  }

  /** 64-bit term of a value; `place` names it when it has no identity of its own. */
  term(v: Value, place: string): Term {
    if (v.kind === 'scalar') return this.scalar(v, place);
    if (v.kind === 'pointer') return this.pointer(v, place);
    return this.b.store.var(place, 64);
  }

  private pointer(p: Pointer, place: string): Term {
    const base = this.bases.base(p.region, p.id === 0 ? place : String(p.id));
    const variable = this.scalar(p.variable, `${place}.var`);
    return this.b.add(this.b.add(base, variable), this.b.const(BigInt(p.off), 64));
  }

  private scalar(s: Scalar, place: string): Term {
    if (s.tnum.mask === 0n) return this.b.const(s.tnum.value, 64);
    const name = s.id === 0 ? place : `n${s.id}`;
    let t = this.scalars.get(name);
    if (t === undefined) {
      t = this.fresh(s, name);
      this.scalars.set(name, t);
    }
    return t;
  }

  private fresh(s: Scalar, name: string): Term {
    const { b } = this;
    const { value, mask } = s.tnum;
    const runs = runsOf(mask);
    let t: Term | undefined;
    if (runs.length <= MAX_RUNS) {
      for (const { lo, width, one } of runs) {
        const part = one
          ? b.store.var(runs.length === 1 ? name : `${name}[${lo}+${width}]`, width)
          : b.const(value >> BigInt(lo), width);
        t = t === undefined ? part : b.concat(part, t);
      }
    } else {
      t = b.or(b.and(b.store.var(name, 64), b.const(mask, 64)), b.const(value, 64));
    }
    this.bounds(s, t!);
    // Where one variable carries all unknown bits at the bottom, its values can be drawn from the range
    // itself.
    const unknown = runs.filter((r) => r.one);
    if (unknown.length === 1 && unknown[0]!.lo === 0 && runs.length <= 2 && value === 0n)
      this.hints.set(runs.length === 1 ? name : `${name}[0+${unknown[0]!.width}]`, {
        min: s.umin,
        max: s.umax,
      });
    return t!;
  }

  /** Bounds that the known bits do not imply already. */
  private bounds(s: Scalar, t: Term): void {
    const { b } = this;
    const { value, mask } = s.tnum;
    const assume = (c: Term): void => {
      if (!b.store.isConst(c)) this.assumptions.push(c);
    };
    const below = (op: typeof Op.ULt | typeof Op.SLt, x: Term, y: Term): Term => b.not(b.binary(op, y, x));
    if (s.umin > value) assume(below(Op.ULt, b.const(s.umin, 64), t));
    if (s.umax < (value | mask)) assume(below(Op.ULt, t, b.const(s.umax, 64)));
    if (s.umax >> 63n !== s.umin >> 63n) {
      if (s.smin > FULL64.smin) assume(below(Op.SLt, b.const(s.smin, 64), t));
      if (s.smax < FULL64.smax) assume(below(Op.SLt, t, b.const(s.smax, 64)));
    }
    if (s.umax > MASKS[32]!) this.lowBounds(s, t, assume);
  }

  private lowBounds(s: Scalar, t: Term, assume: (c: Term) => void): void {
    const { b } = this;
    const low = b.extract(t, 0, 32);
    if (s.low.umin > (s.tnum.value & MASKS[32]!))
      assume(b.not(b.binary(Op.ULt, low, b.const(s.low.umin, 32))));
    if (s.low.umax < ((s.tnum.value | s.tnum.mask) & MASKS[32]!))
      assume(b.not(b.binary(Op.ULt, b.const(s.low.umax, 32), low)));
  }
}

/** Runs of equal bits of a 64-bit mask, from low to high. */
function runsOf(mask: bigint): { lo: number; width: number; one: boolean }[] {
  const runs: { lo: number; width: number; one: boolean }[] = [];
  for (let i = 0; i < 64; i++) {
    const one = ((mask >> BigInt(i)) & 1n) === 1n;
    const last = runs.at(-1);
    if (last !== undefined && last.one === one) last.width++;
    else runs.push({ lo: i, width: 1, one });
  }
  return runs;
}
