/**
 * Inputs made for the formula at hand, by local search. They reach what a handful of random inputs does not:
 * `if r0 == 0x88a8`.
 *
 *   goal     one side of an equation of truth values to be 1 and the other 0; or one side to be another
 *            number
 *   move     the first demand that is not met is followed from its root to one variable or byte, which is
 *            changed
 *            so that the demand is met as far as that path goes; everything is evaluated again
 *
 * After Niemetz, Preiner, Biere: Propagation based local search for bit-precise reasoning (2017). Choices are
 * drawn from a seeded generator; effort is counted in terms evaluated.
 */
import {
  MASKS,
  Op,
  type Term,
  type TermAssignment,
  TermEvaluator,
  type TermStore,
} from '../../solver/index.ts';
import { Rng } from '../../vm/index.ts';

/** Moves per question, and terms evaluated. */
const MAX_MOVES = 400;
const MAX_EFFORT = 40_000;
/** Moves before another goal is chosen. */
const PATIENCE = 32;

interface TermTarget {
  term: Term;
  value: bigint;
}

/** Inputs under which the assumptions hold and the sides of some equation differ. */
export function* repaired(
  store: TermStore,
  equations: readonly (readonly [Term, Term])[],
  assumptions: readonly Term[],
  base: TermAssignment,
): Generator<TermAssignment> {
  const search = new Search(store, [...equations.flat(), ...assumptions], base);
  const held = assumptions.map((term): TermTarget => ({ term, value: 1n }));
  while (!search.spent) {
    const pair = search.rng.pick(equations);
    const goal = [...held, ...search.goal(pair)];
    for (let n = 0; n < PATIENCE && !search.spent; n++) {
      search.evaluate();
      if (
        held.every((d) => search.meets(d)) &&
        equations.some(([x, y]) => search.value(x) !== search.value(y))
      ) {
        yield search.assignment();
        // Asked for another one: from the start.
        search.reset();
        break;
      }
      const open = goal.find((d) => !search.meets(d));
      if (open === undefined) break;
      search.move(open.term, open.value);
    }
  }
}

class Search {
  readonly rng = new Rng('repair');
  private moves = 0;
  private readonly s: TermStore;
  private readonly e: TermEvaluator;
  private readonly base: TermAssignment;
  private readonly size: number;
  private readonly variables = new Map<string, bigint>();
  private readonly bytes = new Map<string, number>();

  constructor(store: TermStore, roots: readonly Term[], base: TermAssignment) {
    this.s = store;
    this.base = base;
    this.e = new TermEvaluator(store, roots);
    this.size = store.reachable(roots).length;
  }

  get spent(): boolean {
    return this.moves >= MAX_MOVES || this.moves * this.size >= MAX_EFFORT;
  }

  reset(): void {
    this.variables.clear();
    this.bytes.clear();
  }

  value(t: Term): bigint {
    return this.e.value(t);
  }

  meets(d: TermTarget): boolean {
    return this.e.value(d.term) === d.value;
  }

  evaluate(): void {
    this.moves++;
    this.e.run(this.current);
  }

  /** What the search has chosen, fixed. */
  assignment(): TermAssignment {
    return chosen(this.base, new Map(this.variables), new Map(this.bytes));
  }

  private get current(): TermAssignment {
    return chosen(this.base, this.variables, this.bytes);
  }

  /** Demands under which the sides differ. */
  goal([x, y]: readonly [Term, Term]): TermTarget[] {
    const [yes, no] = this.rng.chance(0.5) ? [x, y] : [y, x];
    if (this.s.width(x) === 1)
      return [
        { term: yes, value: 1n },
        { term: no, value: 0n },
      ];
    this.evaluate();
    return [{ term: yes, value: this.other(this.value(no), this.s.width(x)) }];
  }

  /** A value that is not this one. */
  private other(v: bigint, width: number): bigint {
    const flip = this.rng.chance(0.5) ? 1n << BigInt(this.rng.below(width)) : this.random(width);
    return v ^ (flip === 0n ? 1n : flip);
  }

  private random(width: number): bigint {
    return ((BigInt(this.rng.u32()) << 32n) | BigInt(this.rng.u32())) & MASKS[width]!;
  }

  /**
   * Changes a variable or byte, or the parts of a concatenation, so that the term comes nearer to a value.
   */
  move(t: Term, goal: bigint): void {
    const { s } = this;
    if (this.value(t) === goal) return;
    switch (s.op(t)) {
      case Op.Const:
        return;
      case Op.Var:
        this.variables.set(s.name(t), goal);
        return;
      case Op.Read:
        this.bytes.set(placeKey(s.memory(t), this.value(s.a(t))), Number(goal));
        return;
      case Op.Concat: {
        const low = s.width(s.b(t));
        this.move(s.a(t), goal >> BigInt(low));
        this.move(s.b(t), goal & MASKS[low]!);
        return;
      }
      default:
        this.move(...this.down(t, goal));
    }
  }

  /** The operand to change, and what it should be. */
  private down(t: Term, goal: bigint): [Term, bigint] {
    const { s, rng } = this;
    const w = s.width(t);
    const [a, b] = [s.a(t), s.b(t)];
    switch (s.op(t)) {
      case Op.Not:
        return [a, ~goal & MASKS[w]!];
      case Op.Extract: {
        const low = BigInt(b);
        const mask = MASKS[w]! << low;
        return [a, (this.value(a) & ~mask) | (goal << low)];
      }
      case Op.SExt:
        return [a, goal & MASKS[s.width(a)]!];
      case Op.Ite: {
        const taken = this.value(a) === 1n;
        const other = taken ? s.c(t) : b;
        const flips = this.value(other) === goal ? 0.8 : 0.2;
        if (!s.isConst(a) && rng.chance(flips)) return [a, taken ? 0n : 1n];
        return [taken ? b : s.c(t), goal];
      }
      case Op.Eq:
      case Op.ULt:
      case Op.SLt:
        return this.comparison(t, goal === 1n);
      default:
        return this.arithmetic(t, goal);
    }
  }

  /** An operand that is no constant; either, when neither is. */
  private side(t: Term): [moved: Term, still: Term, first: boolean] {
    const [a, b] = [this.s.a(t), this.s.b(t)];
    const first = this.s.isConst(b) || (!this.s.isConst(a) && this.rng.chance(0.5));
    return first ? [a, b, true] : [b, a, false];
  }

  private comparison(t: Term, goal: boolean): [Term, bigint] {
    const [x, still, first] = this.side(t);
    const w = this.s.width(x);
    const v = this.value(still);
    if (this.s.op(t) === Op.Eq) return [x, goal ? v : this.other(v, w)];
    // As numbers from 0 up: signed order is unsigned order with the sign bit flipped.
    const bias = this.s.op(t) === Op.SLt ? 1n << BigInt(w - 1) : 0n;
    const [limit, top] = [v ^ bias, MASKS[w]!];
    const below = first === goal;
    // a < b, not a >= b; seen from b: b > a, not b <= a.
    const [min, max] = below ? [0n, first ? limit - 1n : limit] : [first ? limit : limit + 1n, top];
    if (max < min) return [x, this.random(w)];
    const choice = this.rng.below(4);
    const near = below ? max : min;
    const far = below ? min : max;
    const drawn = choice < 2 ? near : choice === 2 ? far : min + (this.random(w) % (max - min + 1n));
    return [x, drawn ^ bias];
  }

  private arithmetic(t: Term, goal: bigint): [Term, bigint] {
    const { s } = this;
    const w = s.width(t);
    const mask = MASKS[w]!;
    const [x, still, first] = this.open(t, goal);
    const v = this.value(still);
    switch (s.op(t)) {
      case Op.And:
        return [x, w === 1 ? goal : goal | (this.value(x) & ~v)];
      case Op.Or:
        return [x, w === 1 ? goal : (goal & ~v) | (this.value(x) & v)];
      case Op.Xor:
        return [x, goal ^ v];
      case Op.Add:
        return [x, (goal - v) & mask];
      case Op.Sub:
        return [x, (first ? goal + v : v - goal) & mask];
      case Op.Shl:
        return first && v < BigInt(w) ? [x, goal >> v] : [x, this.random(w)];
      case Op.LShr:
      case Op.AShr:
        return first && v < BigInt(w) ? [x, (goal << v) & mask] : [x, this.random(w)];
      case Op.UDiv:
        return first && v !== 0n ? [x, (goal * v) & mask] : [x, this.random(w)];
      case Op.URem:
        return first ? [x, goal] : [x, this.random(w)];
      default:
        return [x, this.random(w)];
    }
  }

  /** For truth values the operand that stands in the way; else as `side`. */
  private open(t: Term, goal: bigint): [Term, Term, boolean] {
    const { s } = this;
    const [a, b] = [s.a(t), s.b(t)];
    const op = s.op(t);
    if (s.width(t) !== 1 || (op !== Op.And && op !== Op.Or)) return this.side(t);
    // One operand decides, unless both have to agree: then one that does not.
    if (goal === (op === Op.And ? 1n : 0n)) {
      if (this.value(a) === goal) return [b, a, false];
      if (this.value(b) === goal) return [a, b, true];
    }
    return this.side(t);
  }
}

function placeKey(memory: string, address: bigint): string {
  return `${memory}@${address}`;
}

function chosen(
  base: TermAssignment,
  variables: ReadonlyMap<string, bigint>,
  bytes: ReadonlyMap<string, number>,
): TermAssignment {
  return {
    variable: (name, width) => variables.get(name) ?? base.variable(name, width),
    byte: (memory, address) => bytes.get(placeKey(memory, address)) ?? base.byte(memory, address),
  };
}
