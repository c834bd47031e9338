/**
 * Inputs made for the formula at hand. They reach what a handful of random inputs does not: `if r0 == 0x88a8`.
 *
 *   equation of truth values   one side to be 1 and the other 0, backwards through and, or, not to comparisons
 *   comparison x = c           its sides equal, or just not, backwards through the operations of x to bits of variables and to bytes
 */
import { type Assignment, Evaluator, MASKS, Op, type Term, type TermStore } from '../solver/index.ts';

/** Values that replace those of a base input. */
interface Chosen {
  /** By variable name: bits that are fixed, and their values. */
  variables: Map<string, { mask: bigint; value: bigint }>;
  /** By memory and address. */
  bytes: Map<string, number>;
  /** Bits that say which operand is chosen where one suffices; used up from the lowest. */
  turns: number;
}

const COMPARISONS: ReadonlySet<number> = new Set([Op.Eq, Op.ULt, Op.SLt]);
const TRUTHS: ReadonlySet<number> = new Set([...COMPARISONS, Op.And, Op.Or]);
/** Comparisons that are aimed at, the ones nearest to the roots first. */
const MAX_COMPARISONS = 24;
/** Equations of truth values that are aimed at, and attempts for each side. */
const MAX_TRUTHS = 6;
const ATTEMPTS = 6;

/**
 * Inputs under which the sides of some equation may differ.
 * @param equations pairs of terms
 * @param base what everything else is
 */
export function* targeted(
  store: TermStore,
  equations: readonly (readonly [Term, Term])[],
  base: Assignment,
): Generator<Assignment> {
  const roots = equations.flat();
  const cone = store.reachable(roots);
  const comparisons = cone
    .filter((t) => COMPARISONS.has(store.op(t)) && store.width(store.a(t)) > 1)
    .reverse()
    .slice(0, MAX_COMPARISONS);
  if (comparisons.length === 0) return;
  const e = new Evaluator(store, roots);
  e.run(base);
  const fresh = (turns = 0): Chosen => ({ variables: new Map(), bytes: new Map(), turns });
  const truths = equations.filter(([x]) => store.width(x) === 1).slice(0, MAX_TRUTHS);
  for (const [x, y] of truths)
    for (let turn = 0; turn < 2 * ATTEMPTS; turn++) {
      const [yes, no] = turn % 2 === 0 ? [x, y] : [y, x];
      const chosen = fresh(turn >> 1);
      if (aim(store, e, yes, 1n, 1n, chosen) && aim(store, e, no, 0n, 1n, chosen))
        yield assignment(base, chosen);
    }
  for (const t of comparisons) {
    const [a, b] = [store.a(t), store.b(t)];
    const [x, y] = store.isConst(a) ? [b, a] : [a, b];
    const goal = e.value(y);
    for (const d of store.op(t) === Op.Eq ? [0n] : [0n, -1n, 1n]) {
      const chosen = fresh();
      const mask = MASKS[store.width(x)]!;
      if (aim(store, e, x, (goal + d) & mask, mask, chosen)) yield assignment(base, chosen);
    }
  }
}

/** Chooses inputs so that the bits of a term under the mask become those of the goal, as far as its shape allows. */
function aim(s: TermStore, e: Evaluator, t: Term, goal: bigint, mask: bigint, chosen: Chosen): boolean {
  if (mask === 0n) return true;
  const w = s.width(t);
  if (w === 1 && TRUTHS.has(s.op(t))) return aimTruth(s, e, t, goal === 1n, chosen);
  const below = (n: Term): bigint => BigInt(s.width(n));
  switch (s.op(t)) {
    case Op.Const:
      return ((s.value(t) ^ goal) & mask) === 0n;
    case Op.Var: {
      const old = chosen.variables.get(s.name(t)) ?? { mask: 0n, value: 0n };
      const value = (old.value & ~mask) | (goal & mask);
      chosen.variables.set(s.name(t), { mask: old.mask | mask, value });
      return true;
    }
    case Op.Read: {
      const key = placeKey(s.memory(t), e.value(s.a(t)));
      const old = chosen.bytes.get(key) ?? Number(e.value(t));
      chosen.bytes.set(key, (old & ~Number(mask)) | Number(goal & mask));
      return true;
    }
    case Op.Not:
      return aim(s, e, s.a(t), ~goal & mask, mask, chosen);
    case Op.Concat: {
      const [hi, lo] = [s.a(t), s.b(t)];
      const low = MASKS[s.width(lo)]!;
      return (
        aim(s, e, hi, goal >> below(lo), mask >> below(lo), chosen) &&
        aim(s, e, lo, goal & low, mask & low, chosen)
      );
    }
    case Op.Extract:
      return aim(s, e, s.a(t), goal << BigInt(s.b(t)), mask << BigInt(s.b(t)), chosen);
    case Op.SExt: {
      const low = MASKS[s.width(s.a(t))]!;
      const fits = BigInt.asUintN(w, BigInt.asIntN(s.width(s.a(t)), goal & low)) === goal;
      return fits && aim(s, e, s.a(t), goal & low, low, chosen);
    }
    case Op.Ite:
      return aim(s, e, e.value(s.a(t)) === 1n ? s.b(t) : s.c(t), goal, mask, chosen);
    case Op.Add:
    case Op.Sub:
    case Op.Xor:
      return aimSum(s, e, t, goal, mask, chosen);
    case Op.Shl:
    case Op.LShr: {
      const by = s.constant(s.b(t));
      if (by === undefined || by >= BigInt(w)) return false;
      const left = s.op(t) === Op.Shl;
      return aim(
        s,
        e,
        s.a(t),
        left ? goal >> by : (goal << by) & MASKS[w]!,
        left ? mask >> by : (mask << by) & MASKS[w]!,
        chosen,
      );
    }
    case Op.And: {
      const c = s.constant(s.b(t)) ?? s.constant(s.a(t));
      if (c === undefined || (goal & mask & ~c) !== 0n) return false;
      return aim(s, e, s.isConst(s.a(t)) ? s.b(t) : s.a(t), goal, mask & c, chosen);
    }
    default:
      return false;
  }
}

/** A truth value, by its operands' values. */
function aimTruth(s: TermStore, e: Evaluator, t: Term, goal: boolean, chosen: Chosen): boolean {
  const [x, y] = [s.a(t), s.b(t)];
  switch (s.op(t)) {
    case Op.And:
    case Op.Or: {
      const value = goal ? 1n : 0n;
      // One operand decides, unless both have to agree.
      if (goal === (s.op(t) === Op.And))
        return aim(s, e, x, value, 1n, chosen) && aim(s, e, y, value, 1n, chosen);
      const turn = chosen.turns & 1;
      chosen.turns >>= 1;
      return aim(s, e, turn === 0 ? x : y, value, 1n, chosen);
    }
    default:
      return aimComparison(s, e, t, goal, chosen);
  }
}

/** A comparison to hold or not to hold: the operand that is no constant moves to the other's value, or just past it. */
function aimComparison(s: TermStore, e: Evaluator, t: Term, goal: boolean, chosen: Chosen): boolean {
  const moveB = s.isConst(s.a(t));
  const [x, still] = moveB ? [s.b(t), e.value(s.a(t))] : [s.a(t), e.value(s.b(t))];
  const mask = MASKS[s.width(x)]!;
  let d = 0n;
  if (s.op(t) === Op.Eq) d = goal ? 0n : 1n;
  else if (goal) d = moveB ? 1n : -1n;
  if (s.op(t) === Op.Eq && !goal && e.value(x) !== still) return true;
  return aim(s, e, x, (still + d) & mask, mask, chosen);
}

/** One operand takes up the difference; the other stays what it is. */
function aimSum(s: TermStore, e: Evaluator, t: Term, goal: bigint, mask: bigint, chosen: Chosen): boolean {
  const w = s.width(t);
  const op = s.op(t);
  // With carries, all bits below count.
  if (op !== Op.Xor && mask !== MASKS[w]) return false;
  const [a, b] = [s.a(t), s.b(t)];
  const moveB = s.isConst(a);
  const [x, still] = moveB ? [b, e.value(a)] : [a, e.value(b)];
  let rest = goal ^ still;
  if (op === Op.Add) rest = goal - still;
  if (op === Op.Sub) rest = moveB ? still - goal : goal + still;
  return aim(s, e, x, rest & MASKS[w]!, mask, chosen);
}

function placeKey(memory: string, address: bigint): string {
  return `${memory}@${address}`;
}

function assignment(base: Assignment, { variables, bytes }: Chosen): Assignment {
  return {
    variable: (name, width) => {
      const v = base.variable(name, width);
      const c = variables.get(name);
      return c === undefined ? v : (v & ~c.mask & MASKS[width]!) | c.value;
    },
    byte: (memory, address) => bytes.get(placeKey(memory, address)) ?? base.byte(memory, address),
  };
}
