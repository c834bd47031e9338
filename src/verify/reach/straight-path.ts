/**
 * One path through a function as straight code: the instructions of its blocks one after the other, in which
 * every branch that would leave the path jumps out.
 *
 *   blocks [5, 7, 9], end --straighten--> insns; the path is taken exactly when their end is reached
 */
import type { Cfg } from '../../analysis/index.ts';
import { type Insn, insn, OP_JA, OP_JA32, OP_JCOND } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';

/** Slots to a place that no path reaches. */
const OUT = 20_000;

/**
 * @param blocks ids, in the order of execution
 * @param end index of the instruction before which the path ends; in the last block
 * @returns undefined where a block's last instruction does not lead to the next one in a way that is
 *   understood
 */
export function straighten(
  insns: readonly Insn[],
  cfg: Cfg,
  blocks: readonly number[],
  end: number,
): { insns: Insn[]; origin: number[] } | undefined {
  const out: Insn[] = [];
  const origin: number[] = [];
  const put = (i: Insn, from: number): void => {
    out.push(i);
    origin.push(from);
  };
  for (const [n, id] of blocks.entries()) {
    const block = cfg.blocks[id]!;
    const next = blocks[n + 1];
    const stop = next === undefined ? end : block.end - 1;
    for (let index = block.start; index < stop; index++) put(insns[index]!, index);
    if (next === undefined) break;
    const last = insns[stop]!;
    const way = branchOf(last);
    if (way === 'none') put(last, stop);
    if (way === 'other') return undefined;
    if (way !== 'conditional') continue;
    const [falls, jumps] = [block.successors[0], block.successors[1] ?? block.successors[0]];
    if (falls === jumps) continue;
    if (next === falls) put({ ...last, off: OUT }, stop);
    else {
      put({ ...last, off: 1 }, stop);
      put(insn(OP_JA, 0, 0, OUT), stop);
    }
  }
  return { insns: out, origin };
}

function branchOf(i: Insn): 'none' | 'always' | 'conditional' | 'other' {
  if (i.op === OP_JA || i.op === OP_JA32) return 'always';
  if (i.op === OP_JCOND) return 'other';
  return specOf(i)?.kind === 'jump' ? 'conditional' : 'none';
}
