/**
 * Exploration of a version of a program that was explored before. Without loops and calls of subprograms,
 * what is known in a block follows from the states that arrive and from its instructions: where both are as
 * they were, so is all that follows, and nothing is done.
 *
 *   program, Exploration of an earlier version --> the same Exploration as without the earlier one
 *
 * Ids are made of instructions' numbers. Instructions that stay keep theirs, so that states stay comparable.
 */
import { jumpTarget } from '../../isa/flow.ts';
import { OP_CALL } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import type { Block, Cfg } from '../cfg/cfg.ts';
import { type Common, commonOf, type SameShape, sameShape } from '../cfg/program-diff.ts';
import { type AbstractState, cloneState, sameState, sameStates } from '../domain/state.ts';
import type { Env } from '../transfer/env.ts';
import { entryStates, isCallbackCall } from './block-walk.ts';
import { type Exploration, Explorer, explore, type NodeState, type Options } from './fixpoint.ts';

/** A state that leaves a block. */
interface Way {
  /** By the jump at the block's end; else it falls through. */
  taken: boolean;
  state: AbstractState;
  /** Registers that are live where it goes; undefined: nobody asked. */
  live: number | undefined;
}

/** All that happens in one block. */
export interface Passage {
  /** In the order in which they come. */
  arrivals: readonly AbstractState[];
  /** The states before its first instruction, as far as they are kept apart. */
  states: readonly AbstractState[];
  ways: readonly Way[];
  /** Instructions processed. */
  steps: number;
  /** Something was reported, or it cannot be told which way was gone: to be explored again. */
  again: boolean;
  /** Whatever follows from `states` and the block's instructions may be kept under this key. */
  readonly key: object;
}

/** An exploration that later ones may build on. */
export interface Earlier {
  /** Stands for it where it must not be kept alive, with all that is known of its program. */
  version: object;
  program: Program;
  cfg: Cfg;
  labels: Int32Array;
  /** No instruction has this number, or one above it. */
  nextLabel: number;
  /** By block; undefined where no state arrives. */
  passages: readonly (Passage | undefined)[];
}

/** What an exploration builds on. */
export interface Base {
  earlier: Earlier;
  common: Common;
  /** Where only one block is another. */
  shape: SameShape | undefined;
}

export interface Explored extends Exploration {
  /** Undefined for what is explored in another way, or not to its end. */
  earlier?: Earlier;
  /**
   * Blocks that are others than in the base, by their `key` or their instructions; undefined where blocks
   * have other numbers than there.
   */
  changed?: readonly number[];
}

/** Undefined where nothing can be built on. */
export function baseOf(earlier: Earlier | undefined, program: Program): Base | undefined {
  const common = earlier && commonOf(earlier.program, program);
  if (earlier === undefined || common === undefined) return undefined;
  return { earlier, common, shape: sameShape(earlier.program, earlier.cfg, program, common) };
}

/**
 * True for programs whose blocks each run at most once: no loops, one function, and none that is called back.
 */
export function runsOnce({ cfg, program }: Pick<Env, 'cfg' | 'program'>): boolean {
  if (cfg.backEdges.length > 0 || cfg.calls.length > 0 || program.functions.length !== 1) return false;
  return !program.insns.some((i) => i.op === OP_CALL && isCallbackCall(i));
}

/** Explores a program; `env` of the answer is what its ids were made with. */
export function exploreAgain(
  env: Env,
  options: Options,
  base: Base | undefined,
): { env: Env; found: Explored } {
  if (env.program.insns.length === 0 || !runsOnce(env)) return { env, found: explore(env, options) };
  const { labels, nextLabel } = labelsOf(env.program.insns.length, base);
  const labelled: Env = { ...env, labels };
  const explorer = new InOrder(labelled, options, base);
  const found = explorer.run();
  // Too much for the limit: then it matters where it ends.
  if (explorer.isPastLimit) return exploreAgain(env, options, undefined);
  if (!explorer.isFinished) return { env: labelled, found };
  const { passages, changed } = explorer;
  const { cfg, program } = env;
  const earlier = { version: {}, program, cfg, labels, nextLabel, passages };
  return {
    env: labelled,
    found: { ...found, earlier, ...(base?.shape === undefined ? {} : { changed }) },
  };
}

/**
 * Numbers of instructions: those that stay keep theirs, those between take over as many as are free, from the
 * end.
 */
function labelsOf(length: number, base: Base | undefined): { labels: Int32Array; nextLabel: number } {
  if (base === undefined)
    return { labels: Int32Array.from({ length }, (_, index) => index), nextLabel: length };
  const { earlier, common } = base;
  const { prefix, suffix } = common;
  const labels = new Int32Array(length);
  labels.set(earlier.labels.subarray(0, prefix));
  let { nextLabel } = earlier;
  const shift = earlier.labels.length - length;
  for (let index = length - suffix - 1; index >= prefix; index--)
    labels[index] = index + shift >= prefix ? earlier.labels[index + shift]! : nextLabel++;
  labels.set(earlier.labels.subarray(earlier.labels.length - suffix), length - suffix);
  return { labels, nextLabel };
}

class InOrder extends Explorer {
  /** By block. */
  readonly passages: (Passage | undefined)[];
  readonly changed: number[] = [];
  /** It came to its end: nothing is missing. */
  isFinished = false;
  /** It ended in what was not explored again. */
  isPastLimit = false;
  private readonly base: Base | undefined;
  /** Blocks to look at: 1. */
  private readonly todo: Uint8Array;
  /** Of the block at hand. */
  private ways: Way[] = [];
  /** The instruction behind it. */
  private behind = 0;
  private reported = false;

  constructor(env: Env, options: Options, base: Base | undefined) {
    const report: Env['report'] = (...what) => {
      this.reported = true;
      env.report(...what);
    };
    super({ ...env, report }, options);
    this.base = base;
    const count = env.cfg.blocks.length;
    this.todo = new Uint8Array(count);
    if (base?.shape === undefined) {
      this.passages = new Array<Passage | undefined>(count).fill(undefined);
      this.todo.fill(1);
      return;
    }
    this.passages = base.earlier.passages.slice();
    this.todo[base.shape.block] = 1;
    this.passages.forEach((passage, id) => {
      if (passage !== undefined && !this.holds(passage, env.cfg.blocks[id]!)) this.todo[id] = 1;
    });
    // What dead registers hold on entry is forgotten.
    if (options.liveRegisters !== undefined) this.todo[env.cfg.entries[0]!] = 1;
  }

  override arrive(index: number, _chain: readonly number[], state: AbstractState): void {
    this.forgetDead(index, state);
    this.ways.push({ taken: index !== this.behind, state, live: this.options.liveRegisters?.(index) });
  }

  override run(): Exploration {
    const { cfg } = this.env;
    for (const id of cfg.order[0]!) {
      const old = this.before(id);
      let now = this.passages[id];
      if (this.todo[id] === 1) {
        const arrivals = this.arrivalsAt(id);
        now = arrivals.length === 0 ? undefined : this.passage(id, arrivals, old);
        if (now === undefined && arrivals.length > 0) return this.found(this.options.enough?.() === true);
        this.passages[id] = now;
        // Also where no state arrives: its instructions are others.
        if (now?.key !== old?.key || id === this.base?.shape?.block) this.changed.push(id);
        if (!sameWays(now?.ways ?? [], old?.ways ?? []))
          for (const s of cfg.blocks[id]!.successors) this.todo[s] = 1;
      }
      if (now === undefined || now.key !== old?.key) continue;
      this.steps += now.steps;
      this.isPastLimit = this.steps > this.options.limit;
      if (this.isPastLimit) return this.found(false);
    }
    this.isFinished = true;
    return this.found(true);
  }

  /** States that come to a block, in the order of the blocks that they come from. */
  private arrivalsAt(id: number): AbstractState[] {
    const { blocks, blockOf, order, predecessors, rank } = this.env.cfg;
    if (id === order[0]![0]) {
      const { state } = entryStates(this.env)[0]!;
      this.forgetDead(0, state);
      return [state];
    }
    const from = predecessors[id]!.filter((p) => rank[p]! >= 0).sort((a, b) => rank[a]! - rank[b]!);
    return from.flatMap((p) =>
      (this.passages[p]?.ways ?? [])
        .filter(({ taken }) => blockOf[this.goal(blocks[p]!, taken)!] === id)
        .map(({ state }) => state),
    );
  }

  /** What happened in this block in the earlier version. */
  private before(id: number): Passage | undefined {
    const { base } = this;
    if (base === undefined) return undefined;
    const { common, earlier, shape } = base;
    const { cfg, passages, program } = earlier;
    if (shape !== undefined) return passages[id];
    const block = this.env.cfg.blocks[id]!;
    const { length } = this.env.program.insns;
    const shift = program.insns.length - length;
    if (block.end > common.prefix && block.start < length - common.suffix) return undefined;
    const start = block.end <= common.prefix ? block.start : block.start + shift;
    const end = start + block.end - block.start;
    const old = cfg.blocks[cfg.blockOf[start]!]!;
    if (old.start !== start || old.end !== end) return undefined;
    // It falls off the end, or does not any more.
    if ((block.end === length) !== (end === program.insns.length)) return undefined;
    return passages[old.id];
  }

  /** What happened in the block can happen again, and says all. */
  private holds({ again, ways }: Passage, block: Block): boolean {
    if (again) return false;
    // Of control flow as it was, only what is live behind the block can be another.
    if (this.base?.shape !== undefined && this.options.liveRegisters === undefined) return true;
    return ways.every(({ taken, live }) => {
      const to = this.goal(block, taken);
      return to !== undefined && live === this.options.liveRegisters?.(to);
    });
  }

  private goal(block: Block, taken: boolean): number | undefined {
    const { program, cfg } = this.env;
    return taken ? jumpTarget(program.insns, block.end - 1, cfg.offsets) : block.end;
  }

  /** Undefined when the exploration ends here. `old`: of the block in the earlier version. */
  private passage(
    id: number,
    arrivals: readonly AbstractState[],
    old: Passage | undefined,
  ): Passage | undefined {
    const block = this.env.cfg.blocks[id]!;
    const holds = old !== undefined && id !== this.base?.shape?.block && this.holds(old, block);
    if (holds && sameStates(old.arrivals, arrivals)) return old;
    const entries: NodeState[] = [];
    for (const state of arrivals) this.join(block.start, entries, state);
    if (this.crowded) return undefined;
    const states = entries.map((e) => e.state);
    if (holds && sameStates(old.states, states)) return { ...old, arrivals };
    this.ways = [];
    this.behind = block.end;
    this.reported = false;
    const first = this.steps;
    for (const state of states) {
      this.walk({ index: block.start, chain: [] }, cloneState(state));
      if (this.options.enough?.() === true || this.steps > this.options.limit) return undefined;
    }
    const isUnclear = this.goal(block, true) === block.end;
    return {
      arrivals,
      states,
      ways: this.ways.map((way, n) => asBefore(way, old?.ways[n])),
      steps: this.steps - first,
      again: this.reported || isUnclear,
      key: {},
    };
  }
}

/** The earlier state where it is the same: the next one to compare it sees that at once. */
function asBefore(way: Way, before: Way | undefined): Way {
  return before !== undefined && sameState(before.state, way.state) ? { ...way, state: before.state } : way;
}

function sameWays(a: readonly Way[], b: readonly Way[]): boolean {
  return a.length === b.length && a.every((way, n) => way.state === b[n]!.state && way.taken === b[n]!.taken);
}
