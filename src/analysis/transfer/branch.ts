/**
 * Conditional jumps: which ways are possible, and what each way tells about numbers, NULLs and the packet's
 * end.
 */
import { linux } from '../../base/linux.ts';
import type { Insn } from '../../isa/insn.ts';
import { RELATIONS, type Relation } from '../../isa/relations.ts';
import type { JumpOp } from '../../isa/semantics.ts';
import { constant, constantOf, lowConstantOf, type Scalar } from '../domain/scalar.ts';
import { decide, refine } from '../domain/scalar-compare.ts';
import { type AbstractState, assignScalar, cloneState, current, mapPointers } from '../domain/state.ts';
import { type Pointer, sameNumber, type Value } from '../domain/value.ts';
import { type Env, readRegister } from './env.ts';
import { forgetNull } from './references.ts';

/** States after the jump; undefined: that way is impossible. */
export interface Ways {
  taken: AbstractState | undefined;
  fallThrough: AbstractState | undefined;
}

export function branch(env: Env, state: AbstractState, index: number, i: Insn, op: JumpOp): Ways {
  const dst = readRegister(env, state, index, i.dst);
  const src: Value = op.operand === 'X' ? readRegister(env, state, index, i.src) : constant(BigInt(i.imm));
  const r = op.relation;
  const asKernel = env.rules.precision === 'kernel';
  const way = (relation: Relation): AbstractState | undefined => {
    if (dst.kind === 'scalar' && src.kind === 'scalar')
      return scalarWay(state, i, op, relation, dst, src, asKernel);
    const next = cloneState(state);
    if (op.width !== 64)
      return relation === 'eq' && isZeroBelow(src) && asKernel && isNeverNullToKernel(env, dst)
        ? undefined
        : next;
    if (dst.kind === 'pointer' && src.kind === 'scalar' && constantOf(src) === 0n)
      return nullWay(env, next, i.dst, dst, relation, op.operand === 'K');
    if (dst.kind === 'pointer' && src.kind === 'pointer') {
      if (asKernel && !isPossible(dst, src, relation)) return undefined;
      packetWay(env.rules.linux, next, dst, src, relation);
      if (asKernel) packetEnds(next, i, dst, src, relation);
    }
    return next;
  };
  return { taken: way(r), fallThrough: way(op.negated) };
}

function scalarWay(
  state: AbstractState,
  i: Insn,
  op: JumpOp,
  r: Relation,
  dst: Scalar,
  src: Scalar,
  asKernel: boolean,
): AbstractState | undefined {
  if (decide(r, dst, src, op.width) === false) return undefined;
  const refined = refine(r, dst, src, op.width);
  // The kernel goes a way that its first look does not exclude, whatever is left of the numbers.
  if (refined === undefined) return asKernel ? cloneState(state) : undefined;
  const next = cloneState(state);
  const { regs } = current(next);
  const [a, b] = refined;
  if (i.dst < 10) regs[i.dst] = a;
  assignScalar(next, a.id, a);
  if (op.operand === 'X' && i.src !== i.dst) {
    if (i.src < 10) regs[i.src] = b;
    if (b.id !== a.id) assignScalar(next, b.id, b);
  }
  return next;
}

/**
 * `pointer == 0` or `!= 0`: an object that exists is not at address 0. The kernel resolves comparisons with
 * the constant only.
 */
function nullWay(
  env: Env,
  next: AbstractState,
  reg: number,
  p: Pointer,
  r: Relation,
  withConstant: boolean,
): AbstractState | undefined {
  if (r !== 'eq' && r !== 'ne') return next;
  const asKernel = env.rules.precision === 'kernel';
  if (!p.nullable) {
    const never = asKernel ? isNeverNullToKernel(env, p) : isNeverNull(p);
    return r === 'eq' && never ? undefined : next;
  }
  if (asKernel && !withConstant) return next;
  if (r === 'eq') forgetNull(next, p);
  const resolved = (q: Pointer): Value => (r === 'eq' ? constant(0n) : { ...q, nullable: false });
  current(next).regs[reg] = resolved(p);
  if (p.id !== 0)
    mapPointers(next, (q) =>
      q.nullable && q.id === p.id && q.region.key === p.region.key ? resolved(q) : q,
    );
  return next;
}

/** Kernel objects may be read through NULL; offsets that are not known may add up to it. */
function isNeverNull(p: Pointer): boolean {
  return p.region.kind !== 'opaque' && constantOf(p.variable) === 0n;
}

const NEVER_NULL_SOCKETS: ReadonlySet<string> = new Set(['sock', 'sock_common', 'tcp_sock']);

/**
 * Kernel objects are never at address 0, and the kernel may still follow the way where they are
 * (reg_not_null()).
 */
function isNeverNullToKernel(env: Env, p: Value): boolean {
  if (p.kind !== 'pointer' || p.nullable) return false;
  const { region: to } = p;
  if (to.kind === 'map_value') return true;
  if (to.kind === 'map') return env.rules.linux >= linux(6, 17);
  if (to.kind === 'opaque') return NEVER_NULL_SOCKETS.has(to.what);
  return to.kind === 'memory' && to.what !== 'flow_keys' && env.rules.linux >= linux(6, 2);
}

const MAX_PACKET_OFF = 0xffffn;

/** `packet + n <= packet_end`, in any of its forms, proves n bytes (kernel: try_match_pkt_pointers). */
function packetWay(version: number, next: AbstractState, a: Pointer, b: Pointer, r: Relation): void {
  if (isLimit(a, b)) grantRange(version, next, a, r);
  else if (isLimit(b, a)) grantRange(version, next, b, RELATIONS[r].swapped);
}

/**
 * The kernel remembers of a packet pointer that a comparison found it at or beyond the end: what `range` then
 * holds.
 */
const BEYOND_END = -2;
const AT_END = -1;

/** `p` relation the packet's end, given what an earlier comparison found (is_pkt_ptr_branch_taken()). */
function isPossible(a: Pointer, b: Pointer, r: Relation): boolean {
  if (a.region.kind === 'packet_end' && b.region.kind === 'packet')
    return isPossible(b, a, RELATIONS[r].swapped);
  if (b.region.kind !== 'packet_end' || a.range >= 0) return true;
  if (r === 'ule') return a.range !== BEYOND_END;
  return r !== 'ult';
}

/** The register that was compared is found at or beyond the end (mark_pkt_end()). */
function packetEnds(next: AbstractState, i: Insn, a: Pointer, b: Pointer, r: Relation): void {
  const swapped = a.region.kind === 'packet_end';
  const [p, end, reg, rel] = swapped ? [b, a, i.src, RELATIONS[r].swapped] : [a, b, i.dst, r];
  if (p.region.kind !== 'packet' || end.region.kind !== 'packet_end') return;
  const range = rel === 'ugt' ? BEYOND_END : rel === 'uge' ? AT_END : undefined;
  const held = current(next).regs[reg];
  if (range !== undefined && held?.kind === 'pointer') current(next).regs[reg] = { ...held, range };
}

function isZeroBelow(v: Value): boolean {
  return v.kind === 'scalar' && lowConstantOf(v) === 0n;
}

function isLimit(p: Pointer, end: Pointer): boolean {
  if (p.region.kind === 'packet') return end.region.kind === 'packet_end';
  return (
    p.region.kind === 'packet_meta' &&
    end.region.kind === 'packet' &&
    end.off === 0 &&
    constantOf(end.variable) === 0n
  );
}

/** Before, a comparison without "equal" gave two bytes less than it proves. */
const OPEN_RANGES = linux(5, 16);

/** find_good_pkt_pointers(): the offset's fixed part counts, and 0 gives nothing, with "equal" or without. */
function grantRange(version: number, next: AbstractState, p: Pointer, r: Relation): void {
  if (r !== 'ult' && r !== 'ule') return;
  const bytes = r === 'ule' ? p.off : version < OPEN_RANGES ? p.off - 1 : p.off + 1;
  if (p.off <= 0 || bytes <= 0) return;
  if (p.variable.umax > MAX_PACKET_OFF || p.variable.umax + BigInt(p.off) > MAX_PACKET_OFF) return;
  mapPointers(next, (q) =>
    q.region.kind === p.region.kind && sameNumber(q.variable, p.variable) && q.range < bytes
      ? { ...q, range: bytes }
      : q,
  );
}
