/**
 * One walk of the abstract interpretation: from a node (start of a block, return of a call, call of a
 * callback) through a block to where paths part or functions change. Who decides what happens to the states
 * that arrive at nodes is left open: fixpoint.ts merges them, path-exploration.ts follows each path by
 * itself.
 */
import { jumpTarget } from '../../isa/flow.ts';
import { type Insn, OP_LD_IMM64, PseudoLd } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { isExceptionCallback } from '../../program/contracts/contract.ts';
import { Helper } from '../../program/tables/helpers.ts';
import { constant, UNKNOWN } from '../domain/scalar.ts';
import { type AbstractState, cloneState, current, type Frame, newFrame, stateOf } from '../domain/state.ts';
import { ANY, pointer, region, UNINIT, type Value } from '../domain/value.ts';
import { branch } from '../transfer/branch.ts';
import { callbackArguments, callbackOf } from '../transfer/callbacks.ts';
import { type Env, readRegister } from '../transfer/env.ts';
import { stepUnknownCall } from '../transfer/helper-call.ts';
import { step } from '../transfer/instruction.ts';
import { isOpaque, openEntry, staleByTailCall, stepOpenCall } from '../transfer/open-calls.ts';
import { checkLeaks } from '../transfer/references.ts';

/** A place where paths can meet, with the calls that led there. */
export interface WalkPoint {
  /** First instruction. */
  index: number;
  /** Call sites that led here, outermost first; what starts with -1 - fn is the run of callback fn. */
  chain: readonly number[];
}

const MAX_DEPTH = 8;
/**
 * Call site of a frame that nothing below it called: whichever instructions name a function, it is one run of
 * it.
 */
const NO_CALL = -1;

export abstract class Walker {
  readonly env: Env;
  /** Instructions processed. */
  steps = 0;
  /** Registers that are live before an instruction: dead ones are forgotten, so that more states agree. */
  private readonly live: ((index: number) => number) | undefined;

  /** Callbacks run where a helper calls them; else at any time, with anything. */
  private readonly asKernel: boolean;
  /** The same, and there are functions whose address is taken. */
  private readonly takesFunctions: boolean;
  /** Open functions whose exploration has begun. */
  private readonly started = new Set<number>();

  constructor(env: Env, live: ((index: number) => number) | undefined) {
    this.env = env;
    this.live = live;
    this.asKernel = env.rules.precision === 'kernel';
    this.takesFunctions = this.asKernel && env.cfg.calls.some((c) => c.kind === 'callback');
  }

  /** A state arrives before instruction `index`. */
  abstract arrive(index: number, chain: readonly number[], state: AbstractState): void;

  protected forgetDead(index: number, state: AbstractState): void {
    const live = this.live?.(index);
    if (live === undefined) return;
    const { regs } = current(state);
    for (let n = 0; n < 10; n++) if ((live & (1 << n)) === 0) regs[n] = UNINIT;
  }

  /** Run from a node to the end of its block, to a call of a subprogram, or to an exit. */
  protected walk(node: WalkPoint, state: AbstractState): void {
    const { env } = this;
    const { insns } = env.program;
    const end = env.cfg.blocks[env.cfg.blockOf[node.index]!]!.end;
    for (let index = node.index; index < end; index++) {
      const i = insns[index]!;
      if (index > node.index && this.isCallNode(i)) {
        this.arrive(index, node.chain, state);
        return;
      }
      this.steps++;
      const wrong = env.onRun.get(index);
      if (wrong !== undefined) env.report(index, wrong);
      if (this.transfer(node, index, i, state)) return;
      if (this.callsBack(i)) this.enterCallback(node, index, i, state);
      step(env, state, index, i);
      if (!this.asKernel && i.op === OP_LD_IMM64 && i.src === PseudoLd.FUNC)
        this.startCallback(current(state).regs[i.dst]!);
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
  private transfer(node: WalkPoint, index: number, i: Insn, state: AbstractState): boolean {
    const { env } = this;
    const op = specOf(i);
    const target = (): number | undefined => jumpTarget(env.program.insns, index, env.cfg.offsets);
    switch (op?.kind) {
      case 'goto':
        this.flowTo(node.chain, index, target(), state);
        return true;
      case 'maygoto':
        this.flowTo(node.chain, index, target(), cloneState(state));
        state.rounds++;
        this.flowTo(node.chain, index, index + 1, state);
        return true;
      case 'jump': {
        const ways = branch(env, state, index, i, op);
        if (ways.taken !== undefined) this.flowTo(node.chain, index, target(), ways.taken);
        if (ways.fallThrough !== undefined) this.flowTo(node.chain, index, index + 1, ways.fallThrough);
        return true;
      }
      case 'exit':
        this.leave(node, index, state);
        return true;
      case 'call':
        if (op.target === 'helper' && i.imm === Helper.tail_call) this.leaveForGood(node, index, state);
        return op.target === 'local' && this.enter(node, index, state);
      case 'ldabs':
        this.leaveEarly(node, index, state, constant(0n));
        return false;
      default:
        return false;
    }
  }

  private enter(node: WalkPoint, index: number, state: AbstractState): boolean {
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
    if (isOpaque(env, env.program.functions[callee]!)) {
      this.startOpen(callee);
      stepOpenCall(env, state, index, callee);
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

  /** An open function is explored by itself, once. */
  private startOpen(fn: number): void {
    const { start } = this.env.program.functions[fn]!;
    if (this.started.has(fn)) return;
    this.started.add(fn);
    this.arrive(start, [-1 - fn], openEntry(this.env, fn));
  }

  private leave(node: WalkPoint, index: number, state: AbstractState): void {
    const { env } = this;
    const depth = state.frames.length - 1;
    const { callback } = current(state);
    if (callback !== undefined) {
      atCallbackExit(env, index, state, callback);
      if (depth === 0) return;
      state.frames.pop();
      this.arrive(node.chain.at(-1)!, node.chain.slice(0, -1), state);
      return;
    }
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

  /**
   * A packet that is too short, or a tail call that succeeds, ends the running function only: its caller goes
   * on.
   */
  private leaveEarly(node: WalkPoint, index: number, state: AbstractState, r0: Value): void {
    if (state.frames.length === 1) return;
    const left = cloneState(state);
    current(left).regs[0] = r0;
    this.leave(node, index, left);
  }

  /** The other program has done whatever it does, and its result is that of this function. */
  private leaveForGood(node: WalkPoint, index: number, state: AbstractState): void {
    if (state.frames.length === 1) return;
    const left = cloneState(state);
    staleByTailCall(this.env, left);
    this.leaveEarly(node, index, left, UNKNOWN);
  }

  private callsBack(i: Insn): boolean {
    return this.takesFunctions && isCallbackCall(i);
  }

  /** Callbacks that run during the call come back to it: it is run again, or done. */
  private isCallNode(i: Insn): boolean {
    return this.takesFunctions && callbackOf(i)?.later === false;
  }

  /** The function runs with what the helper gives it; `state` is the caller's, before the call. */
  private enterCallback(node: WalkPoint, index: number, i: Insn, state: AbstractState): void {
    const { env } = this;
    const callback = callbackOf(i)!;
    const f = current(state).regs[callback.fn]!;
    if (f.kind !== 'pointer' || f.region.kind !== 'function' || f.region.fn <= 0) return;
    const { fn } = f.region;
    const { start } = env.program.functions[fn]!;
    const inside = callback.later ? stateOf() : cloneState(state);
    const given = callbackArguments(env, state, index, callback, current(state).regs);
    if (!callback.later && (state.frames.length >= MAX_DEPTH || state.frames.some((x) => x.fn === fn))) {
      env.report(index, `the call stack of ${state.frames.length + 1} frames is too deep`);
      return;
    }
    const frame = newFrame(fn, callback.later ? NO_CALL : index, inside.frames.length);
    for (const [n, v] of given.entries()) frame.regs[n + 1] = v;
    frame.callback = { result: callback.result, refs: inside.refs };
    inside.frames.push(frame);
    this.arrive(start, callback.later ? [-1 - fn] : [...node.chain, index], inside);
  }

  /** A function whose address is taken may be called back with anything. */
  private startCallback(f: Value): void {
    if (f.kind !== 'pointer' || f.region.kind !== 'function' || f.region.fn <= 0) return;
    const { fn } = f.region;
    const frame = newFrame(fn, NO_CALL, 0);
    frame.regs.fill(ANY, 1, 6);
    this.arrive(this.env.program.functions[fn]!.start, [-1 - fn], stateOf(frame));
  }
}

/** A call of a helper that calls a function of the program. */
export function isCallbackCall(i: Insn): boolean {
  return callbackOf(i) !== undefined;
}

function atCallbackExit(
  env: Env,
  index: number,
  state: AbstractState,
  { result: [lo, hi], refs }: NonNullable<Frame['callback']>,
): void {
  if (state.refs.some((r) => !refs.includes(r)))
    env.report(index, 'BPF_EXIT instruction in callback would lead to reference leak');
  const r0 = readRegister(env, state, index, 0);
  if (r0.kind === 'scalar' && r0.smin >= BigInt(lo) && r0.smax <= BigInt(hi)) return;
  const is = r0.kind === 'scalar' ? `smin=${r0.smin} smax=${r0.smax}` : r0.kind;
  env.report(index, `At callback return the register R0 has ${is} should have been in [${lo}, ${hi}]`);
}

/** r0 when the program ends: a number where the hook restricts it. Nothing is left to release. */
function atExit(env: Env, index: number, r0: Value, state: AbstractState): void {
  const f = env.program.functions[state.frames[0]!.fn]!;
  if (state.frames[0]!.fn !== 0 && !isExceptionCallback(f)) {
    atOpenExit(env, index, r0, state);
    return;
  }
  checkLeaks(env, index, state, 'BPF_EXIT instruction in main prog');
  const range = env.exitRange;
  if (range === undefined || r0.kind === 'any') return;
  if (r0.kind !== 'scalar') {
    env.report(index, `At program exit the register R0 is not a known value (${r0.kind})`);
    return;
  }
  const [lo, hi] = range;
  const b = env.hook.name === 'lsm' ? r0.low : r0;
  if (b.smin < BigInt(lo) || b.smax > BigInt(hi))
    env.report(
      index,
      `At program exit the register R0 has smin=${b.smin} smax=${b.smax} should have been in [${lo}, ${hi}]`,
    );
}

/** A function that is verified alone gives its callers a number, and leaves nothing for them to release. */
function atOpenExit(env: Env, index: number, r0: Value, state: AbstractState): void {
  if (!isOpaque(env, env.program.functions[state.frames[0]!.fn]!)) return;
  checkLeaks(env, index, state, 'BPF_EXIT instruction in main prog');
  if (r0.kind === 'pointer')
    env.report(index, `At subprogram exit the register R0 is not a scalar value (${r0.region.kind})`);
}

/**
 * The states in which exploration begins: as the hook starts the program (what replaces a function gets that
 * function's arguments), and as the kernel starts its exception callback.
 */
export function entryStates(env: Env): { index: number; chain: readonly number[]; state: AbstractState }[] {
  const { functions, hook } = env.program;
  const frame = newFrame(0, NO_CALL, 0);
  frame.regs[1] = pointer(region.ctx);
  const state = hook === 'ext' ? openEntry(env, 0) : stateOf(frame);
  const thrown = functions.flatMap((f, fn) =>
    fn > 0 && isExceptionCallback(f) ? [{ index: f.start, chain: [-1 - fn], state: openEntry(env, fn) }] : [],
  );
  return [{ index: 0, chain: [], state }, ...thrown];
}
