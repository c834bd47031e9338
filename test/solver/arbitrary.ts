/** Random terms and assignments for property tests. */
import fc from 'fast-check';
import {
  MASKS,
  Op,
  type OpCode,
  type Term,
  type TermAssignment,
  TermBuilder,
  TermStore,
} from '../../src/solver/index.ts';

/** A recipe for a term: built by `plant` bottom up from a list of steps, so that shrinking drops steps. */
export interface Step {
  kind: number;
  x: number;
  y: number;
  z: number;
  n: number;
  c: bigint;
}

const interesting = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(0n, 1n, 2n, 3n, 4n, 7n, 8n, 15n, 16n, 24n, 31n, 32n, 48n, 56n, 63n, 64n),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      0xffn,
      0xffffn,
      0xff00n,
      0xffff_ffffn,
      0xffff_ffff_0000_0000n,
      0x7fn,
      0x80n,
      0x8000_0000n,
      1n << 63n,
      MASKS[64]!,
      MASKS[64]! - 1n,
      0xfff0_0ff0n,
    ),
  },
  { weight: 1, arbitrary: fc.bigInt(0n, MASKS[64]!) },
);

export const steps = fc.array(
  fc.record({ kind: fc.nat(31), x: fc.nat(63), y: fc.nat(63), z: fc.nat(63), n: fc.nat(63), c: interesting }),
  { minLength: 1, maxLength: 14 },
);

const SAME: readonly OpCode[] = [
  Op.And,
  Op.Or,
  Op.Xor,
  Op.Add,
  Op.Sub,
  Op.Mul,
  Op.UDiv,
  Op.URem,
  Op.SDiv,
  Op.SRem,
  Op.Shl,
  Op.LShr,
  Op.AShr,
];
const TESTS: readonly OpCode[] = [Op.Eq, Op.ULt, Op.SLt];
const WIDTHS = [1, 8, 16, 32, 64] as const;

/** Builds the recipe; variables are four of each width. Gives every term that was made. */
export function plant(b: TermBuilder, recipe: readonly Step[]): Term[] {
  const pool: Term[] = [];
  for (const w of [8, 16, 32, 64] as const)
    for (const name of ['x', 'y']) pool.push(b.store.var(`${name}${w}`, w));
  const made: Term[] = [];
  const pick = (i: number): Term => pool[pool.length - 1 - (i % pool.length)]!;
  const resize = (t: Term, w: number, signed: boolean): Term => {
    const have = b.store.width(t);
    if (have > w) return b.extract(t, 0, w);
    return signed ? b.sext(t, w) : b.zext(t, w);
  };
  for (const s of recipe) {
    const x = pick(s.x);
    const w = b.store.width(x);
    let t: Term;
    if (s.kind < 13) t = b.binary(SAME[s.kind]!, x, resize(pick(s.y), w, (s.n & 1) === 1));
    else if (s.kind < 21) t = b.binary(SAME[s.kind % 13]!, x, b.const(s.c, w));
    else if (s.kind < 23) t = b.binary(TESTS[s.n % 3]!, x, resize(pick(s.y), w, false));
    else if (s.kind === 23) t = b.binary(TESTS[s.n % 3]!, x, b.const(s.c, w));
    else if (s.kind === 24) t = b.not(x);
    else if (s.kind === 25) {
      const lo = s.n % w;
      t = b.extract(x, lo, 1 + (s.y % (w - lo)));
    } else if (s.kind === 26) t = resize(x, WIDTHS[s.n % 5]!, false);
    else if (s.kind === 27) t = resize(x, WIDTHS[s.n % 5]!, true);
    else if (s.kind === 28) {
      const y = pick(s.y);
      t =
        w + b.store.width(y) <= 64
          ? b.concat(x, y)
          : b.concat(b.extract(x, w >> 1, w >> 1 || 1), b.extract(y, 0, 8 < b.store.width(y) ? 8 : 1));
    } else if (s.kind === 29)
      t = b.ite(resize(x, 1, false), resize(pick(s.y), 32, false), resize(pick(s.z), 32, true));
    else if (s.kind === 30) t = b.ite(resize(pick(s.z), 1, false), x, b.const(s.c, w));
    else t = resize(b.bswap(resize(x, 32, false)), w, false);
    made.push(t);
    pool.push(t);
  }
  return made;
}

export function newBuilder(): TermBuilder {
  return new TermBuilder(new TermStore());
}

/** TermAssignment from a list of values, by variable name. */
export function assign(values: readonly bigint[]): TermAssignment {
  const of = (name: string): number => ['x8', 'y8', 'x16', 'y16', 'x32', 'y32', 'x64', 'y64'].indexOf(name);
  return {
    variable: (name) => values[of(name) % values.length]!,
    byte: (_m, a) => Number((a * 37n) & 0xffn),
  };
}

export const values = fc.array(fc.oneof(interesting, fc.bigInt(0n, MASKS[64]!)), {
  minLength: 8,
  maxLength: 8,
});
