/**
 * The optimizer: a program or a file in, a smaller one out, with the proof of each rewrite.
 *
 *   file --loadFile--> programs --optimizeProgram--> smaller programs --contentsWith--> drop-in file
 */

export { budgetOf, OPTIMIZE_DEFAULTS } from './defaults.ts';
export { type Chance, type ExplainedRange, explainProgram } from './explain.ts';
export { type FileResult, optimizeFile } from './objects/optimize-file.ts';
export type { OptimizeControl } from './pipeline.ts';
export { optimizePareto, optimizeProgram, type Shared } from './program.ts';
export * from './types.ts';
