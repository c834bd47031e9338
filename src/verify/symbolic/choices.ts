/**
 * The branches of one path: outcomes that follow from what holds already, others by a script, from which the
 * next path is derived.
 */
import { type Normalizer, Op, type Term } from '../../solver/index.ts';
import type { PathChoice } from './run.ts';

/** Terms of more parts than this are left as they are. */
const MAX_CONE = 2000;

export class Choices implements PathChoice {
  /** Conditions that hold: the given ones, then those chosen. */
  readonly holds: Term[];
  private readonly n: Normalizer;
  private readonly script: readonly boolean[];
  private readonly made: boolean[] = [];
  private readonly known = new Map<Term, boolean>();
  /** Terms that equal a constant. */
  private readonly constants = new Map<Term, Term>();
  private readonly under = new Map<Term, Term>();
  private readonly tokenOf: (key: string) => number;

  /**
   * @param given conditions that hold from the start
   * @param script outcomes of the first choices; then always true
   * @param tokenOf a number for the outcomes so far and a call
   */
  constructor(
    n: Normalizer,
    given: readonly Term[],
    script: readonly boolean[],
    tokenOf: (key: string) => number,
  ) {
    this.n = n;
    this.script = script;
    this.tokenOf = tokenOf;
    this.holds = [];
    for (const t of given) this.assume(t);
  }

  choose(condition: Term): boolean {
    const decided = this.decide(condition);
    if (decided !== undefined) return decided;
    const yes = this.script[this.made.length] ?? true;
    this.made.push(yes);
    this.assume(yes ? condition : this.n.not(condition));
    return yes;
  }

  token(n: number): number {
    return this.tokenOf(`${this.made.map(Number).join('')}|${n}`);
  }

  /**
   * The script of the next path; undefined when this was the last.
   * @param first of the choices: other paths that begin with them are left out
   */
  next(first = this.made.length): readonly boolean[] | undefined {
    const made = this.made.slice(0, first);
    const last = made.lastIndexOf(true);
    return last < 0 ? undefined : [...made.slice(0, last), false];
  }

  private assume(t: Term): void {
    this.holds.push(t);
    this.learn(t, true);
  }

  /** A condition is true or false, and what follows from that for its parts. */
  private learn(t: Term, value: boolean): void {
    const s = this.n.store;
    this.under.clear();
    this.known.set(t, value);
    this.known.set(this.n.not(t), !value);
    const op = s.op(t);
    if (op === Op.Not) this.learn(s.a(t), !value);
    const [x, y] = [s.a(t), s.b(t)];
    if (op === (value ? Op.And : Op.Or)) {
      this.learn(x, value);
      this.learn(y, value);
    } else if ((op === Op.ULt || op === Op.SLt) && value) {
      this.known.set(this.n.normalize(this.n.build.binary(op, y, x)), false);
      this.known.set(this.n.eq(x, y), false);
    } else if (op === Op.Eq && value) {
      if (s.isConst(y)) this.constants.set(x, y);
      else if (s.isConst(x)) this.constants.set(y, x);
    }
  }

  private decide(condition: Term): boolean | undefined {
    const known = this.known.get(condition);
    if (known !== undefined) return known;
    const value = this.n.store.constant(this.simplified(condition));
    return value === undefined ? undefined : value === 1n;
  }

  /** A normal form that equals the term wherever the conditions hold: with constants for what they decide. */
  simplified(t: Term): Term {
    const { n } = this;
    const s = n.store;
    const from = n.normalize(t);
    const done = this.under.get(from);
    if (done !== undefined) return done;
    const cone = s.reachable([from]);
    const isKnown = (x: Term): boolean => this.known.has(x) || this.constants.has(x);
    if (cone.length > MAX_CONE || !cone.some(isKnown)) return from;
    const now = new Map<Term, Term>();
    const of = (x: Term): Term => now.get(x) ?? x;
    for (const x of cone) {
      const truth = this.known.get(x);
      if (truth !== undefined) now.set(x, n.build.const(truth ? 1n : 0n, 1));
      else now.set(x, this.constants.get(x) ?? n.build.rebuild(x, of(s.a(x)), of(s.b(x)), of(s.c(x))));
    }
    const result = n.normalize(of(from));
    this.under.set(from, result);
    return result;
  }
}
