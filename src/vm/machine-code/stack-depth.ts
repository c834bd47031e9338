/**
 * Bytes of stack that a program uses, summed over its functions: what the verifier counts, each rounded up to
 * 8.
 *
 * Counted are accesses by r10 and addresses that are made of it by a constant, as compilers make them.
 */
import { calleeOf, jumpTargets, slotOffsets } from '../../isa/flow.ts';
import { type Insn, R10 } from '../../isa/insn.ts';
import { opcode, specOf } from '../../isa/semantics.ts';

const MOVE = opcode('mov64.x');
const ADD = opcode('add64.k');

export function stackDepth(insns: readonly Insn[]): number {
  const offsets = slotOffsets(insns);
  const callees = insns.map((_, n) => calleeOf(insns, n, offsets));
  const isStart = new Set(callees);
  const isJoin = new Set(jumpTargets(insns, offsets));
  /** Registers that hold r10 and a constant, in this block. */
  let derived = new Map<number, number>();
  let total = 0;
  let depth = 0;
  const round8 = (n: number): number => Math.ceil(n / 8) * 8;
  for (const [n, i] of insns.entries()) {
    if (isStart.has(n)) {
      total += round8(depth);
      depth = 0;
    }
    if (isStart.has(n) || isJoin.has(n)) derived = new Map();
    const spec = specOf(i);
    const at = (register: number): number | undefined => (register === R10 ? 0 : derived.get(register));
    const uses = (offset: number | undefined): void => {
      if (offset !== undefined && -offset > depth) depth = -offset;
    };
    if (spec?.kind === 'load') {
      const base = at(i.src);
      uses(base === undefined ? undefined : base + i.off);
      derived.delete(i.dst);
    } else if (spec?.kind === 'store' || spec?.kind === 'atomic') {
      const base = at(i.dst);
      uses(base === undefined ? undefined : base + i.off);
    } else if (i.op === MOVE && at(i.src) !== undefined) derived.set(i.dst, at(i.src)!);
    else if (i.op === ADD && derived.has(i.dst)) {
      derived.set(i.dst, derived.get(i.dst)! + i.imm);
      uses(derived.get(i.dst));
    } else if (spec?.kind === 'call') for (const r of [0, 1, 2, 3, 4, 5]) derived.delete(r);
    else if (spec?.kind === 'alu' || spec?.kind === 'ldimm64') derived.delete(i.dst);
  }
  return total + round8(depth);
}
