/**
 * Exploration with merging: from the entry, in reverse postorder, over blocks, calls and returns, to a
 * fixpoint. A node is a place where paths can meet (start of a block, return of a call) together with the
 * chain of calls that led there; callees are explored once per chain, as the kernel does. Each node keeps up
 * to `disjuncts` states side by side; beyond that, states are merged, and where that goes on, widened.
 */

import {
  type AbstractState,
  cloneState,
  likeness,
  mergeStates,
  sameSort,
  sortOf,
  stateSubsumes,
} from '../domain/state.ts';
import type { Widening } from '../domain/value.ts';
import { type Env, mergeIds } from '../transfer/env.ts';
import { entryStates, isCallbackCall, Walker, type WalkPoint } from './block-walk.ts';

export interface Options {
  /** States that a node keeps apart; 1 = merge at every join. */
  disjuncts: number;
  /** Of these, states that differ in numbers only. */
  alike: number;
  /** Instructions to process before giving up. */
  limit: number;
  /** Without merging (`disjuncts` infinite): states of one node beyond which the exploration is given up. */
  most?: number;
  /** Asked after each block: may the exploration end early? */
  enough?: () => boolean;
  /** Registers that are live before an instruction: dead ones are forgotten, so that more states agree. */
  liveRegisters?: (index: number) => number;
}

/** One of the states that arrive at a node. */
export interface NodeState {
  state: AbstractState;
  sort: readonly string[];
  /** What follows from it was explored. */
  done: boolean;
  /** How often others were merged into it. */
  merges: number;
  /** The state that led here. */
  parent: NodeState | undefined;
}

export interface FixpointNode extends WalkPoint {
  states: NodeState[];
  /** Position in the order of exploration. */
  key: readonly number[];
}

export interface Exploration {
  nodes: ReadonlyMap<string, FixpointNode>;
  /** Instructions processed. */
  steps: number;
  complete: boolean;
}

const WIDEN_AFTER = 4;
const FORGET_AFTER = 24;

function before(a: readonly number[], b: readonly number[]): boolean {
  for (let n = 0; ; n++) {
    const [x, y] = [a[n], b[n]];
    if (x === undefined || y === undefined) return x === undefined && y !== undefined;
    if (x !== y) return x < y;
  }
}

/** The state that loses least when it is merged with one of this sort. */
function nearest(entries: readonly NodeState[], sort: readonly string[]): NodeState {
  const scores = entries.map((e) => likeness(e.sort, sort));
  return entries[scores.indexOf(Math.max(...scores))]!;
}

/** True when `e` led to `of`, and nothing was merged on the way, which could hide what changes. */
function isAncestor(e: NodeState, of: NodeState | undefined): boolean {
  for (let x = of; x !== undefined && x.merges === 0; x = x.parent) if (x === e) return true;
  return false;
}

export class Explorer extends Walker {
  readonly options: Options;
  readonly nodes = new Map<string, FixpointNode>();
  readonly pending = new Set<FixpointNode>();
  /** The state whose consequences are explored. */
  private from: NodeState | undefined;
  protected crowded = false;

  constructor(env: Env, options: Options) {
    super(env, options.liveRegisters);
    this.options = options;
  }

  private keyOf(index: number, chain: readonly number[]): number[] {
    const { cfg } = this.env;
    return [...chain, index].flatMap((at) => (at < 0 ? [-at, 0] : [cfg.rank[cfg.blockOf[at]!]!, at]));
  }

  /** A state arrives before instruction `index`. */
  override arrive(index: number, chain: readonly number[], state: AbstractState): void {
    const name = `${chain.join(',')}:${index}`;
    let node = this.nodes.get(name);
    if (node === undefined)
      this.nodes.set(name, (node = { index, chain, states: [], key: this.keyOf(index, chain) }));
    this.forgetDead(index, state);
    if (this.join(index, node.states, state)) this.pending.add(node);
  }

  /** Adds a state to those of a place; false when they allow it already. */
  protected join(index: number, states: NodeState[], state: AbstractState): boolean {
    const covered = states.find((s) => stateSubsumes(s.state, state));
    if (covered !== undefined) {
      this.checkProgress(index, covered, state);
      return false;
    }
    const { disjuncts, alike: most } = this.options;
    if (states.length >= (this.options.most ?? Infinity)) this.crowded = true;
    const sort = disjuncts === Infinity ? [] : sortOf(state);
    const alike = disjuncts === Infinity ? [] : states.filter((s) => sameSort(s.sort, sort));
    if (states.length < disjuncts && alike.length < most)
      states.push({ state, sort, done: false, merges: 0, parent: this.from });
    else {
      const old = alike[0] ?? nearest(states, sort);
      const how = this.widening(index, ++old.merges);
      old.state = mergeStates(old.state, state, mergeIds(this.env, index), how);
      old.sort = sortOf(old.state);
      old.done = false;
    }
    return true;
  }

  /** A loop that comes back to where it was with nothing changed never ends. */
  private checkProgress(index: number, known: NodeState, state: AbstractState): void {
    // A callback comes back to its call as often as the helper likes.
    if (isCallbackCall(this.env.program.insns[index]!) || state.frames.some((f) => f.callback)) return;
    if (known.merges > 0 || known.state.rounds !== state.rounds) return;
    if (!isAncestor(known, this.from) || !stateSubsumes(state, known.state)) return;
    this.env.report(index, `infinite loop detected at insn ${index}`);
  }

  private widening(index: number, merges: number): Widening {
    const { cfg, repeats, program } = this.env;
    const again = repeats[cfg.blockOf[index]!] === 1 || isCallbackCall(program.insns[index]!);
    if (!again || merges <= WIDEN_AFTER) return 'join';
    return merges > FORGET_AFTER ? 'forget' : 'widen';
  }

  run(): Exploration {
    while (this.pending.size > 0) {
      let next: FixpointNode | undefined;
      for (const node of this.pending) if (next === undefined || before(node.key, next.key)) next = node;
      this.pending.delete(next!);
      for (const entry of next!.states) {
        if (entry.done) continue;
        entry.done = true;
        this.from = entry;
        this.walk(next!, cloneState(entry.state));
        if (this.options.enough?.() === true) return this.found(true);
        if (this.crowded || this.steps > this.options.limit) return this.found(false);
      }
    }
    return this.found(true);
  }

  protected found(complete: boolean): Exploration {
    return { nodes: this.nodes, steps: this.steps, complete };
  }
}

export function explore(env: Env, options: Options): Exploration {
  const explorer = new Explorer(env, options);
  if (env.program.insns.length > 0)
    for (const { index, chain, state } of entryStates(env)) explorer.arrive(index, chain, state);
  return explorer.run();
}
