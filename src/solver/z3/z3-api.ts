/**
 * The part of the embedded Z3's C interface that is used: every handle and result is a number (a wasm32
 * address).
 */
export type Z3Name =
  | '_Z3_del_config'
  | '_Z3_del_context'
  | '_Z3_get_error_code'
  | '_Z3_get_error_msg'
  | '_Z3_get_numeral_string'
  | '_Z3_mk_and'
  | '_Z3_mk_bv_sort'
  | '_Z3_mk_bvadd'
  | '_Z3_mk_bvand'
  | '_Z3_mk_bvashr'
  | '_Z3_mk_bvlshr'
  | '_Z3_mk_bvmul'
  | '_Z3_mk_bvnot'
  | '_Z3_mk_bvor'
  | '_Z3_mk_bvsdiv'
  | '_Z3_mk_bvshl'
  | '_Z3_mk_bvslt'
  | '_Z3_mk_bvsrem'
  | '_Z3_mk_bvsub'
  | '_Z3_mk_bvudiv'
  | '_Z3_mk_bvult'
  | '_Z3_mk_bvurem'
  | '_Z3_mk_bvxor'
  | '_Z3_mk_concat'
  | '_Z3_mk_config'
  | '_Z3_mk_const'
  | '_Z3_mk_context'
  | '_Z3_mk_eq'
  | '_Z3_mk_extract'
  | '_Z3_mk_false'
  | '_Z3_mk_iff'
  | '_Z3_mk_implies'
  | '_Z3_mk_ite'
  | '_Z3_mk_not'
  | '_Z3_mk_or'
  | '_Z3_mk_params'
  | '_Z3_mk_sign_ext'
  | '_Z3_mk_simple_solver'
  | '_Z3_mk_solver'
  | '_Z3_mk_solver_from_tactic'
  | '_Z3_mk_true'
  | '_Z3_mk_unsigned_int'
  | '_Z3_mk_xor'
  | '_Z3_model_dec_ref'
  | '_Z3_model_eval'
  | '_Z3_model_inc_ref'
  | '_Z3_params_inc_ref'
  | '_Z3_params_set_uint'
  | '_Z3_solver_assert'
  | '_Z3_solver_check'
  | '_Z3_solver_get_model'
  | '_Z3_solver_get_reason_unknown'
  | '_Z3_solver_get_statistics'
  | '_Z3_solver_inc_ref'
  | '_Z3_solver_pop'
  | '_Z3_solver_push'
  | '_Z3_solver_set_params'
  | '_Z3_stats_dec_ref'
  | '_Z3_stats_get_key'
  | '_Z3_stats_get_uint_value'
  | '_Z3_stats_inc_ref'
  | '_Z3_stats_size'
  | '_Z3_tactic_and_then'
  | '_Z3_tactic_inc_ref';

/** Exported functions of the wasm module. */
export type Z3Functions = Readonly<Record<Z3Name, (...args: number[]) => number>> & {
  readonly HEAPU32: Uint32Array;
  ccall(name: string, result: string, types: string[], args: unknown[]): unknown;
  UTF8ToString(pointer: number): string;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _set_noop_error_handler(ctx: number): void;
};
