/**
 * Embedded Z3 (WebAssembly), called synchronously: `createSolver()` loads it once, then `check` returns at once with a verdict.
 *
 *   1  mk    assertions -> Z3 terms (z3-terms.ts), in a context of their own: resource counts and models are then reproducible
 *   2  fast  the simple solver with a small part of the budget
 *   3  deep  when that gives up: bit-blasting tactic, then the default solver, with the rest
 *
 * Error codes are read after every assert: with a bad parameter Z3 drops assertions silently and answers sat.
 */
import { createRequire } from 'node:module';
import { Op } from './ops.ts';
import { mayAliasPairs } from './reads.ts';
import type { Term, TermStore } from './terms.ts';
import type { CheckOptions, CheckResult, Model, Solver } from './types.ts';
import type { Z3Functions } from './z3-api.ts';
import { Z3Terms } from './z3-terms.ts';

/** Share of the budget that the first, cheap attempt gets. */
const FAST_RLIMIT = 300_000;
const TACTICS = ['simplify', 'propagate-values', 'solve-eqs', 'bit-blast', 'sat'] as const;
const LBOOL = { unsat: -1, unknown: 0, sat: 1 } as const;

let loading: Promise<Z3Functions> | undefined;

/** Loads the wasm module (0.2 to 0.4 s, once per thread). Its package is CommonJS and has no synchronous check in its own API. */
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

type Kind = 'simple' | 'tactic' | 'default';

class Z3Solver implements Solver {
  readonly name = 'z3-embedded';
  private readonly z3: Z3Functions;
  constructor(z3: Z3Functions) {
    this.z3 = z3;
  }

  check(store: TermStore, assertions: readonly Term[], options: CheckOptions): CheckResult {
    const fast = Math.min(FAST_RLIMIT, options.rlimit);
    let spent = 0;
    let last: CheckResult = { result: 'unknown', reason: 'no budget', rlimit: 0 };
    const rest = options.rlimit - fast;
    const plan: [Kind, number][] = [
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

  close(): void {}

  private attempt(kind: Kind, store: TermStore, assertions: readonly Term[], rlimit: number): CheckResult {
    const z3 = this.z3;
    const config = z3._Z3_mk_config();
    const ctx = z3._Z3_mk_context(config);
    z3._Z3_del_config(config);
    z3._set_noop_error_handler(ctx);
    try {
      const solver = this.solverOf(kind, ctx);
      z3._Z3_solver_inc_ref(ctx, solver);
      const params = z3._Z3_mk_params(ctx);
      z3._Z3_params_inc_ref(ctx, params);
      z3._Z3_params_set_uint(ctx, params, symbol(z3, ctx, 'rlimit'), rlimit);
      z3._Z3_solver_set_params(ctx, solver, params);
      must(z3, ctx, 'parameters');

      const terms = new Z3Terms(z3, ctx, store);
      const order = store.reachable(assertions);
      terms.translate(order);
      for (const t of assertions) {
        z3._Z3_solver_assert(ctx, solver, terms.bool(t));
        must(z3, ctx, 'assert');
      }
      for (const [x, y] of mayAliasPairs(store, order)) {
        z3._Z3_solver_assert(ctx, solver, terms.sameByteAtSameAddress(x, y));
        must(z3, ctx, 'assert');
      }
      const verdict = z3._Z3_solver_check(ctx, solver);
      must(z3, ctx, 'check', verdict === LBOOL.unknown);
      const used = this.rlimitCount(ctx, solver);
      if (verdict === LBOOL.unsat) return { result: 'unsat', rlimit: used };
      if (verdict === LBOOL.sat)
        return { result: 'sat', model: this.model(ctx, solver, store, order, terms), rlimit: used };
      const reason = z3.UTF8ToString(z3._Z3_solver_get_reason_unknown(ctx, solver));
      return { result: 'unknown', reason: reason === '' ? 'incomplete' : reason, rlimit: used };
    } finally {
      z3._Z3_del_context(ctx);
    }
  }

  private solverOf(kind: Kind, ctx: number): number {
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

  private model(
    ctx: number,
    solver: number,
    store: TermStore,
    order: readonly Term[],
    terms: Z3Terms,
  ): Model {
    const z3 = this.z3;
    const model = z3._Z3_solver_get_model(ctx, solver);
    z3._Z3_model_inc_ref(ctx, model);
    const out = z3._malloc(8);
    const value = (ast: number): bigint => {
      if (!z3._Z3_model_eval(ctx, model, ast, 1, out)) throw new Error('Z3 cannot evaluate its own model');
      const result = new Uint32Array(z3.HEAPU32.buffer, out, 1)[0]!;
      const text = z3.UTF8ToString(z3._Z3_get_numeral_string(ctx, result));
      must(z3, ctx, 'model');
      return BigInt(text);
    };
    const variables = new Map<string, bigint>();
    const memories = new Map<string, Map<bigint, number>>();
    for (const t of order)
      if (store.op(t) === Op.Var) variables.set(store.name(t), value(terms.bits(t)));
      else if (store.op(t) === Op.Read) {
        const memory = store.memory(t);
        if (!memories.has(memory)) memories.set(memory, new Map());
        memories.get(memory)!.set(value(terms.bits(store.a(t))), Number(value(terms.bits(t))));
      }
    z3._free(out);
    z3._Z3_model_dec_ref(ctx, model);
    return { variables, memories };
  }
}

function symbol(z3: Z3Functions, ctx: number, name: string): number {
  return z3.ccall('Z3_mk_string_symbol', 'number', ['number', 'string'], [ctx, name]) as number;
}

/** Z3 reports errors in a register of the context; running out of budget inside check is not one. */
function must(z3: Z3Functions, ctx: number, step: string, budgetEnded = false): void {
  const code = z3._Z3_get_error_code(ctx);
  if (code === 0 || budgetEnded) return;
  throw new Error(`Z3 ${step}: ${z3.UTF8ToString(z3._Z3_get_error_msg(ctx, code))}`);
}
