/** What every use of a Z3 context needs: limits, assertions, models, errors. */
import { Op } from '../terms/ops.ts';
import { mayAliasPairs } from '../terms/reads.ts';
import type { Term, TermStore } from '../terms/terms.ts';
import type { Model } from '../types.ts';
import type { Z3Functions } from './z3-api.ts';
import type { Z3Terms } from './z3-terms.ts';

export const LBOOL = { unsat: -1, unknown: 0, sat: 1 } as const;

export function newContext(z3: Z3Functions): number {
  const config = z3._Z3_mk_config();
  const ctx = z3._Z3_mk_context(config);
  z3._Z3_del_config(config);
  z3._set_noop_error_handler(ctx);
  return ctx;
}

/** Resource units per check. */
export function setLimit(z3: Z3Functions, ctx: number, solver: number, rlimit: number): void {
  const params = z3._Z3_mk_params(ctx);
  z3._Z3_params_inc_ref(ctx, params);
  const symbol = z3.ccall('Z3_mk_string_symbol', 'number', ['number', 'string'], [ctx, 'rlimit']) as number;
  z3._Z3_params_set_uint(ctx, params, symbol, rlimit);
  z3._Z3_solver_set_params(ctx, solver, params);
  must(z3, ctx, 'parameters');
}

/** @param order every term that the assertions depend on, operands first */
export function assertAll(
  z3: Z3Functions,
  ctx: number,
  solver: number,
  terms: Z3Terms,
  store: TermStore,
  assertions: readonly Term[],
  order: readonly Term[],
): void {
  for (const t of assertions) {
    z3._Z3_solver_assert(ctx, solver, terms.bool(t));
    must(z3, ctx, 'assert');
  }
  for (const [x, y] of mayAliasPairs(store, order)) {
    z3._Z3_solver_assert(ctx, solver, terms.sameByteAtSameAddress(x, y));
    must(z3, ctx, 'assert');
  }
}

/** Values of the variables and bytes among the terms. */
export function modelOf(
  z3: Z3Functions,
  ctx: number,
  solver: number,
  store: TermStore,
  order: readonly Term[],
  terms: Z3Terms,
): Model {
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

/** Z3 reports errors in a register of the context; running out of budget inside check is not one. */
export function must(z3: Z3Functions, ctx: number, step: string, budgetEnded = false): void {
  const code = z3._Z3_get_error_code(ctx);
  if (code === 0 || budgetEnded) return;
  throw new Error(`Z3 ${step}: ${z3.UTF8ToString(z3._Z3_get_error_msg(ctx, code))}`);
}
