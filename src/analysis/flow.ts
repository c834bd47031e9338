/**
 * Forward analysis of a whole program: what is known before each instruction, whatever path led there.
 *
 *   in:   Program
 *   out:  Analysis; `stateBefore(index)` is the merge over all paths and call chains
 */
import type { Program } from '../program/program.ts';
import type { Cfg } from './cfg.ts';
import { type Env, makeEnv, mergeIds, type Rules } from './env.ts';
import { explore, type Node } from './explore.ts';
import { type AbstractState, cloneState, mapPointers, mergeStates, sameChain } from './state.ts';
import { step } from './step.ts';
import { ANY, pointer, region } from './values.ts';

export interface Analysis {
  readonly program: Program;
  readonly cfg: Cfg;
  /** Rules and tables that the transfer functions use. */
  readonly env: Env;
  /** What holds whenever instruction `index` is about to run; undefined when it never runs. */
  stateBefore(index: number): AbstractState | undefined;
  /** The same as a list of cases, of which one always holds: by chain of calls and by kinds of pointers. */
  statesBefore(index: number): readonly AbstractState[];
}

/** As sharp as we can; nothing is refused. */
export const ANALYSIS_RULES: Rules = { linux: 618, uninitStack: true, precision: 'best' };
/** Cases that are kept apart where pointers differ; what `statesBefore` lists. */
const DISJUNCTS = 8;
const STEP_LIMIT = 2_000_000;

/** States of one call chain stay as they are; of several, only what the running function itself sees is kept. */
function alone(state: AbstractState): AbstractState {
  const depth = state.frames.length - 1;
  const frame = state.frames[depth]!;
  const only: AbstractState = { frames: [{ ...frame, regs: frame.regs.slice(), callSite: -1 }] };
  mapPointers(only, (p) => {
    if (p.region.kind !== 'stack') return p;
    return p.region.frame === depth ? { ...p, region: region.stack(0) } : ANY;
  });
  only.frames[0]!.regs[10] = pointer(region.stack(0));
  return only;
}

class WholeProgram implements Analysis {
  readonly program: Program;
  readonly env: Env;
  private readonly nodes: ReadonlyMap<number, readonly Node[]>;
  private readonly cache = new Map<number, AbstractState[]>();
  private readonly merged = new Map<number, AbstractState | undefined>();
  /** False when the exploration was given up: then nothing may be claimed. */
  private readonly complete: boolean;

  constructor(program: Program, rules: Rules) {
    this.program = program;
    this.env = makeEnv(program, rules, () => {});
    const found = explore(this.env, { disjuncts: DISJUNCTS, alike: 1, limit: STEP_LIMIT });
    this.complete = found.complete;
    const byBlock = new Map<number, Node[]>();
    for (const node of found.nodes.values()) {
      const block = this.env.cfg.blockOf[node.index]!;
      const list = byBlock.get(block);
      if (list === undefined) byBlock.set(block, [node]);
      else list.push(node);
    }
    this.nodes = byBlock;
  }

  get cfg(): Cfg {
    return this.env.cfg;
  }

  /** Walk all nodes of a block once and keep the state before each instruction. */
  private fill(block: number): void {
    const { start, end } = this.cfg.blocks[block]!;
    for (let index = start; index < end; index++) this.cache.set(index, []);
    const nodes = this.nodes.get(block) ?? [];
    const begins = new Set(nodes.map((n) => n.index));
    for (const node of nodes)
      for (const { state: first } of node.states) {
        const state = cloneState(first);
        for (let index = node.index; index < end; index++) {
          // After a call of a subprogram the path continues at a node of its own.
          if (index > node.index && begins.has(index)) break;
          this.cache.get(index)!.push(cloneState(state));
          if (this.cfg.calls.some((c) => c.at === index && c.kind === 'call')) break;
          step(this.env, state, index, this.program.insns[index]!);
        }
      }
  }

  statesBefore(index: number): readonly AbstractState[] {
    if (!this.complete) return [unknownState(this.env, index)];
    if (!this.cache.has(index)) this.fill(this.cfg.blockOf[index]!);
    return this.cache.get(index)!;
  }

  stateBefore(index: number): AbstractState | undefined {
    if (this.merged.has(index)) return this.merged.get(index);
    const state = this.mergeAt(index);
    this.merged.set(index, state);
    return state;
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
  return {
    frames: [
      {
        regs: [...new Array(10).fill(ANY), pointer(region.stack(0))],
        stack: new Array(64).fill(undefined),
        fn,
        callSite: -1,
      },
    ],
  };
}

/** Analyse a program. Never fails; of programs too large to explore only the frame pointer is known. */
export function analyze(program: Program, rules: Rules = ANALYSIS_RULES): Analysis {
  return new WholeProgram(program, rules);
}
