/** A window's context from the analysis of its program; each program is analysed once. */
import {
  type AbstractState,
  type Analysis,
  analyze,
  current,
  type Liveness,
  type LiveSet,
  liveness,
} from '../analysis/index.ts';
import { STACK_SIZE } from '../analysis/stack.ts';
import { ANY, pointer, region, type Value } from '../analysis/values.ts';
import { OP_CALL, PseudoCall } from '../isa/insn.ts';
import { HOOKS } from '../program/hooks.ts';
import type { Program } from '../program/program.ts';
import type { WindowContext } from './context.ts';
import type { Window } from './types.ts';

interface Facts {
  analysis: Analysis;
  live: Liveness;
}

/** bpf_clone_redirect: from then on somebody else may hold the packet. */
const CLONE_REDIRECT = 13;
const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/** Gives contexts of windows; keeps the analyses of the programs it was asked about. */
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
  const state = window.start < program.insns.length ? analysis.stateBefore(window.start) : undefined;
  const after = window.end > window.start ? live.liveAfter(window.end - 1) : live.liveBefore(window.start);
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
    packetShared: program.insns.some(
      (i) => i.op === OP_CALL && i.src === PseudoCall.HELPER && i.imm === CLONE_REDIRECT,
    ),
  };
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
