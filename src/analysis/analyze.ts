/**
 * Forward analysis of a whole program: what is known before each instruction, whatever path led there.
 *
 *   in:   Program
 *   out:  Analysis; `stateBefore(index)` is the merge over all paths and call chains
 */
import { linux } from '../base/linux.ts';
import type { Program } from '../program/program.ts';
import type { Cfg } from './cfg/cfg.ts';
import {
  type AbstractState,
  cloneState,
  mapPointers,
  mergeStates,
  sameChain,
  stateOf,
} from './domain/state.ts';
import { ANY, pointer, region } from './domain/value.ts';
import { baseOf, type Earlier, exploreAgain } from './engine/incremental.ts';
import { type Env, makeEnv, mergeIds, type VerifierRules } from './transfer/env.ts';
import { step } from './transfer/instruction.ts';

export interface Analysis {
  readonly program: Program;
  readonly cfg: Cfg;
  /** VerifierRules and tables that the transfer functions use. */
  readonly env: Env;
  /** What holds whenever instruction `index` is about to run; undefined when it never runs. */
  stateBefore(index: number): AbstractState | undefined;
  /** The same as a list of cases, of which one always holds: by chain of calls and by kinds of pointers. */
  statesBefore(index: number): readonly AbstractState[];
  /**
   * The same object for a block of another version exactly when its instructions and all that is known in it
   * are the same.
   */
  keyOf(block: number): object;
  /** What an analysis of a later version can build on. */
  readonly earlier: Earlier | undefined;
  /**
   * Where it was built on one whose blocks have the same numbers: that one's version, and the blocks that
   * have other keys.
   */
  readonly edit: { readonly from: object; readonly changed: readonly number[] } | undefined;
}

/** As sharp as we can; nothing is refused. */
export const ANALYSIS_RULES: VerifierRules = { linux: linux(6, 18), uninitStack: true, precision: 'best' };
/** Cases that are kept apart where pointers differ; what `statesBefore` lists. */
const DISJUNCTS = 8;
const STEP_LIMIT = 2_000_000;

/**
 * States of one call chain stay as they are; of several, only what the running function itself sees is kept.
 */
function alone(state: AbstractState): AbstractState {
  const depth = state.frames.length - 1;
  const frame = state.frames[depth]!;
  const only = stateOf({ ...frame, regs: frame.regs.slice(), callSite: -1 });
  mapPointers(only, (p) => {
    if (p.region.kind !== 'stack') return p;
    return p.region.frame === depth ? { ...p, region: region.stack(0) } : ANY;
  });
  only.frames[0]!.regs[10] = pointer(region.stack(0));
  return only;
}

/** Where an exploration entered a block, and with what. */
interface BlockEntry {
  index: number;
  states: readonly AbstractState[];
}

/** What is known before each instruction of a block, counted from its first. */
interface BlockStates {
  cases: AbstractState[][];
  merged: (AbstractState | undefined)[];
}

/** By block (`Analysis.keyOf`). */
const known = new WeakMap<object, BlockStates>();

class WholeProgram implements Analysis {
  readonly program: Program;
  readonly env: Env;
  readonly earlier: Earlier | undefined;
  readonly edit: Analysis['edit'];
  private readonly starts: ReadonlyMap<number, readonly BlockEntry[]>;
  private readonly keys = new Map<number, object>();
  /** False when the exploration was given up: then nothing may be claimed. */
  private readonly complete: boolean;

  constructor(program: Program, rules: VerifierRules, earlier: Analysis | undefined) {
    this.program = program;
    const base = baseOf(earlier?.earlier, program);
    const { env, found } = exploreAgain(
      makeEnv(program, rules, () => {}, undefined, base?.shape?.cfg),
      { disjuncts: DISJUNCTS, alike: 1, limit: STEP_LIMIT },
      base,
    );
    this.env = env;
    this.complete = found.complete;
    this.earlier = found.earlier;
    if (base !== undefined && found.changed !== undefined)
      this.edit = { from: base.earlier.version, changed: found.changed };
    const { blockOf } = env.cfg;
    const starts = new Map<number, BlockEntry[]>();
    for (const { index, states } of found.nodes.values()) {
      const start = { index, states: states.map((s) => s.state) };
      const there = starts.get(blockOf[index]!);
      if (there === undefined) starts.set(blockOf[index]!, [start]);
      else there.push(start);
    }
    this.starts = starts;
  }

  get cfg(): Cfg {
    return this.env.cfg;
  }

  keyOf(block: number): object {
    let key = this.earlier?.passages[block]?.key ?? this.keys.get(block);
    if (key === undefined) this.keys.set(block, (key = {}));
    return key;
  }

  /** Walk all nodes of a block once and keep the state before each instruction. */
  private knownIn(block: number): BlockStates {
    const key = this.keyOf(block);
    let there = known.get(key);
    if (there === undefined) known.set(key, (there = { cases: this.casesIn(block), merged: [] }));
    return there;
  }

  private casesIn(block: number): AbstractState[][] {
    const { start, end } = this.cfg.blocks[block]!;
    const cases: AbstractState[][] = Array.from({ length: end - start }, () => []);
    const there = this.earlier?.passages[block];
    const starts =
      there === undefined ? (this.starts.get(block) ?? []) : [{ index: start, states: there.states }];
    const begins = new Set(starts.map((n) => n.index));
    for (const { index: from, states } of starts)
      for (const first of states) {
        const state = cloneState(first);
        for (let index = from; index < end; index++) {
          // After a call of a subprogram the path continues at a node of its own.
          if (index > from && begins.has(index)) break;
          cases[index - start]!.push(cloneState(state));
          if (this.cfg.calls.some((c) => c.at === index && c.kind === 'call')) break;
          step(this.env, state, index, this.program.insns[index]!);
        }
      }
    return cases;
  }

  statesBefore(index: number): readonly AbstractState[] {
    if (!this.complete) return [unknownState(this.env, index)];
    const block = this.cfg.blockOf[index]!;
    return this.knownIn(block).cases[index - this.cfg.blocks[block]!.start]!;
  }

  stateBefore(index: number): AbstractState | undefined {
    if (!this.complete) return unknownState(this.env, index);
    const block = this.cfg.blockOf[index]!;
    const { merged } = this.knownIn(block);
    const at = index - this.cfg.blocks[block]!.start;
    if (!(at in merged)) merged[at] = this.mergeAt(index);
    return merged[at];
  }

  private mergeAt(index: number): AbstractState | undefined {
    const states = this.statesBefore(index);
    if (states.length <= 1) return states[0];
    const oneChain = states.every((s) => sameChain(s, states[0]!));
    return (oneChain ? states : states.map(alone)).reduce((a, b) =>
      mergeStates(a, b, mergeIds(this.env, index), 'join'),
    );
  }
}

/** Nothing is known but r10. */
function unknownState(env: Env, index: number): AbstractState {
  const fn = env.cfg.blocks[env.cfg.blockOf[index]!]!.fn;
  return stateOf({
    regs: [...new Array(10).fill(ANY), pointer(region.stack(0))],
    stack: new Array(64).fill(undefined),
    fn,
    callSite: -1,
  });
}

/**
 * Analyse a program. Never fails; of programs too large to explore only the frame pointer is known.
 * @param earlier of another version of it: makes it faster, and nothing else
 */
export function analyze(
  program: Program,
  rules: VerifierRules = ANALYSIS_RULES,
  earlier?: Analysis,
): Analysis {
  return new WholeProgram(program, rules, earlier);
}
