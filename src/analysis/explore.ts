/**
 * The driver of the abstract interpretation: from the entry, in reverse postorder, over blocks, calls and returns, to a
 * fixpoint. A node is a place where paths can meet (start of a block, return of a call) together with the chain of calls
 * that led there; callees are explored once per chain, as the kernel does. Each node keeps up to `disjuncts` states
 * side by side; beyond that, states are merged, and where that goes on, widened.
 */
import { jumpTarget } from '../isa/flow.ts';
import { type Insn, OP_LD_IMM64, PseudoLd } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import { branch } from './branch.ts';
import { stepUnknownCall } from './calls.ts';
import { type Env, mergeIds, readRegister } from './env.ts';
import {
  type AbstractState,
  cloneState,
  current,
  likeness,
  mergeStates,
  newFrame,
  sameSort,
  sortOf,
  stateSubsumes,
} from './state.ts';
import { step } from './step.ts';
import { ANY, pointer, region, UNINIT, type Value, type Widening } from './values.ts';

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
export interface Entry {
  state: AbstractState;
  sort: readonly string[];
  /** What follows from it was explored. */
  done: boolean;
  /** How often others were merged into it. */
  merges: number;
  /** The state that led here. */
  parent: Entry | undefined;
}

export interface Node {
  /** First instruction. */
  index: number;
  /** Call sites that led here, outermost first; what starts with -1 - fn is the run of callback fn. */
  chain: readonly number[];
  states: Entry[];
  /** Position in the order of exploration. */
  key: readonly number[];
}

export interface Exploration {
  nodes: ReadonlyMap<string, Node>;
  /** Instructions processed. */
  steps: number;
  complete: boolean;
}

const MAX_DEPTH = 8;
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
function nearest(entries: readonly Entry[], sort: readonly string[]): Entry {
  const scores = entries.map((e) => likeness(e.sort, sort));
  return entries[scores.indexOf(Math.max(...scores))]!;
}

/** True when `e` led to `of`, and nothing was merged on the way, which could hide what changes. */
function isAncestor(e: Entry, of: Entry | undefined): boolean {
  for (let x = of; x !== undefined && x.merges === 0; x = x.parent) if (x === e) return true;
  return false;
}

export class Explorer {
  readonly env: Env;
  readonly options: Options;
  readonly nodes = new Map<string, Node>();
  readonly pending = new Set<Node>();
  steps = 0;
  protected crowded = false;
  /** The state whose consequences are explored. */
  private from: Entry | undefined;

  constructor(env: Env, options: Options) {
    this.env = env;
    this.options = options;
  }

  private keyOf(index: number, chain: readonly number[]): number[] {
    const { cfg } = this.env;
    return [...chain, index].flatMap((at) => (at < 0 ? [-at, 0] : [cfg.rank[cfg.blockOf[at]!]!, at]));
  }

  /** A state arrives before instruction `index`. */
  arrive(index: number, chain: readonly number[], state: AbstractState): void {
    const name = `${chain.join(',')}:${index}`;
    let node = this.nodes.get(name);
    if (node === undefined)
      this.nodes.set(name, (node = { index, chain, states: [], key: this.keyOf(index, chain) }));
    this.forgetDead(index, state);
    if (this.join(index, node.states, state)) this.pending.add(node);
  }

  /** Adds a state to those of a place; false when they allow it already. */
  protected join(index: number, states: Entry[], state: AbstractState): boolean {
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
  private checkProgress(index: number, known: Entry, state: AbstractState): void {
    if (known.merges > 0 || !isAncestor(known, this.from) || !stateSubsumes(state, known.state)) return;
    this.env.report(index, `infinite loop detected at insn ${index}`);
  }

  private widening(index: number, merges: number): Widening {
    const { cfg, repeats } = this.env;
    if (repeats[cfg.blockOf[index]!] !== 1 || merges <= WIDEN_AFTER) return 'join';
    return merges > FORGET_AFTER ? 'forget' : 'widen';
  }

  protected forgetDead(index: number, state: AbstractState): void {
    const live = this.options.liveRegisters?.(index);
    if (live === undefined) return;
    const { regs } = current(state);
    for (let n = 0; n < 10; n++) if ((live & (1 << n)) === 0) regs[n] = UNINIT;
  }

  run(): Exploration {
    while (this.pending.size > 0) {
      let next: Node | undefined;
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

  /** Run from a node to the end of its block, to a call of a subprogram, or to an exit. */
  protected walk(node: Node, state: AbstractState): void {
    const { env } = this;
    const { insns } = env.program;
    const end = env.cfg.blocks[env.cfg.blockOf[node.index]!]!.end;
    for (let index = node.index; index < end; index++) {
      this.steps++;
      const i = insns[index]!;
      if (this.transfer(node, index, i, state)) return;
      step(env, state, index, i);
      if (i.op === OP_LD_IMM64 && i.src === PseudoLd.FUNC)
        this.startCallback(index, current(state).regs[i.dst]!);
    }
    this.flowTo(node.chain, end - 1, end, state);
  }

  protected flowTo(
    chain: readonly number[],
    from: number,
    to: number | undefined,
    state: AbstractState,
  ): void {
    const { env } = this;
    const fn = env.program.functions[current(state).fn]!;
    if (to === undefined || to < fn.start || to >= fn.end) {
      env.report(
        from,
        to === fn.end ? 'last insn is not an exit or jmp' : `jump out of range from insn ${from}`,
      );
      return;
    }
    this.arrive(to, chain, state);
  }

  /** Handles what transfers control; true when the walk ends here. */
  private transfer(node: Node, index: number, i: Insn, state: AbstractState): boolean {
    const { env } = this;
    const op = specOf(i);
    const target = (): number | undefined => jumpTarget(env.program.insns, index, env.cfg.offsets);
    switch (op?.kind) {
      case 'goto':
        this.flowTo(node.chain, index, target(), state);
        return true;
      case 'maygoto':
        this.flowTo(node.chain, index, target(), cloneState(state));
        this.flowTo(node.chain, index, index + 1, state);
        return true;
      case 'jump': {
        const ways = branch(env, state, index, i, op);
        if (ways.fallThrough !== undefined) this.flowTo(node.chain, index, index + 1, ways.fallThrough);
        if (ways.taken !== undefined) this.flowTo(node.chain, index, target(), ways.taken);
        return true;
      }
      case 'exit':
        this.leave(node, index, state);
        return true;
      case 'call':
        return op.target === 'local' && this.enter(node, index, state);
      default:
        return false;
    }
  }

  private enter(node: Node, index: number, state: AbstractState): boolean {
    const { env } = this;
    const callee = env.cfg.calls.find((c) => c.at === index)?.callee;
    const recursive = callee !== undefined && state.frames.some((f) => f.fn === callee);
    if (callee === undefined || recursive || state.frames.length >= MAX_DEPTH) {
      env.report(
        index,
        callee === undefined
          ? 'call to an instruction that starts no function'
          : `the call stack of ${state.frames.length + 1} frames is too deep`,
      );
      stepUnknownCall(state);
      this.flowTo(node.chain, index, index + 1, state);
      return true;
    }
    const frame = newFrame(callee, index, state.frames.length);
    for (let n = 1; n <= 5; n++) frame.regs[n] = current(state).regs[n]!;
    current(state).regs.fill(UNINIT, 0, 6);
    state.frames.push(frame);
    this.arrive(env.program.functions[callee]!.start, [...node.chain, index], state);
    return true;
  }

  private leave(node: Node, index: number, state: AbstractState): void {
    const { env } = this;
    const depth = state.frames.length - 1;
    if (depth === 0) {
      atExit(env, index, readRegister(env, state, index, 0), state);
      return;
    }
    // A function may leave nothing in r0; who reads it then is refused.
    const r0: Value = current(state).regs[0]!;
    if (r0.kind === 'pointer' && r0.region.kind === 'stack' && r0.region.frame === depth)
      env.report(index, 'cannot return stack pointer to the caller');
    const frame = state.frames.pop()!;
    current(state).regs[0] = r0;
    this.flowTo(node.chain.slice(0, -1), frame.callSite, frame.callSite + 1, state);
  }

  /** A function whose address is taken may be called back with anything. */
  private startCallback(index: number, f: Value): void {
    if (f.kind !== 'pointer' || f.region.kind !== 'function' || f.region.fn <= 0) return;
    const { fn } = f.region;
    const frame = newFrame(fn, index, 0);
    frame.regs.fill(ANY, 1, 6);
    this.arrive(this.env.program.functions[fn]!.start, [-1 - fn], { frames: [frame] });
  }
}

/** r0 when the program ends: a number where the hook restricts it. */
function atExit(env: Env, index: number, r0: Value, state: AbstractState): void {
  if (state.frames[0]!.fn !== 0) return;
  const range = env.exitRange;
  if (range === undefined || r0.kind === 'any') return;
  if (r0.kind !== 'scalar') {
    env.report(index, `At program exit the register R0 is not a known value (${r0.kind})`);
    return;
  }
  const [lo, hi] = range;
  // The kernel looks at the low half where the hook returns an int.
  const b = env.hook.returnBits === 32 ? r0.low : r0;
  if (b.smin < BigInt(lo) || b.smax > BigInt(hi))
    env.report(
      index,
      `At program exit the register R0 has smin=${b.smin} smax=${b.smax} should have been in [${lo}, ${hi}]`,
    );
}

/** The state in which the hook starts the program. */
export function entryState(): AbstractState {
  const frame = newFrame(0, -1, 0);
  frame.regs[1] = pointer(region.ctx);
  return { frames: [frame] };
}

export function explore(env: Env, options: Options): Exploration {
  const explorer = new Explorer(env, options);
  if (env.program.insns.length > 0) explorer.arrive(0, [], entryState());
  return explorer.run();
}
