/** What a symbolic run (execute.ts) starts from, what it knows, and what it gives. */
import type { Region } from '../../analysis/domain/value.ts';
import type { MapDef, Program } from '../../program/program.ts';
import type { CtxField } from '../../program/tables/hook-types.ts';
import type { Normalizer, Term } from '../../solver/index.ts';
import type { SharedAccess } from './access.ts';
import type { CallEvent, CallPair } from './events.ts';
import type { Interference } from './interference.ts';
import type { LookupFacts } from './lookups.ts';
import type { Log } from './memory.ts';
import type { AliasPartition, Bases } from './regions.ts';

/** The window's start. */
export interface SymbolicStart {
  readonly registers: readonly (Term | undefined)[];
  /** Known contents, as writes that happened before. */
  readonly logs: ReadonlyMap<string, Log>;
}

export interface ExecutionEnv {
  readonly normalizer: Normalizer;
  readonly bases: Bases;
  readonly merging: AliasPartition;
  readonly maps: readonly MapDef[];
  readonly ctxFields: readonly CtxField[];
  readonly packetShared: boolean;
  /** Depth of the running function's frame. */
  readonly frame: number;
  /** Distances between addresses that are constants are decided during the run, not in the formula. */
  readonly offsets: boolean;
  readonly facts: LookupFacts;
  /** Keys (State.versions) of the maps whose entries others can add and remove. */
  readonly comingAndGoing: readonly string[];
}

/** Where the instructions come from and what they are compared with. */
export interface Role {
  /** The source's calls, when this is the candidate. */
  reference?: readonly CallEvent[];
  /** Whole programs: calls of their functions are followed. */
  program?: Pick<Program, 'insns' | 'functions'>;
  /** Index in the program of the first instruction; 0: the program's own first. */
  base?: number;
  /** Runs one path only. */
  path?: PathChoice;
  /** What others may do meanwhile; undefined: nothing (the plain memory model). */
  others?: Interference;
}

/** Which path a run takes; nothing is merged then, and conditions are those of the path alone. */
export interface PathChoice {
  /** Is the branch condition, in normal form and no constant, to be true? */
  choose(condition: Term): boolean;
  /** A number for the source's n-th call, the same on paths that are one up to there, and on no others. */
  token(n: number): number;
}

/** One way out, all paths to it merged. */
export interface SymbolicExit {
  /**
   * 'exit': leaves the function; a number: where a jump goes, as in ExitPoint; 0 is the instruction after the
   * window.
   */
  to: 'exit' | number;
  condition: Term;
  registers: readonly (Term | undefined)[];
  logs: ReadonlyMap<string, Log>;
}

/** What a group of accesses leaves in the memory that it goes to. */
export interface GroupEnd {
  readonly memory: string;
  readonly log: Log;
  readonly condition: Term;
}

export interface SymbolicRun {
  exits: readonly SymbolicExit[];
  accesses: readonly SharedAccess[];
  /** By number; empty under the plain memory model. */
  groups: ReadonlyMap<number, GroupEnd>;
  /** Memory that each instruction accesses (the last one symbolically seen), by index. */
  memories: readonly (string | undefined)[];
  touched: ReadonlySet<Region | undefined>;
  /**
   * Calls in order; of a candidate also the calls of the source that they stand for, and those that have
   * none.
   */
  calls: readonly CallEvent[];
  pairs: readonly CallPair[];
  missing: readonly CallEvent[];
}
