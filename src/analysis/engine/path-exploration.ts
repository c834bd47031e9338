/**
 * Exploration as the kernel verifier goes: path by path, the way without a jump first; nothing is merged. A
 * path ends where a state arrives that allows no more than one whose consequences are all known; a state that
 * comes back to itself never ends. Which states are remembered follows is_state_visited() of
 * kernel/bpf/verifier.c.
 */
import { specOf } from '../../isa/semantics.ts';
import { type AbstractState, cloneState, mergeStates, stateSubsumes } from '../domain/state.ts';
import { type Env, mergeIds } from '../transfer/env.ts';
import { entryStates, isCallbackCall, Walker, type WalkPoint } from './block-walk.ts';

export interface ExplorationOptions {
  /** Instructions to process before giving up. */
  limit: number;
  /** Asked after each block: may the exploration end early? */
  enough: () => boolean;
  /** Registers that are live before an instruction: dead ones are forgotten, so that more states agree. */
  liveRegisters: (index: number) => number;
  /** The kernel ends loops of this program itself. */
  loopsEnd: boolean;
}

/** A state that arrived at a place, and how much of what follows from it is still to be seen. */
interface VisitedState {
  state: AbstractState;
  /** Paths from here that are not at their end; 0: nothing is wrong with what follows. */
  open: number;
  hits: number;
  misses: number;
  parent: VisitedState | undefined;
}

interface PendingPath extends WalkPoint {
  state: AbstractState;
  parent: VisitedState | undefined;
}

/** BPF_COMPLEXITY_LIMIT_JMP_SEQ: ways that may wait to be taken. */
const MOST_PENDING = 8192;

class Paths extends Walker {
  private readonly options: ExplorationOptions;
  private readonly entries = new Map<string, VisitedState[]>();
  private readonly pending: PendingPath[] = [];
  /** The state whose consequences are explored. */
  private from: VisitedState | undefined;
  private jumps = 0;
  private jumpsThen = 0;
  private stepsThen = 0;

  constructor(env: Env, options: ExplorationOptions) {
    super(env, options.liveRegisters);
    this.options = options;
  }

  override arrive(index: number, chain: readonly number[], state: AbstractState): void {
    if (this.pending.length > MOST_PENDING)
      this.env.report(index, `The sequence of ${MOST_PENDING + 1} jumps is too complex.`);
    if (this.from !== undefined) this.from.open++;
    this.pending.push({ index, chain, state, parent: this.from });
  }

  run(): { steps: number; complete: boolean } {
    for (const { index, chain, state } of entryStates(this.env)) this.arrive(index, chain, state);
    for (let next = this.pending.pop(); next !== undefined; next = this.pending.pop()) {
      this.follow(next);
      if (this.options.enough()) return { steps: this.steps, complete: true };
      if (this.steps > this.options.limit) return { steps: this.steps, complete: false };
    }
    return { steps: this.steps, complete: true };
  }

  private follow({ index, chain, state, parent }: PendingPath): void {
    this.jumps++;
    this.forgetDead(index, state);
    const entry = this.visit(index, chain, state, parent);
    if (entry !== undefined) {
      this.from = entry;
      this.walk({ index, chain }, entry === parent ? state : cloneState(entry.state));
      this.from = undefined;
      if (entry !== parent && entry.open > 0) return;
    }
    this.close(parent);
  }

  /** A path from `entry` has come to its end. */
  private close(entry: VisitedState | undefined): void {
    for (let e = entry; e !== undefined && --e.open === 0; ) e = e.parent;
  }

  /** Where to go on from: a new entry or the last one; undefined when the path need not be followed. */
  private visit(
    index: number,
    chain: readonly number[],
    state: AbstractState,
    parent: VisitedState | undefined,
  ): VisitedState | undefined {
    const i = this.env.program.insns[index]!;
    const name = `${chain.join(',')}:${index}`;
    let list = this.entries.get(name);
    if (list === undefined) this.entries.set(name, (list = []));
    const isMayGoto = specOf(i)?.kind === 'maygoto';
    const bounded = isMayGoto || isCallbackCall(i);
    let add = parent === undefined || bounded || this.isFar(2, 8);
    for (let n = 0; n < list.length; n++) {
      const e = list[n]!;
      const covers = stateSubsumes(e.state, state);
      const isNextRound = e.state.rounds !== state.rounds;
      if (covers && (e.open === 0 || (bounded && (!isMayGoto || isNextRound)) || this.options.loopsEnd)) {
        e.hits++;
        return undefined;
      }
      if (e.open > 0) {
        if (covers && !isNextRound && stateSubsumes(state, e.state)) {
          this.env.report(index, `infinite loop detected at insn ${index}`);
          return undefined;
        }
        if (!bounded && this.jumps - this.jumpsThen < 20 && this.steps - this.stepsThen < 100) add = false;
      }
      if (add) e.misses++;
      if (e.misses > e.hits * 3 + 3 && !bounded) list.splice(n--, 1);
    }
    if (!add) return parent;
    [this.jumpsThen, this.stepsThen] = [this.jumps, this.steps];
    const met = bounded ? list.find((e) => e.open > 0) : undefined;
    const entry: VisitedState = {
      state: met === undefined ? state : mergeStates(met.state, state, mergeIds(this.env, index), 'widen'),
      open: 0,
      hits: 0,
      misses: 0,
      parent,
    };
    list.unshift(entry);
    return entry;
  }

  private isFar(jumps: number, steps: number): boolean {
    return this.jumps - this.jumpsThen >= jumps && this.steps - this.stepsThen >= steps;
  }
}

/** Follows all paths; `complete` is false when the limit came first. */
export function followPaths(env: Env, options: ExplorationOptions): { steps: number; complete: boolean } {
  return new Paths(env, options).run();
}
