/** Concrete evaluation of terms under an assignment of their variables and memories. */
import { applyOp, MASKS, OP_ROWS, Op } from './ops.ts';
import type { Term, TermStore } from './terms.ts';

/** What the free symbols stand for. Equal questions must get equal answers. */
export interface TermAssignment {
  /** Value of a variable; taken modulo 2^width. */
  variable(name: string, width: number): bigint;
  /** Byte at an address in the initial contents of a memory. */
  byte(memory: string, address: bigint): number;
}

/** Roots whose cone is sorted once and then evaluated under many assignments. */
export class TermEvaluator {
  private readonly store: TermStore;
  private readonly order: readonly Term[];
  private readonly index: ReadonlyMap<Term, number>;
  private readonly values: bigint[];

  constructor(store: TermStore, roots: readonly Term[]) {
    this.store = store;
    this.order = store.reachable(roots);
    this.index = new Map(this.order.map((t, i) => [t, i]));
    this.values = new Array<bigint>(this.order.length).fill(0n);
  }

  /** Evaluates everything; then `value` answers for each root (and each term below it). */
  run(assignment: TermAssignment): void {
    const s = this.store;
    const values = this.values;
    for (let i = 0; i < this.order.length; i++) {
      const t = this.order[i]!;
      const op = s.op(t);
      const w = s.width(t);
      if (op === Op.Const) values[i] = s.value(t);
      else if (op === Op.Var) values[i] = assignment.variable(s.name(t), w) & MASKS[w]!;
      else {
        const arity = OP_ROWS[op]!.arity;
        const x = values[this.index.get(s.a(t))!]!;
        if (op === Op.Read) values[i] = BigInt(assignment.byte(s.memory(t), x) & 0xff);
        else {
          const y = op === Op.Extract ? BigInt(s.b(t)) : arity > 1 ? values[this.index.get(s.b(t))!]! : 0n;
          const z = arity > 2 ? values[this.index.get(s.c(t))!]! : 0n;
          values[i] = applyOp(op, w, s.width(s.a(t)), arity > 1 ? s.width(s.b(t)) : 0, x, y, z);
        }
      }
    }
  }

  value(t: Term): bigint {
    return this.values[this.index.get(t)!]!;
  }
}

/** Value of one term. */
export function evaluate(store: TermStore, t: Term, assignment: TermAssignment): bigint {
  const e = new TermEvaluator(store, [t]);
  e.run(assignment);
  return e.value(t);
}
