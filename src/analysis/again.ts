/**
 * Exploration of a version of a program that was explored before. Without loops and calls of subprograms, what is known in
 * a block follows from the states that arrive and from its instructions: where both are as they were, so is all that
 * follows, and nothing is done.
 *
 *   program, Exploration of an earlier version --> the same Exploration as without the earlier one
 *
 * Ids are made of instructions' numbers. Instructions that stay keep theirs, so that states stay comparable.
 */
import { jumpTarget } from '../isa/flow.ts';
import type { Program } from '../program/program.ts';
import type { Block, Cfg } from './cfg.ts';
import { type Common, commonOf } from './edited.ts';
import type { Env } from './env.ts';
import { type Entry, type Exploration, Explorer, explore, type Options } from './explore.ts';
import { sameState, sameStates } from './same.ts';
import { type AbstractState, cloneState } from './state.ts';
import { entryState } from './walk.ts';

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
  program: Program;
  cfg: Cfg;
  labels: Int32Array;
  /** By the blocks' first instructions. */
  passages: ReadonlyMap<number, Passage>;
}

export interface Explored extends Exploration {
  /** Undefined for what is explored in another way. */
  earlier?: Earlier;
}

/** True for programs whose blocks each run at most once: no loops, one function. */
export function runsOnce({ cfg, program }: Pick<Env, 'cfg' | 'program'>): boolean {
  return cfg.backEdges.length === 0 && cfg.calls.length === 0 && program.functions.length === 1;
}

/** Explores a program, with the help of an earlier version of it where that is possible. */
export function exploreAgain(
  env: Env,
  options: Options,
  earlier: Earlier | undefined,
): { env: Env; found: Explored } {
  if (env.program.insns.length === 0 || !runsOnce(env)) return { env, found: explore(env, options) };
  const common = earlier && commonOf(earlier.program, env.program);
  const labels = labelsOf(env.program.insns.length, earlier, common);
  const labelled: Env = { ...env, labels };
  const explorer = new InOrder(labelled, options, common && earlier && { ...earlier, common });
  explorer.arrive(0, [], entryState());
  const found = explorer.run();
  const { cfg, program } = env;
  return {
    env: labelled,
    found: { ...found, earlier: { program, cfg, labels, passages: explorer.passages } },
  };
}

/** Numbers of instructions: those that stay keep theirs, those between take over as many as are free, from the end. */
function labelsOf(length: number, earlier: Earlier | undefined, common: Common | undefined): Int32Array {
  const labels = Int32Array.from({ length }, (_, index) => index);
  if (earlier === undefined || common === undefined) return labels;
  const old = earlier.labels;
  const shift = old.length - length;
  let next = old.reduce((most, label) => Math.max(most, label), 0) + 1;
  for (let index = 0; index < length; index++) {
    const before = index < common.prefix ? index : index + shift;
    labels[index] = index < common.prefix || before >= common.prefix ? old[before]! : next++;
  }
  return labels;
}

class InOrder extends Explorer {
  readonly passages = new Map<number, Passage>();
  private readonly earlier: (Earlier & { common: Common }) | undefined;
  private readonly arrivals = new Map<number, AbstractState[]>();
  /** Of the block at hand; undefined before the first one. */
  private ways: Way[] | undefined;
  /** The instruction behind it. */
  private behind = 0;
  private reported = false;

  constructor(env: Env, options: Options, earlier: (Earlier & { common: Common }) | undefined) {
    const report: Env['report'] = (index, reason) => {
      this.reported = true;
      env.report(index, reason);
    };
    super({ ...env, report }, options);
    this.earlier = earlier;
  }

  override arrive(index: number, _chain: readonly number[], state: AbstractState): void {
    this.forgetDead(index, state);
    if (this.ways === undefined) this.deliver(index, state);
    else this.ways.push({ taken: index !== this.behind, state, live: this.options.liveRegisters?.(index) });
  }

  private deliver(index: number, state: AbstractState): void {
    const there = this.arrivals.get(index);
    if (there === undefined) this.arrivals.set(index, [state]);
    else there.push(state);
  }

  override run(): Exploration {
    const { blocks, order } = this.env.cfg;
    for (const id of order[0]!) {
      const block = blocks[id]!;
      const arrivals = this.arrivals.get(block.start);
      if (arrivals === undefined) continue;
      this.arrivals.delete(block.start);
      const before = this.before(block);
      const passage =
        before !== undefined && sameStates(before.arrivals, arrivals)
          ? before
          : this.cross(block, arrivals, before);
      if (passage === undefined) return this.found(this.options.enough?.() === true);
      if (passage === before) this.steps += passage.steps;
      this.passages.set(block.start, passage);
      for (const { taken, state } of passage.ways) this.deliver(this.goal(block, taken)!, state);
    }
    return this.found(true);
  }

  /** What happened in this block in the earlier version, where that can happen again. */
  private before(block: Block): Passage | undefined {
    if (this.earlier === undefined) return undefined;
    const { common, cfg, passages, program } = this.earlier;
    const { length } = this.env.program.insns;
    const shift = program.insns.length - length;
    if (block.end > common.prefix && block.start < length - common.suffix) return undefined;
    const start = block.end <= common.prefix ? block.start : block.start + shift;
    const end = start + block.end - block.start;
    const old = cfg.blocks[cfg.blockOf[start]!]!;
    if (old.start !== start || old.end !== end) return undefined;
    // It falls off the end, or does not any more.
    if ((block.end === length) !== (end === program.insns.length)) return undefined;
    const passage = passages.get(start);
    return passage !== undefined && this.holds(passage, block) ? passage : undefined;
  }

  private holds({ again, steps, ways }: Passage, block: Block): boolean {
    if (again || this.steps + steps > this.options.limit) return false;
    return ways.every(({ taken, live }) => {
      const to = this.goal(block, taken);
      return to !== undefined && live === this.options.liveRegisters?.(to);
    });
  }

  private goal(block: Block, taken: boolean): number | undefined {
    const { program, cfg } = this.env;
    return taken ? jumpTarget(program.insns, block.end - 1, cfg.offsets) : block.end;
  }

  /** Undefined when the exploration ends here. */
  private cross(
    block: Block,
    arrivals: readonly AbstractState[],
    before: Passage | undefined,
  ): Passage | undefined {
    const entries: Entry[] = [];
    for (const state of arrivals) this.join(block.start, entries, state);
    if (this.crowded) return undefined;
    const states = entries.map((e) => e.state);
    if (before !== undefined && sameStates(before.states, states)) {
      this.steps += before.steps;
      return { ...before, arrivals };
    }
    const ways: Way[] = (this.ways = []);
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
      ways: ways.map((way, n) => asBefore(way, before?.ways[n])),
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
