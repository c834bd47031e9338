/**
 * The library: what `k2` does, as functions.
 *
 * ```ts
 * import { check, load, optimize, verify } from 'k2-bpf';
 *
 * const file = load('prog.o');
 * const optimized = await optimize(file, { steps: 100_000 });
 * optimized.save('prog.small.o');
 * ```
 *
 * Errors that a user can correct are thrown as {@link UserError}; anything else that is thrown is a bug.
 *
 * @packageDocumentation
 */

export * from './api/check.ts';
export * from './api/kernel.ts';
export * from './api/load.ts';
export * from './api/optimize.ts';
export * from './api/verify.ts';
export { UserError } from './base/errors.ts';
export type { Insn } from './isa/insn.ts';
export type { Difference, DiffReport, DiffResult } from './kernel/differential/diff.ts';
export type { Scenario } from './kernel/run/observe.ts';
export type {
  AppliedRewrite,
  DifferentialRun,
  FileRow,
  KernelCheck,
  Latency,
  ObjectSizes,
  OptimizeResult,
  Progress,
  RewriteProof,
  Version,
} from './optimizer/types.ts';
export type { FunctionContract, Linkage, Parameter } from './program/contracts/contract.ts';
export type { MemoryModel } from './program/contracts/shared-memory.ts';
export type { FileContents } from './program/file.ts';
export type { CoreRelocation, FunctionRange, MapDef, Program, ProgramProvenance } from './program/program.ts';
export type { HookName } from './program/tables/hook-types.ts';
export type { ChainStats, Proven } from './search/chain/chain.ts';
export type { RuleWeights } from './search/chain/settings.ts';
export type { Scope } from './verify/compare-programs.ts';
export type { Counterexample, Proof, Verdict, Window } from './verify/types.ts';
export type { Fault, MapContents, MapEntry, TestCase } from './vm/types.ts';
