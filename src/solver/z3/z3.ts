/**
 * Embedded Z3 (WebAssembly), called synchronously: `createSolver()` loads it once, then `check` returns at
 * once with a verdict.
 *
 *   1  quick  a context that is kept between checks, with a tiny budget (z3-quick.ts): answers most questions
 *      in a millisecond
 *   2  mk     assertions -> Z3 terms (z3-terms.ts), in a context of their own: what follows does not depend
 *      on earlier checks
 *   3  fast   the simple solver with a small part of the budget
 *   4  deep   when that gives up: bit-blasting tactic, then the default solver, with the rest
 *
 * A solver object answers a sequence of checks always in the same way; whoever needs that shares none with
 * others. Error codes are read after every assert: with a bad parameter Z3 drops assertions silently and
 * answers sat.
 */
import { createRequire } from 'node:module';
import type { Term, TermStore } from '../terms/terms.ts';
import type { CheckOptions, CheckResult, Solver } from '../types.ts';
import type { Z3Functions } from './z3-api.ts';
import { assertAll, LBOOL, modelOf, must, newContext, setLimit } from './z3-context.ts';
import { QuickContext } from './z3-quick.ts';
import { Z3Terms } from './z3-terms.ts';

/** Budget of the first attempt. */
const QUICK_RLIMIT = 60_000;
/** Share of the budget that the attempt with the simple solver gets. */
const FAST_RLIMIT = 300_000;
const TACTICS = ['simplify', 'propagate-values', 'solve-eqs', 'bit-blast', 'sat'] as const;

let loading: Promise<Z3Functions> | undefined;

/**
 * Loads the wasm module (0.2 to 0.4 s, once per thread). Its package is CommonJS and has no synchronous check
 * in its own API.
 */
async function load(): Promise<Z3Functions> {
  const require = createRequire(import.meta.url);
  const lowLevel = require('z3-solver/build/low-level') as {
    init(m: unknown): Promise<{ em: Z3Functions; Z3: unknown }>;
  };
  const { em } = await lowLevel.init(require('z3-solver/build/z3-built'));
  return em;
}

/** An embedded Z3. Not shared between threads; several may exist in one thread. */
export async function createSolver(): Promise<Solver> {
  loading ??= load();
  return new Z3Solver(await loading);
}

type Z3Strategy = 'simple' | 'tactic' | 'default';

class Z3Solver implements Solver {
  readonly name = 'z3-embedded';
  private readonly z3: Z3Functions;
  private readonly quick: QuickContext;
  constructor(z3: Z3Functions) {
    this.z3 = z3;
    this.quick = new QuickContext(z3);
  }

  check(store: TermStore, assertions: readonly Term[], options: CheckOptions): CheckResult {
    const quick = this.quick.check(store, assertions, Math.min(QUICK_RLIMIT, options.rlimit));
    if (quick !== undefined) return quick;
    const fast = Math.min(FAST_RLIMIT, options.rlimit);
    let spent = 0;
    let last: CheckResult = { result: 'unknown', reason: 'no budget', rlimit: 0 };
    const rest = options.rlimit - fast;
    const plan: [Z3Strategy, number][] = [
      ['simple', fast],
      ['tactic', Math.floor(rest / 2)],
      ['default', rest - Math.floor(rest / 2)],
    ];
    for (const [kind, rlimit] of plan) {
      if (rlimit <= 0) continue;
      last = this.attempt(kind, store, assertions, rlimit);
      spent += last.rlimit;
      if (last.result !== 'unknown') break;
    }
    return { ...last, rlimit: spent };
  }

  forget(): void {
    this.quick.close();
  }

  close(): void {
    this.quick.close();
  }

  private attempt(
    kind: Z3Strategy,
    store: TermStore,
    assertions: readonly Term[],
    rlimit: number,
  ): CheckResult {
    const z3 = this.z3;
    const ctx = newContext(z3);
    try {
      const solver = this.solverOf(kind, ctx);
      z3._Z3_solver_inc_ref(ctx, solver);
      setLimit(z3, ctx, solver, rlimit);
      const terms = new Z3Terms(z3, ctx, store);
      const order = store.reachable(assertions);
      terms.translate(order);
      assertAll(z3, ctx, solver, terms, store, assertions, order);
      const verdict = z3._Z3_solver_check(ctx, solver);
      must(z3, ctx, 'check', verdict === LBOOL.unknown);
      const used = this.rlimitCount(ctx, solver);
      if (verdict === LBOOL.unsat) return { result: 'unsat', rlimit: used };
      if (verdict === LBOOL.sat)
        return { result: 'sat', model: modelOf(z3, ctx, solver, store, order, terms), rlimit: used };
      const reason = z3.UTF8ToString(z3._Z3_solver_get_reason_unknown(ctx, solver));
      return { result: 'unknown', reason: reason === '' ? 'incomplete' : reason, rlimit: used };
    } finally {
      z3._Z3_del_context(ctx);
    }
  }

  private solverOf(kind: Z3Strategy, ctx: number): number {
    const z3 = this.z3;
    if (kind === 'simple') return z3._Z3_mk_simple_solver(ctx);
    if (kind === 'default') return z3._Z3_mk_solver(ctx);
    let chain = 0;
    for (const name of TACTICS) {
      const tactic = z3.ccall('Z3_mk_tactic', 'number', ['number', 'string'], [ctx, name]) as number;
      must(z3, ctx, `tactic ${name}`);
      z3._Z3_tactic_inc_ref(ctx, tactic);
      chain = chain === 0 ? tactic : z3._Z3_tactic_and_then(ctx, chain, tactic);
      z3._Z3_tactic_inc_ref(ctx, chain);
    }
    return z3._Z3_mk_solver_from_tactic(ctx, chain);
  }

  private rlimitCount(ctx: number, solver: number): number {
    const z3 = this.z3;
    const stats = z3._Z3_solver_get_statistics(ctx, solver);
    z3._Z3_stats_inc_ref(ctx, stats);
    let count = 0;
    for (let i = 0, n = z3._Z3_stats_size(ctx, stats); i < n; i++)
      if (z3.UTF8ToString(z3._Z3_stats_get_key(ctx, stats, i)) === 'rlimit count')
        count = z3._Z3_stats_get_uint_value(ctx, stats, i) >>> 0;
    z3._Z3_stats_dec_ref(ctx, stats);
    return count;
  }
}
