/**
 * Bit-vector terms and who decides them.
 *
 *   in:   operations of the semantics table over `termAlgebra`          ops.ts, terms.ts, build.ts, algebra.ts
 *   out:  normal forms that meet when values are equal                  simplify/
 *         concrete values under an assignment                           eval.ts
 *         sat with a model / unsat / unknown with a reason              z3.ts (embedded), process.ts (any SMT-LIB2 binary)
 */
export { termAlgebra } from './algebra.ts';
export { TermBuilder } from './build.ts';
export { type Assignment, Evaluator, evaluate } from './eval.ts';
export { EMBEDDED, solverNamed } from './named.ts';
export { applyOp, MASKS, OP_ROWS, Op, type OpCode } from './ops.ts';
export { type ProcessSolver, processSolver, selfTest } from './process.ts';
export { mayAliasPairs, splitOffset } from './reads.ts';
export { constantDifference, Normalizer } from './simplify/index.ts';
export { printGetValue, printScript, readModel, type Script } from './smtlib.ts';
export { type Term, TermStore } from './terms.ts';
export { assignmentOf, type CheckOptions, type CheckResult, type Model, type Solver } from './types.ts';
export { createSolver } from './z3.ts';
