/** What the optimizer is asked and what it answers. Everything but the programs is plain JSON. */
import type { IsaLevel } from '../isa/semantics.ts';
import type { MemoryModel } from '../program/contracts/shared-memory.ts';
import type { Program } from '../program/program.ts';
import type { ChainStats } from '../search/chain/chain.ts';
import type { Proof, Window } from '../verify/types.ts';

/**
 * `balanced`: slots, and nothing else that users pay for gets dearer than the input's: modeled nanoseconds,
 * stack, machine code, the verifier's effort. `size`: slots, whatever it costs (K2's goal). `latency`:
 * modeled nanoseconds along the executed paths.
 */
export type Goal = 'balanced' | 'size' | 'latency';

export interface OptimizeOptions {
  /** What to make smaller. */
  goal: Goal;
  /** Proposals in all, over all windows; default: by the program's size (budgetOf). */
  steps?: number;
  seed: number;
  /** Name of the chain settings, e.g. `k2-2` (search/chain/settings.ts). */
  settings: string;
  /** Test cases that every candidate runs on. */
  tests: number;
  /** Longest window, in instructions. */
  windowLength: number;
  /** Instructions that the output may use; default: the input's own level, and what Linux 5.4 accepts. */
  level?: IsaLevel;
  linux?: number;
  /** `auto`: ask the running kernel where there is one. */
  kernel: 'auto' | 'off' | 'require';
  /** Differential runs in the kernel at the end. */
  diffRuns: number;
  /** Solver of the verifier, by name or path (solver/named.ts); default: the embedded one. */
  solver?: string;
  /** What others may do to memory that they share with the program (program/contracts/shared-memory.ts). */
  memoryModel: MemoryModel;
  /** How many different proven versions to hand out; default 1. */
  topK?: number;
  /** Only these ranges are touched; instructions of the input. Default: the whole program. */
  windows?: readonly Window[];
}

/** Modeled nanoseconds per run: mean over the test cases along the executed path, and K2's static sum. */
export interface Latency {
  path: number;
  staticSum: number;
}

/** A proven version of the program. */
export interface Version {
  program: Program;
  slots: number;
  insns: number;
  latency: Latency;
  /** What leads to it from the input. */
  rewrites: readonly AppliedRewrite[];
  kernel: KernelCheck;
  differential: DifferentialRun;
}

/** One rewrite that reached the output. */
export interface AppliedRewrite {
  /** Range of the program as it was when the rewrite was applied. */
  window: Window;
  before: readonly string[];
  after: readonly string[];
  /** Who proposed it: `dead code`, `chain k2-2`, ... */
  by: string;
  how: Proof;
  /** Proposals spent so far, in all windows. */
  step: number;
  slotsAfter: number;
}

/** Load verdict and differential runs of the running kernel for the output. */
export type KernelCheck =
  | {
      status: 'accepted';
      /**
       * Why the kernel did not take the program's BTF, without which its global functions count as static.
       */
      withoutBtf?: string;
      verifiedInsns: number;
      verifiedInsnsBefore: number;
      jitedBytes: number;
      jitedBytesBefore: number;
    }
  | { status: 'refused'; reason: string }
  | { status: 'not checked'; reason: string };

/** What differential runs of the output against the input gave. */
export type DifferentialRun =
  | { status: 'agree'; runs: number; masked: readonly string[] }
  | { status: 'differ'; runs: number; detail: string }
  | { status: 'not run'; reason: string };

/** How far a search is. */
export interface Progress {
  /** The program's. */
  name: string;
  step: number;
  steps: number;
  /** Of the best proven version. */
  slots: number;
  window?: Window;
}

/**
 * A rewrite with its equations as a script that any SMT-LIB 2 solver answers with unsat; or why there is no
 * script.
 */
export type RewriteProof = { rewrite: AppliedRewrite } & (
  | { script: string; equations: readonly string[]; context: readonly string[] }
  | { without: string }
);

/**
 * One optimized program: sizes, modeled latency, every rewrite with its proof, and what the kernel says of
 * it.
 */
export interface OptimizeResult {
  /** The smaller program; the original itself when nothing was found. */
  program: Program;
  slotsBefore: number;
  slotsAfter: number;
  insnsBefore: number;
  insnsAfter: number;
  latencyBefore: Latency;
  latencyAfter: Latency;
  rewrites: readonly AppliedRewrite[];
  /** Best proven size after so many proposals, starting with [0, slotsBefore]. */
  convergence: readonly (readonly [step: number, slots: number])[];
  stats: ChainStats;
  kernel: KernelCheck;
  differential: DifferentialRun;
  /** Ranges that could not be optimized, and what else the user should know. */
  notes: readonly string[];
  /** True when a signal or a time limit ended the search before its budget. */
  interrupted: boolean;
  /** Where they were asked for; one per rewrite. */
  proofs?: readonly RewriteProof[];
  /** Where several were asked for: the best first, or, of a front of slots against latency, the smallest. */
  versions?: readonly Version[];
}

/** What became of one program of a file. */
export type FileRow =
  | { status: 'optimized'; name: string; section: string; original: Program; result: OptimizeResult }
  | { status: 'skipped'; name: string; section: string; reason: string };

/** An object before and after, in bytes: its code, and the file. */
export interface ObjectSizes {
  codeBefore: number;
  codeAfter: number;
  fileBefore: number;
  fileAfter: number;
}
