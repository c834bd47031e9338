/** A window's context from the analysis of its program; each program is analysed once. */
import {
  type AbstractState,
  type Analysis,
  analyze,
  current,
  type Liveness,
  type LiveSet,
  liveness,
  NOTHING_LIVE,
} from '../analysis/index.ts';
import { STACK_SIZE } from '../analysis/stack.ts';
import { ANY, pointer, region, type Value } from '../analysis/values.ts';
import { jumpTarget, slotOffsets } from '../isa/flow.ts';
import { OP_CALL, PseudoCall } from '../isa/insn.ts';
import { pinOf } from '../program/edit.ts';
import { HOOKS } from '../program/hooks.ts';
import type { Program } from '../program/program.ts';
import type { ExitPoint, WindowContext } from './context.ts';
import type { Window } from './types.ts';
import { Unsupported } from './unsupported.ts';

interface Facts {
  analysis: Analysis;
  live: Liveness;
}

/** bpf_clone_redirect: from then on somebody else may hold the packet. */
const CLONE_REDIRECT = 13;
const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/**
 * Gives contexts of windows; keeps the analyses of the programs it was asked about.
 * Contents of maps that are `readonly` are constants (program/ says so only of those).
 *
 * Throws Unsupported for a range that is no window: of two functions, or entered in its middle.
 */
export function contextProvider(): (program: Program, window: Window) => WindowContext {
  const known = new WeakMap<Program, Facts>();
  return (program, window) => {
    let facts = known.get(program);
    if (facts === undefined) {
      const analysis = analyze(program);
      known.set(program, (facts = { analysis, live: liveness(analysis) }));
    }
    return contextAt(program, window, facts);
  };
}

function contextAt(program: Program, window: Window, { analysis, live }: Facts): WindowContext {
  checkWindow(program, window);
  const state = window.start < program.insns.length ? analysis.stateBefore(window.start) : undefined;
  // At the end of its function nothing is observed by falling through, because nothing does.
  const falls = program.functions.some((f) => window.end > f.start && window.end < f.end);
  const after = falls ? live.liveBefore(window.end) : NOTHING_LIVE;
  const entry = program.functions[0]!;
  const inEntry = window.start >= entry.start && window.start < entry.end;
  const hook = HOOKS[program.hook];
  const frame = state === undefined ? undefined : current(state);
  return {
    registers: frame?.regs ?? nothingKnown(state),
    stack: frame?.stack ?? new Array(STACK_SIZE / 8).fill(undefined),
    frame: state === undefined ? 0 : state.frames.length - 1,
    liveRegisters: after.bits,
    liveStack: stackFlags(after),
    returnBits: inEntry ? ALL_BITS >> BigInt(64 - hook.returnBits) : ALL_BITS,
    ctxFields: hook.ctxAccess === 'fields' ? hook.fields : [],
    maps: program.maps,
    exits: exitsOf(program, window, live),
    packetShared: packetIsShared(program),
  };
}

export function packetIsShared(program: Program): boolean {
  return program.insns.some(
    (i) => i.op === OP_CALL && i.src === PseudoCall.HELPER && i.imm === CLONE_REDIRECT,
  );
}

const TAIL_CALL = 12;

/**
 * A tail call inside a function ends that function only: the other program's result comes back to the caller, in all 64
 * bits, after whatever that program did. Neither the analysis nor the symbolic run follows that.
 * @throws Unsupported when the program has one
 */
export function checkTailCalls(program: Program): void {
  const end = program.functions[0]?.end ?? program.insns.length;
  program.insns.forEach((i, index) => {
    if (index >= end && i.op === OP_CALL && i.src === PseudoCall.HELPER && i.imm === TAIL_CALL)
      throw new Unsupported('a tail call inside a function comes back to its caller');
  });
}

/** A range inside one function that is entered at its start only. */
function checkWindow(program: Program, { start, end }: Window): void {
  checkTailCalls(program);
  const inside = program.functions.some((f) => start >= f.start && end <= f.end && start <= end);
  if (!inside) throw new Unsupported(`${start}..${end} is not a range inside one function`);
  for (let index = start; index < end; index++) {
    const pin = program.pinned.size > 0 ? pinOf(program, index) : undefined;
    if (pin !== undefined) throw new Unsupported(`instruction ${index} is not final: ${pin}`);
  }
  const offsets = slotOffsets(program.insns);
  program.insns.forEach((_, index) => {
    if (index >= start && index < end) return;
    const target = jumpTarget(program.insns, index, offsets);
    if (target !== undefined && target > start && target < end)
      throw new Unsupported(`instruction ${index} jumps into the middle of the window`);
  });
}

function exitsOf(program: Program, { start, end }: Window, live: Liveness): ExitPoint[] {
  const offsets = slotOffsets(program.insns);
  const targets = new Set<number>();
  for (let index = start; index < end; index++) {
    const target = jumpTarget(program.insns, index, offsets);
    if (target !== undefined && (target < start || target > end)) targets.add(target);
  }
  return [...targets].map((target) => {
    const at = live.liveBefore(target);
    const to = target > end ? offsets[target]! - offsets[end]! : offsets[target]! - offsets[start]!;
    return { to, liveRegisters: at.bits, liveStack: stackFlags(at) };
  });
}

/** Code that never runs: any values will do. */
function nothingKnown(state: AbstractState | undefined): Value[] {
  const regs = new Array<Value>(11).fill(ANY);
  regs[10] = pointer(region.stack(state === undefined ? 0 : state.frames.length - 1));
  return regs;
}

function stackFlags(live: LiveSet): Uint8Array {
  const flags = new Uint8Array(STACK_SIZE);
  for (let i = 0; i < STACK_SIZE; i++) if (((live.stack >> BigInt(i)) & 1n) === 1n) flags[i] = 1;
  return flags;
}
