/**
 * The optimizer: a program or an object in, a smaller one out, with the proof of each rewrite.
 *
 *   object --readObject--> programs --optimizeProgram--> smaller programs --writeObject--> drop-in object
 */

export { budgetOf, OPTIMIZE_DEFAULTS } from './defaults.ts';
export { type Chance, type ExplainedRange, explainProgram } from './explain.ts';
export { type ObjectOptions, type ObjectResult, type ObjectRow, optimizeObject } from './objects/object.ts';
export type { Control } from './pipeline.ts';
export { optimizePareto, optimizeProgram, type Shared } from './program.ts';
export * from './types.ts';
