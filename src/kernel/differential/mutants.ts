/**
 * Mutants: programs a few instructions away from a given one, all from a seed. They ask of a verifier what
 * the ends of rules are; most of them are refused.
 */

import { linux } from '../../base/linux.ts';
import type { Rng } from '../../base/random.ts';
import { type Insn, isNop, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd } from '../../isa/insn.ts';
import { OPS, type OpSpec, specOf } from '../../isa/semantics.ts';
import { pinOf, replaceRange } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import { HELPERS } from '../../program/tables/helpers.ts';

const EDGES = [0, 1, 2, 4, 8, 14, 16, 31, 32, 63, 255, 0xffff, -1, -8, 0x7fffffff];
const STEPS = [-8, -4, -2, -1, 1, 2, 4, 8];

/** Rows of one kind that are no newer than Linux 6.0 and take the same sort of operand. */
function alike(spec: OpSpec): OpSpec[] {
  return OPS.filter(
    (o) =>
      o.kind === spec.kind &&
      o.linux <= linux(6, 0) &&
      (!('operand' in o) || !('operand' in spec) || o.operand === spec.operand),
  );
}

/** The instruction with one part changed: its row, a register, its offset or its constant. */
export function changed(rng: Rng, i: Insn): Insn {
  const spec = specOf(i);
  switch (spec?.kind) {
    case 'alu':
    case 'jump':
    case 'load':
    case 'store':
    case 'atomic':
      return changedPart(rng, i, spec);
    case 'ldimm64':
      return i.src === PseudoLd.IMM64 ? { ...i, imm: rng.pick(EDGES) } : { ...i, dst: rng.below(10) };
    default:
      return i;
  }
}

function changedPart(rng: Rng, i: Insn, spec: OpSpec): Insn {
  const what = rng.below(5);
  if (what === 0) {
    const to = rng.pick(alike(spec));
    return {
      ...i,
      op: to.op,
      ...(to.kind === 'alu' ? { off: to.off ?? 0 } : {}),
      ...(to.imm === undefined ? {} : { imm: to.imm }),
    };
  }
  const hasX = 'operand' in spec ? spec.operand === 'X' : spec.kind !== 'ldimm64';
  if (what === 2 && hasX) return { ...i, src: rng.below(11) };
  if (what === 3 && ['load', 'store', 'atomic'].includes(spec.kind))
    return { ...i, off: i.off + rng.pick(STEPS) };
  if (what === 3 && spec.kind === 'jump') return { ...i, off: i.off + rng.pick([-1, 1, 2, 3]) };
  if (what === 4 && 'operand' in spec && spec.operand === 'K') return { ...i, imm: rng.pick(EDGES) };
  return { ...i, dst: rng.below(10) };
}

/** Another map, or another helper with as many arguments. */
function retargeted(rng: Rng, program: Program, i: Insn): Insn | undefined {
  if (i.op === OP_LD_IMM64 && i.src === PseudoLd.MAP_FD && program.maps.length > 1)
    return { ...i, imm: rng.below(program.maps.length) };
  if (i.op !== OP_CALL || i.src !== PseudoCall.HELPER) return undefined;
  const args = HELPERS.find((h) => h.id === i.imm)?.args.length;
  return { ...i, imm: rng.pick(HELPERS.filter((h) => h.args.length === args)).id };
}

/** What takes the place of instructions [at, at + length). */
function change(rng: Rng, program: Program, at: number): { length: number; by: readonly Insn[] } {
  const i = program.insns[at]!;
  const next = program.insns[at + 1];
  const other = rng.chance(0.3) ? retargeted(rng, program, i) : undefined;
  if (other !== undefined) return { length: 1, by: [other] };
  const isPlain = (x: Insn | undefined): x is Insn =>
    x !== undefined && !['jump', 'goto', 'call', 'exit'].includes(specOf(x)?.kind ?? '');
  const kind = rng.below(9);
  if (kind === 0 && isPlain(i)) return { length: 1, by: [i, changed(rng, i)] };
  if (kind === 1) return { length: 1, by: [] };
  if (kind === 2 && isPlain(i) && isPlain(next)) return { length: 2, by: [next, i] };
  return { length: 1, by: [changed(rng, i)] };
}

/**
 * One to three instructions changed, doubled, dropped or swapped; undefined when the draw cannot be built.
 */
export function mutant(rng: Rng, program: Program): Program | undefined {
  let current = program;
  for (let n = 1 + rng.below(3); n > 0; n--) {
    const at = rng.below(current.insns.length);
    const i = current.insns[at]!;
    if (isNop(i) || pinOf(current, at) !== undefined) continue;
    const { length, by } = change(rng, current, at);
    try {
      current = replaceRange(current, at, at + length, by);
    } catch {
      return undefined;
    }
  }
  return current === program ? undefined : { ...current, name: `${program.name}-mutant` };
}
