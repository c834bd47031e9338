/** A window's context from the analysis of its program; each program is analysed once. */

import { STACK_SIZE } from '../analysis/domain/stack.ts';
import { ANY, pointer, region, type Value } from '../analysis/domain/value.ts';
import {
  type AbstractState,
  ANALYSIS_RULES,
  type Analysis,
  analyze,
  commonOf,
  current,
  type Frame,
  type Liveness,
  type LiveSet,
  liveness,
  NOTHING_LIVE,
  withId,
} from '../analysis/index.ts';
import { jumpTarget } from '../isa/flow.ts';
import { isHelperCall } from '../isa/insn.ts';
import { pinOf } from '../program/edit.ts';
import type { Program } from '../program/program.ts';
import { Helper } from '../program/tables/helpers.ts';
import { HOOKS } from '../program/tables/hooks.ts';
import type { ExitPoint, WindowContext } from './context.ts';
import { Unsupported } from './errors.ts';
import type { Window } from './types.ts';

interface Facts {
  program: Program;
  analysis: Analysis;
  live: Liveness;
  packetShared: boolean;
  /** Of programs of several functions: by target, the jumps that lead there. */
  jumps: ReadonlyMap<number, readonly number[]>;
}

/** Analyses that the next one may build on: of the best version, and of those that are tried beside it. */
const RECENT = 3;
/** Instructions that may be others in one that no better is looked for. */
const CLOSE = 32;

const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/** The facts that proofs rest on. */
export interface ContextProvider {
  /** Throws Unsupported for a range that is no window: of two functions, or entered in its middle. */
  (program: Program, window: Window): WindowContext;
  /** What is read from an instruction on. */
  liveBefore(program: Program, index: number): LiveSet;
}

/**
 * Gives contexts of windows; keeps the analyses of the programs it was asked about. A program that is much
 * like one of the last ones costs little. Contents of maps that are `readonly` are constants (program/ says
 * so only of those).
 */
export function contextProvider(): ContextProvider {
  const known = new WeakMap<Program, Facts>();
  const recent: Facts[] = [];
  const factsOf = (program: Program): Facts => {
    let facts = known.get(program);
    if (facts === undefined) known.set(program, (facts = newFacts(program, nearest(recent, program))));
    if (recent[0] !== facts) {
      const at = recent.indexOf(facts);
      recent.splice(at < 0 ? RECENT - 1 : at, 1);
      recent.unshift(facts);
    }
    return facts;
  };
  return Object.assign((program: Program, window: Window) => contextAt(program, window, factsOf(program)), {
    liveBefore: (program: Program, index: number) =>
      index < program.insns.length ? factsOf(program).live.liveBefore(index) : NOTHING_LIVE,
  });
}

function newFacts(program: Program, base: Facts | undefined): Facts {
  const analysis = analyze(program, ANALYSIS_RULES, base?.analysis);
  const { offsets } = analysis.cfg;
  return {
    program,
    analysis,
    live: liveness(analysis, base?.live),
    packetShared: packetIsShared(program),
    jumps: program.functions.length > 1 ? jumpsByTarget(program.insns, offsets) : new Map(),
  };
}

/** Where jumps lead, and from where. */
function jumpsByTarget(insns: Program['insns'], offsets: Int32Array): Map<number, number[]> {
  const jumps = new Map<number, number[]>();
  for (let from = 0; from < insns.length; from++) {
    const to = jumpTarget(insns, from, offsets);
    if (to === undefined) continue;
    const there = jumps.get(to);
    if (there === undefined) jumps.set(to, [from]);
    else there.push(from);
  }
  return jumps;
}

/** The one that has most in common with the program. */
function nearest(recent: readonly Facts[], now: Program): Facts | undefined {
  let [best, most]: [Facts | undefined, number] = [undefined, 0];
  for (const facts of recent) {
    const common = commonOf(facts.program, now);
    if (common === undefined || common.prefix + common.suffix <= most) continue;
    [best, most] = [facts, common.prefix + common.suffix];
    if (most > now.insns.length - CLOSE) break;
  }
  return best;
}

function contextAt(program: Program, window: Window, facts: Facts): WindowContext {
  const { analysis, live } = facts;
  checkWindow(facts, window);
  const state = window.start < program.insns.length ? analysis.stateBefore(window.start) : undefined;
  // At the end of its function nothing is observed by falling through, because nothing does.
  const falls = program.functions.some((f) => window.end > f.start && window.end < f.end);
  const after = falls ? live.liveBefore(window.end) : NOTHING_LIVE;
  const entry = program.functions[0]!;
  const inEntry = window.start >= entry.start && window.start < entry.end;
  const hook = HOOKS[program.hook];
  const frame = state === undefined ? undefined : renamed(current(state), program);
  return {
    registers: frame?.regs ?? nothingKnown(state),
    stack: frame?.stack ?? new Array(STACK_SIZE / 8).fill(undefined),
    frame: state === undefined ? 0 : state.frames.length - 1,
    liveRegisters: after.bits,
    liveStack: stackFlags(after),
    returnBits: inEntry ? ALL_BITS >> BigInt(64 - hook.returnBits) : ALL_BITS,
    ctxFields: hook.ctxAccess === 'fields' ? hook.fields : [],
    maps: program.maps,
    exits: exitsOf(facts, window),
    packetShared: facts.packetShared,
  };
}

/**
 * The frame with ids counted from 1, in order: what they are must not depend on the code before the window.
 */
function renamed({ regs, stack }: Frame, { maps }: Program): Pick<Frame, 'regs' | 'stack'> {
  const names = new Map<number, number>();
  const name = (id: number): number => {
    // 0 is no id, and the first ones below it belong to maps.
    if (id === 0 || (id < 0 && id >= -maps.length)) return id;
    let known = names.get(id);
    if (known === undefined) names.set(id, (known = names.size + 1));
    return known;
  };
  const rename = (v: Value): Value => {
    if (v.kind === 'scalar') return withId(v, name(v.id));
    if (v.kind !== 'pointer') return v;
    const renamed = { ...v, id: name(v.id), variable: withId(v.variable, name(v.variable.id)) };
    return v.ref === undefined ? renamed : { ...renamed, ref: name(v.ref) };
  };
  return {
    regs: regs.map(rename),
    stack: stack.map((slot) => (slot?.spill === undefined ? slot : { ...slot, spill: rename(slot.spill) })),
  };
}

/** After bpf_clone_redirect somebody else may hold the packet. */
export function packetIsShared(program: Program): boolean {
  return program.insns.some((i) => isHelperCall(i, Helper.clone_redirect));
}

/**
 * A tail call inside a function ends that function only: the other program's result comes back to the caller,
 * after whatever that program did. A window has no such way out: what it leaves behind there is not compared.
 */
function callsTail({ functions, insns }: Program, index: number): boolean {
  return isHelperCall(insns[index]!, Helper.tail_call) && index >= (functions[0]?.end ?? insns.length);
}

/** A range inside one function that is entered at its start only. */
function checkWindow({ program, analysis, jumps }: Facts, { start, end }: Window): void {
  const inside = program.functions.some((f) => start >= f.start && end <= f.end && start <= end);
  if (!inside) throw new Unsupported(`${start}..${end} is not a range inside one function`);
  for (let index = start; index < end; index++) {
    const pin = program.pinned.size > 0 ? pinOf(program, index) : undefined;
    if (pin !== undefined) throw new Unsupported(`instruction ${index} is not final: ${pin}`);
    if (callsTail(program, index))
      throw new Unsupported('a tail call inside a function comes back to its caller');
  }
  const { insns } = program;
  const { blocks, blockOf, offsets } = analysis.cfg;
  const check = (from: number, target: number | undefined): void => {
    if ((from < start || from >= end) && target !== undefined && target > start && target < end)
      throw new Unsupported(`instruction ${from} jumps into the middle of the window`);
  };
  // Control flow has no edges from one function to another.
  if (program.functions.length > 1)
    for (let to = start + 1; to < end; to++) for (const from of jumps.get(to) ?? []) check(from, to);
  else
    for (let index = start + 1; index < end; index++)
      if (blocks[blockOf[index]!]!.start === index)
        for (const p of analysis.cfg.predecessors[blockOf[index]!]!) {
          const from = blocks[p]!.end - 1;
          check(from, jumpTarget(insns, from, offsets));
        }
}

function exitsOf({ program, analysis, live }: Facts, { start, end }: Window): ExitPoint[] {
  const { offsets } = analysis.cfg;
  const targets = new Set<number>();
  for (let index = start; index < end; index++) {
    const to = jumpTarget(program.insns, index, offsets);
    if (to !== undefined && (to < start || to > end)) targets.add(to);
  }
  return [...targets].map((to) => {
    const at = live.liveBefore(to);
    const from = to > end ? offsets[end]! : offsets[start]!;
    return { to: offsets[to]! - from, liveRegisters: at.bits, liveStack: stackFlags(at) };
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
  if (live.stack === 0n) return flags;
  for (let i = 0; i < STACK_SIZE; i++) if (((live.stack >> BigInt(i)) & 1n) === 1n) flags[i] = 1;
  return flags;
}
