/**
 * Bit-vector terms and who decides them.
 *
 *   in:   operations of the semantics table over `termAlgebra`          ops.ts, terms.ts, build.ts,
 *         algebra.ts
 *   out:  normal forms that meet when values are equal                  simplify/
 *         concrete values under an assignment                           eval.ts
 *         sat with a model / unsat / unknown with a reason              z3.ts (embedded), process.ts (any
 *           SMT-LIB2 binary)
 */

export { EMBEDDED, solverNamed } from './named.ts';
export { constantDifference, Normalizer } from './simplify/index.ts';
export {
  answerOf,
  type ProcessSolver,
  processSolver,
  type ScriptAnswer,
  selfTest,
} from './smtlib/process.ts';
export { printGetValue, printScript, readModel, type Script } from './smtlib/smtlib.ts';
export { termAlgebra } from './terms/algebra.ts';
export { TermBuilder } from './terms/build.ts';
export { evaluate, type TermAssignment, TermEvaluator } from './terms/eval.ts';
export { applyOp, MASKS, OP_ROWS, Op, type OpCode } from './terms/ops.ts';
export { mayAliasPairs, splitOffset } from './terms/reads.ts';
export { type Term, TermStore } from './terms/terms.ts';
export { assignmentOf, type CheckOptions, type CheckResult, type Model, type Solver } from './types.ts';
export { createSolver } from './z3/z3.ts';
