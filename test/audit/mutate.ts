/** Mutants: programs a few instructions away from a given one. Most are refused by the kernel; the campaign asks it. */
import { type Insn, isNop } from '../../src/isa/insn.ts';
import { OPS, specOf } from '../../src/isa/semantics.ts';
import { pinOf, replaceRange } from '../../src/program/edit.ts';
import type { Program } from '../../src/program/program.ts';
import type { Rng } from '../../src/vm/random.ts';

const EDGES = [0, 1, 2, 4, 8, 14, 16, 31, 32, 63, 255, 0xffff, -1, -8, 0x7fffffff];

export function changed(rng: Rng, i: Insn): Insn {
  const spec = specOf(i);
  const row = (kind: string) =>
    rng.pick(
      OPS.filter(
        (o) =>
          o.kind === kind &&
          o.linux <= 600 &&
          (!('operand' in o) || spec === undefined || !('operand' in spec) || o.operand === spec.operand),
      ),
    );
  switch (spec?.kind) {
    case 'alu':
    case 'jump':
    case 'load':
    case 'store': {
      const what = rng.below(5);
      if (what === 0) {
        const to = row(spec.kind);
        return { ...i, op: to.op, off: spec.kind === 'alu' ? (to.off ?? 0) : i.off };
      }
      if (what === 1) return { ...i, dst: rng.below(10) };
      if (what === 2 && 'operand' in spec && spec.operand === 'X') return { ...i, src: rng.below(10) };
      if (what === 3 && (spec.kind === 'load' || spec.kind === 'store'))
        return { ...i, off: i.off + rng.pick([-8, -4, -2, -1, 1, 2, 4, 8]) };
      if ('operand' in spec && spec.operand === 'K') return { ...i, imm: rng.pick(EDGES) };
      return { ...i, dst: rng.below(10) };
    }
    default:
      return i;
  }
}

/** One to three instructions changed, doubled or dropped; undefined when the draw cannot be built. */
export function mutant(rng: Rng, program: Program): Program | undefined {
  let current = program;
  for (let n = 1 + rng.below(3); n > 0; n--) {
    const at = rng.below(current.insns.length);
    const i = current.insns[at]!;
    if (isNop(i) || pinOf(current, at) !== undefined) continue;
    const kind = rng.below(8);
    const isJump = specOf(i)?.kind === 'jump';
    const put = kind === 0 && !isJump ? [i, changed(rng, i)] : kind === 1 ? [] : [changed(rng, i)];
    try {
      current = replaceRange(current, at, at + 1, put);
    } catch {
      return undefined;
    }
  }
  return current === program ? undefined : { ...current, name: `${program.name}-mutant` };
}
