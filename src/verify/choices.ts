/**
 * The branches of one path: outcomes that follow from what holds already, others by a script, from which the next path is derived.
 */
import { type Normalizer, Op, type Term } from '../solver/index.ts';
import type { PathChoice } from './run.ts';

/** Conditions that know more terms than this are not looked into. */
const MAX_CONE = 400;

export class Choices implements PathChoice {
  /** Conditions that hold: the given ones, then those chosen. */
  readonly holds: Term[];
  private readonly n: Normalizer;
  private readonly script: readonly boolean[];
  private readonly made: boolean[] = [];
  private readonly known = new Map<Term, boolean>();
  /** Terms that equal a constant. */
  private readonly constants = new Map<Term, Term>();
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

  /** The script of the next path; undefined when this was the last. */
  next(): readonly boolean[] | undefined {
    const last = this.made.lastIndexOf(true);
    return last < 0 ? undefined : [...this.made.slice(0, last), false];
  }

  private assume(t: Term): void {
    const s = this.n.store;
    this.holds.push(t);
    this.known.set(t, true);
    this.known.set(this.n.not(t), false);
    if (s.op(t) !== Op.Eq) return;
    const [x, y] = [s.a(t), s.b(t)];
    if (s.isConst(y)) this.constants.set(x, y);
    else if (s.isConst(x)) this.constants.set(y, x);
  }

  private decide(condition: Term): boolean | undefined {
    const known = this.known.get(condition);
    if (known !== undefined || this.constants.size === 0) return known;
    const s = this.n.store;
    const cone = s.reachable([condition]);
    if (cone.length > MAX_CONE || !cone.some((t) => this.constants.has(t))) return undefined;
    const value = s.constant(this.n.normalize(this.replaced(cone)));
    return value === undefined ? undefined : value === 1n;
  }

  /** The last term of a topological order, with constants for what equals one. */
  private replaced(cone: readonly Term[]): Term {
    const s = this.n.store;
    const now = new Map<Term, Term>();
    for (const t of cone) {
      const of = (x: Term): Term => now.get(x) ?? x;
      now.set(t, this.constants.get(t) ?? this.n.build.rebuild(t, of(s.a(t)), of(s.b(t)), of(s.c(t))));
    }
    return now.get(cone.at(-1)!)!;
  }
}
