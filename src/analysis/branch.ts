/** Conditional jumps: which ways are possible, and what each way tells about numbers, NULLs and the packet's end. */
import type { Insn } from '../isa/insn.ts';
import type { JumpOp } from '../isa/semantics.ts';
import { decide, mirror, negate, type Relation, refine, relationOf } from './compare.ts';
import { type Env, readRegister } from './env.ts';
import { constant, constantOf, type Scalar } from './range.ts';
import { type AbstractState, assignScalar, cloneState, current, mapPointers } from './state.ts';
import { type Pointer, sameNumber, type Value } from './values.ts';

/** States after the jump; undefined: that way is impossible. */
export interface Ways {
  taken: AbstractState | undefined;
  fallThrough: AbstractState | undefined;
}

export function branch(env: Env, state: AbstractState, index: number, i: Insn, op: JumpOp): Ways {
  const dst = readRegister(env, state, index, i.dst);
  const src: Value = op.operand === 'X' ? readRegister(env, state, index, i.src) : constant(BigInt(i.imm));
  const r = relationOf(op);
  const way = (relation: Relation): AbstractState | undefined => {
    if (dst.kind === 'scalar' && src.kind === 'scalar') return scalarWay(state, i, op, relation, dst, src);
    const next = cloneState(state);
    if (op.width !== 64) return next;
    if (dst.kind === 'pointer' && src.kind === 'scalar' && constantOf(src) === 0n)
      return nullWay(next, i.dst, dst, relation);
    if (dst.kind === 'pointer' && src.kind === 'pointer') packetWay(next, dst, src, relation);
    return next;
  };
  return { taken: way(r), fallThrough: way(negate(r)) };
}

function scalarWay(
  state: AbstractState,
  i: Insn,
  op: JumpOp,
  r: Relation,
  dst: Scalar,
  src: Scalar,
): AbstractState | undefined {
  if (decide(r, dst, src, op.width) === false) return undefined;
  const refined = refine(r, dst, src, op.width);
  if (refined === undefined) return undefined;
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

/** `pointer == 0` or `!= 0`: an object that exists is not at address 0. */
function nullWay(next: AbstractState, reg: number, p: Pointer, r: Relation): AbstractState | undefined {
  if (r !== 'eq' && r !== 'ne') return next;
  if (!p.nullable) return r === 'eq' && isNeverNull(p) ? undefined : next;
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

const MAX_PACKET_OFF = 0xffffn;

/** `packet + n <= packet_end`, in any of its forms, proves n bytes (kernel: try_match_pkt_pointers). */
function packetWay(next: AbstractState, a: Pointer, b: Pointer, r: Relation): void {
  if (isLimit(a, b)) grantRange(next, a, r);
  else if (isLimit(b, a)) grantRange(next, b, mirror(r));
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

function grantRange(next: AbstractState, p: Pointer, r: Relation): void {
  if (r !== 'ult' && r !== 'ule') return;
  const bytes = r === 'ult' ? p.off + 1 : p.off;
  if (bytes <= 0 || (p.off <= 0 && r === 'ule')) return;
  if (p.variable.umax > MAX_PACKET_OFF || p.variable.umax + BigInt(p.off) > MAX_PACKET_OFF) return;
  mapPointers(next, (q) =>
    q.region.kind === p.region.kind && sameNumber(q.variable, p.variable) && q.range < bytes
      ? { ...q, range: bytes }
      : q,
  );
}
