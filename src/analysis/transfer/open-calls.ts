/**
 * Calls of functions that others may call or replace (program/contracts): the caller knows nothing of what
 * the callee does, and the callee, which is explored once and by itself, knows of its arguments only what its
 * prototype says (kernel: check_func_call() and btf_check_func_arg_match() of kernel/bpf/verifier.c).
 */

import { linux } from '../../base/linux.ts';
import { type Insn, OP_CALL, PseudoCall } from '../../isa/insn.ts';
import {
  argumentRegisters,
  contractOf,
  isOpen,
  isVerifiedAlone,
  type Parameter,
} from '../../program/contracts/contract.ts';
import type { FunctionRange } from '../../program/program.ts';
import { Helper, helperById, invalidatesPacket } from '../../program/tables/helpers.ts';
import type { Cfg } from '../cfg/cfg.ts';
import { UNKNOWN } from '../domain/scalar.ts';
import type { Precision } from '../domain/scalar-ops.ts';
import { STACK_SIZE } from '../domain/stack.ts';
import { type AbstractState, current, mapPointers, newFrame, stateOf } from '../domain/state.ts';
import {
  ANY,
  mayPointToStack,
  NOT_STACK,
  type Pointer,
  pointer,
  region,
  UNINIT,
  type Value,
} from '../domain/value.ts';
import { clobberFrame, type Env, trashStacks } from './env.ts';
import { isZero } from './helper-args.ts';
import { checkAccess, checkInitialised } from './memory.ts';

/**
 * The kernel looks into what it verifies with its callers; nothing may be concluded of what others may
 * replace.
 */
export function isOpaque(env: Env, f: FunctionRange): boolean {
  return env.rules.precision === 'kernel' ? isVerifiedAlone(f) : isOpen(f);
}

/** The state in which an open function starts, or the entry of a program that has parameters. */
export function openEntry({ program, rules }: Env, fn: number): AbstractState {
  const frame = newFrame(fn, -1, 0);
  for (let r = 1; r <= 5; r++) frame.regs[r] = parameterValue(program.functions[fn]!, r, rules.precision);
  return stateOf(frame);
}

/** Ids of what parameters point to: below those of maps and of BTF variables. */
const PARAMETER_IDS = -(2 ** 40);

/** What register `r` holds whenever somebody calls the function. */
export function parameterValue(f: FunctionRange, r: number, precision: Precision): Value {
  const { parameters, verified } = contractOf(f);
  const p = parameters?.[r - 1];
  // Where nobody checks what callers pass, only the context is what its type says.
  if (p?.kind === 'ctx') return pointer(region.ctx);
  if (verified !== 'alone' || parameters === undefined) return ANY;
  if (p === undefined) return UNINIT;
  if (p.kind === 'scalar') return UNKNOWN;
  if (precision !== 'kernel') return ANY;
  if (p.kind !== 'memory') return NOT_STACK;
  // To the kernel it is memory of its own; in fact it may be part of anything: a caller's stack, a map's
  // value, the packet.
  return pointer(region.memory('mem', p.size), PARAMETER_IDS - r, 0, p.nullable);
}

/**
 * The call: arguments are checked against the prototype, then nothing is known of what the callee may reach.
 */
export function stepOpenCall(env: Env, state: AbstractState, index: number, callee: number): void {
  const f = env.program.functions[callee]!;
  const asKernel = env.rules.precision === 'kernel';
  const { regs } = current(state);
  if (asKernel) checkArguments(env, state, index, f);
  const passed = argumentRegisters(f);
  const reaches = regs.some((v, r) => (passed & (1 << r)) !== 0 && mayPointToStack(v) && v.kind !== 'uninit');
  if (!asKernel && reaches) trashStacks(state);
  if (losesPacket(env, callee)) losePacket(env, state);
  regs.fill(UNINIT, 1, 6);
  regs[0] = isVerifiedAlone(f) ? UNKNOWN : ANY;
}

function checkArguments(env: Env, state: AbstractState, index: number, f: FunctionRange): void {
  for (const [n, p] of (contractOf(f).parameters ?? []).entries()) {
    const why = argumentProblem(env, state, index, n + 1, p);
    if (why === undefined) continue;
    env.report(index, why);
    env.report(index, `Caller passes invalid args into func ('${f.name}')`);
    return;
  }
}

function argumentProblem(
  env: Env,
  state: AbstractState,
  index: number,
  r: number,
  p: Parameter,
): string | undefined {
  const v = current(state).regs[r] ?? UNINIT;
  if (v.kind === 'uninit') return `R${r} !read_ok`;
  if (v.kind === 'any') return undefined;
  switch (p.kind) {
    case 'scalar':
      return v.kind === 'scalar' ? undefined : `R${r} is not a scalar`;
    case 'ctx':
      return v.kind === 'pointer' && v.region.kind === 'ctx' && v.off === 0
        ? undefined
        : `arg#${r - 1} expected pointer to ctx`;
    case 'memory':
      if (isZero(v)) return p.nullable ? undefined : `arg#${r - 1} is expected to be non-NULL`;
      if (v.kind !== 'pointer') return `R${r} type=scalar expected=memory`;
      if (v.nullable && !p.nullable) return `arg#${r - 1} is expected to be non-NULL`;
      checkMemory(env, state, index, r, v, p.size);
      return undefined;
    default:
      return undefined;
  }
}

/** Memory that the callee may read and write, whole (check_mem_reg()). */
function checkMemory(
  env: Env,
  state: AbstractState,
  index: number,
  r: number,
  v: Pointer,
  size: number,
): void {
  const p = v.nullable ? { ...v, nullable: false } : v;
  const at = checkAccess(env, index, `R${r}`, p, 0, size, 'write');
  if (at === undefined || p.region.kind !== 'stack') return;
  const { frame } = p.region;
  checkInitialised(
    env,
    state,
    index,
    frame,
    at.min,
    at.max + size,
    (x) => `invalid read from stack R${r} off ${at.min}+${x - at.min} size ${size}`,
  );
  clobberFrame(env, state, frame, STACK_SIZE + at.min, STACK_SIZE + at.max + size);
}

/** First version whose verifier asks whether a global function moves the packet. */
const ASKS_PACKET = linux(6, 13);

/** Whoever is put in the callee's place may move the packet, also where the callee does not. */
function losesPacket(env: Env, callee: number): boolean {
  const { precision, linux } = env.rules;
  return precision !== 'kernel' || (linux >= ASKS_PACKET && movingFunctions(env).has(callee));
}

/** Packet pointers are whatever they were; where they point to, nobody knows. */
function losePacket(env: Env, state: AbstractState): void {
  const stale = env.rules.precision === 'kernel' ? UNKNOWN : NOT_STACK;
  mapPointers(state, (p) => (p.region.kind.startsWith('packet') ? stale : p));
}

/** Another program has run before the caller goes on, and may have moved the packet. */
export function staleByTailCall(env: Env, state: AbstractState): void {
  if (env.rules.precision !== 'kernel' || env.rules.linux >= ASKS_PACKET) losePacket(env, state);
}

const moving = new WeakMap<Cfg, ReadonlySet<number>>();

/** Functions that move the packet, or call one that does (bpf_subprog_info.changes_pkt_data). */
function movingFunctions({ cfg, program }: Env): ReadonlySet<number> {
  const known = moving.get(cfg);
  if (known !== undefined) return known;
  const found = new Set<number>();
  for (const [fn, { start, end }] of program.functions.entries())
    if (program.insns.slice(start, end).some(movesPacket)) found.add(fn);
  for (const fn of found) for (const c of cfg.calls) if (c.callee === fn) found.add(c.caller);
  moving.set(cfg, found);
  return found;
}

function movesPacket(i: Insn): boolean {
  if (i.op !== OP_CALL) return false;
  if (i.src !== PseudoCall.HELPER) return i.src === PseudoCall.KFUNC;
  return i.imm === Helper.tail_call || invalidatesPacket(helperById(i.imm));
}
