/**
 * The cheap first attempt: one simple solver in one context, kept for many checks, each between push and pop.
 * A fresh context costs several milliseconds, this one a fraction of that; terms that checks share are
 * translated once.
 */
import type { Term, TermStore } from '../terms/terms.ts';
import type { CheckResult } from '../types.ts';
import type { Z3Functions } from './z3-api.ts';
import { assertAll, LBOOL, modelOf, must, newContext, setLimit } from './z3-context.ts';
import { Z3Terms } from './z3-terms.ts';

/** A long sequence of push and pop leaks: then a new context. */
const MAX_CHECKS = 100;
/** Terms in the context, over all stores. */
const MAX_TERMS = 50_000;

interface Open {
  ctx: number;
  solver: number;
  checks: number;
  terms: number;
  limit: number;
  translations: Map<TermStore, Z3Terms>;
}

export class QuickContext {
  private readonly z3: Z3Functions;
  private open: Open | undefined;

  constructor(z3: Z3Functions) {
    this.z3 = z3;
  }

  /**
   * Undefined when the budget ends before there is an answer. Answers have `rlimit` 0: counts of a used
   * context mean little.
   */
  check(store: TermStore, assertions: readonly Term[], rlimit: number): CheckResult | undefined {
    const { z3 } = this;
    const order = store.reachable(assertions);
    const o = this.context(order.length);
    const { ctx, solver } = o;
    if (o.limit !== rlimit) setLimit(z3, ctx, solver, rlimit);
    o.limit = rlimit;
    let terms = o.translations.get(store);
    if (terms === undefined) o.translations.set(store, (terms = new Z3Terms(z3, ctx, store)));
    terms.translate(order);
    z3._Z3_solver_push(ctx, solver);
    try {
      assertAll(z3, ctx, solver, terms, store, assertions, order);
      const verdict = z3._Z3_solver_check(ctx, solver);
      must(z3, ctx, 'check', verdict === LBOOL.unknown);
      if (verdict === LBOOL.unsat) return { result: 'unsat', rlimit: 0 };
      if (verdict === LBOOL.sat)
        return { result: 'sat', model: modelOf(z3, ctx, solver, store, order, terms), rlimit: 0 };
      // After an interruption a used solver is not trusted again.
      this.close();
      return undefined;
    } finally {
      if (this.open !== undefined) z3._Z3_solver_pop(ctx, solver, 1);
    }
  }

  close(): void {
    if (this.open !== undefined) this.z3._Z3_del_context(this.open.ctx);
    this.open = undefined;
  }

  private context(terms: number): Open {
    if (this.open !== undefined && (this.open.checks >= MAX_CHECKS || this.open.terms + terms > MAX_TERMS))
      this.close();
    const { z3 } = this;
    if (this.open === undefined) {
      const ctx = newContext(z3);
      const solver = z3._Z3_mk_simple_solver(ctx);
      z3._Z3_solver_inc_ref(ctx, solver);
      this.open = { ctx, solver, checks: 0, terms: 0, limit: 0, translations: new Map() };
    }
    this.open.checks++;
    this.open.terms += terms;
    return this.open;
  }
}
