/**
 * ALU instructions and ld_imm64 on abstract states, pointer arithmetic included (kernel:
 * adjust_ptr_min_max_vals).
 */

import { calleeOf } from '../../isa/flow.ts';
import { type Insn, imm64, PseudoLd } from '../../isa/insn.ts';
import type { AluOp } from '../../isa/semantics.ts';
import { isWeak } from '../../program/contracts/values.ts';
import { pinOf } from '../../program/edit.ts';
import { isSocketKind } from '../../program/tables/sockets.ts';
import { constant, constantOf, S64_MIN, type Scalar, UNKNOWN, unsignedOf, withId } from '../domain/scalar.ts';
import { addScalars, aluScalar, subScalars } from '../domain/scalar-ops.ts';
import { type AbstractState, current } from '../domain/state.ts';
import {
  anyOf,
  MAX_OFFSET,
  NOT_STACK,
  type Pointer,
  pointer,
  type Region,
  region,
  type Value,
} from '../domain/value.ts';
import { type Env, isProvisional, labelOf, newId, readRegister, writeRegister } from './env.ts';

const ZERO = constant(0n);

/** Give a number that has no id one of its own, so that copies of it can be recognised. */
export function named(env: Env, state: AbstractState, index: number, s: Scalar, n = 0): Scalar {
  return s.id !== 0 || constantOf(s) !== undefined ? s : withId(s, newId(env, state, index, n));
}

export function stepAlu(env: Env, state: AbstractState, index: number, i: Insn, op: AluOp): void {
  const { regs } = current(state);
  let src: Value =
    op.operand === 'X'
      ? readRegister(env, state, index, i.src)
      : op.operand === 'K' && isProvisional(env, index)
        ? UNKNOWN
        : constant(op.operand === 'K' ? BigInt(i.imm) : 0n);
  const dst: Value = op.readsDst ? readRegister(env, state, index, i.dst) : ZERO;
  if (src.kind === 'scalar' && dst.kind === 'scalar') {
    if (op.operand === 'X' && src.id === 0 && constantOf(src) === undefined) {
      src = named(env, state, index, src, 1);
      if (i.src < 10) regs[i.src] = src;
    }
    const result = aluScalar(op, dst, src, env.rules.precision);
    writeRegister(env, state, index, i.dst, named(env, state, index, result));
    return;
  }
  const result = withPointers(env, state, index, i, op, dst, src);
  writeRegister(
    env,
    state,
    index,
    i.dst,
    result.kind === 'scalar' ? named(env, state, index, result) : result,
  );
}

/** At least one operand is not a number. */
function withPointers(
  env: Env,
  state: AbstractState,
  index: number,
  i: Insn,
  op: AluOp,
  dst: Value,
  src: Value,
): Value {
  const name = op.mnemonic;
  if (name === 'mov' && op.width === 64) return src;
  const number = unsignedOf(op.width);
  if (op.operand === 'none' || !op.readsDst) return number;
  if (dst.kind !== 'pointer' && src.kind !== 'pointer')
    return op.width === 64 && (name === 'add' || name === 'sub') ? anyOf(dst, src) : number;
  if (dst.kind === 'pointer' && src.kind === 'pointer') {
    if (name !== 'sub') env.report(index, `R${i.dst} pointer ${name} pointer prohibited`);
    return number;
  }
  if (op.width === 32) {
    if (name !== 'sub') env.report(index, `R${i.dst} 32-bit pointer arithmetic prohibited`);
    return number;
  }
  if (name === 'sub' && dst.kind !== 'pointer') {
    env.report(index, `R${i.dst} tried to subtract pointer from scalar`);
    return number;
  }
  if (name !== 'add' && name !== 'sub') {
    const bitwise = name === 'and' || name === 'or' || name === 'xor';
    env.report(
      index,
      bitwise
        ? `R${i.dst} bitwise operator ${name} on pointer prohibited`
        : `R${i.dst} pointer arithmetic with ${name} operator prohibited`,
    );
    return number;
  }
  const [p, by] = dst.kind === 'pointer' ? [dst, src] : [src as Pointer, dst];
  if (by.kind !== 'scalar') return anyOf(p, by);
  return movePointer(env, state, index, i, p, by, name === 'sub');
}

const IMMOVABLE: ReadonlySet<string> = new Set(['packet_end', 'map']);

function isImmovable(to: Region): boolean {
  return IMMOVABLE.has(to.kind) || isFlowKeys(to) || (to.kind === 'opaque' && isSocketKind(to.what));
}

/** Flow keys take constant offsets, and a map plus 0 is that map. */
function mayStep(to: Region, step: bigint | undefined, minus: boolean): boolean {
  if (to.kind === 'map') return step === 0n && !minus;
  return isFlowKeys(to) && step !== undefined;
}

function isFlowKeys(to: Region): boolean {
  return to.kind === 'memory' && to.what === 'flow_keys';
}

function movePointer(
  env: Env,
  state: AbstractState,
  index: number,
  i: Insn,
  p: Pointer,
  by: Scalar,
  minus: boolean,
): Value {
  const r = `R${i.dst}`;
  const known = constantOf(by);
  const step = known === undefined ? undefined : BigInt.asIntN(64, minus ? -known : known);
  if (p.nullable) {
    env.report(index, `${r} pointer arithmetic on ${p.region.kind}_or_null prohibited, null-check it first`);
    return anyOf(p);
  }
  if (isImmovable(p.region) && !mayStep(p.region, step, minus)) {
    env.report(index, `${r} pointer arithmetic on ${p.region.kind} prohibited`);
    return anyOf(p);
  }
  if (minus && p.region.kind === 'stack') env.report(index, `${r} subtraction from stack pointer prohibited`);
  if (step !== undefined) {
    const off = BigInt(p.off) + step;
    if (step >= MAX_OFFSET || step <= -MAX_OFFSET || off >= MAX_OFFSET || off <= -MAX_OFFSET) {
      env.report(index, `math between ${p.region.kind} pointer and ${step} is not allowed`);
      return anyOf(p);
    }
    return { ...p, off: Number(off) };
  }
  checkOffset(env, index, p, by.smin);
  const sum = minus ? subScalars(p.variable, by) : addScalars(p.variable, by);
  const keepsName = sum === by && by.id !== 0 && env.rules.precision === 'best';
  const variable = keepsName ? sum : withId(sum, newId(env, state, index));
  if (variable !== by) checkOffset(env, index, p, variable.smin);
  return { ...p, variable, range: 0 };
}

/** A part of an offset must be bounded from below (check_reg_sane_offset()). */
function checkOffset(env: Env, index: number, p: Pointer, smin: bigint): void {
  if (smin === S64_MIN)
    env.report(
      index,
      `math between ${p.region.kind} pointer and register with unbounded min value is not allowed`,
    );
  else if (smin >= MAX_OFFSET || smin <= -MAX_OFFSET)
    env.report(index, `value ${smin} makes ${p.region.kind} pointer be out of bounds`);
}

export function stepLdImm64(env: Env, state: AbstractState, index: number, i: Insn): void {
  writeRegister(env, state, index, i.dst, loaded64(env, index, i));
}

/**
 * Negative ids never clash with those of instructions: the one entry of a map that a MAP_VALUE load points
 * into.
 */
function loaded64(env: Env, index: number, i: Insn): Value {
  switch (i.src) {
    case PseudoLd.IMM64:
      return isProvisional(env, index) ? NOT_STACK : constant(imm64(i));
    case PseudoLd.MAP_FD:
    case PseudoLd.MAP_IDX:
      return pointer(region.map(i.imm));
    case PseudoLd.MAP_VALUE:
    case PseudoLd.MAP_IDX_VALUE:
      return pointer(region.mapValue(i.imm), -1 - i.imm, i.immHi);
    case PseudoLd.BTF_ID:
      return pointer(
        region.opaque('btf'),
        -1 - env.program.maps.length - labelOf(env, index),
        0,
        isWeak(pinOf(env.program, index)),
      );
    case PseudoLd.FUNC: {
      const target = calleeOf(env.program.insns, index, env.cfg.offsets);
      return pointer(region.fn(env.program.functions.findIndex((f) => f.start === target)));
    }
    default:
      return UNKNOWN;
  }
}
