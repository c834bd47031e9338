/**
 * Constants that are set where a jump has come to, rather than before it: of several jumps to one place that
 * bring the same constant there, each sets it on its way. Those settings are then shared (tail-merging.ts),
 * and the earlier ones are dead.
 */

import { readFirst } from '../../isa/effects.ts';
import { jumpTarget, slotOffsets } from '../../isa/flow.ts';
import { negated } from '../../isa/forms.ts';
import { type Insn, insn, isNop, OP_JA } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { pinOf } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import { MOV32_K, MOV64_K } from '../opcodes.ts';

export interface LateConstant {
  register: number;
  constant: number;
  /** Jumps that bring it, in program order. */
  jumps: readonly number[];
}

/** Instructions at a jump's target that are looked at for registers that they read. */
const AHEAD = 4;
const ENDS: ReadonlySet<string | undefined> = new Set(['call', 'jump', 'goto', 'exit']);

/** `register = constant`, as this module writes it and as it may stand in a program. */
export function setsConstant(i: Insn, register: number, constant: number): boolean {
  return (i.op === MOV64_K || i.op === MOV32_K) && i.dst === register && i.imm === constant;
}

/**
 * @param constantAt a register's value before an instruction, where it is a known constant of 32 bits,
 *   sign-extended
 */
export function lateConstants(
  program: Program,
  constantAt: (index: number, register: number) => number | undefined,
): LateConstant[] {
  const { insns } = program;
  const offsets = slotOffsets(insns);
  const groups = new Map<string, { register: number; constant: number; jumps: number[] }>();
  insns.forEach((i, at) => {
    const target = jumpTarget(insns, at, offsets);
    if (target === undefined || isNop(i) || pinOf(program, at) !== undefined) return;
    for (let r = 0; r < 10; r++) {
      if (((readFirst(straightFrom(insns, target)) >> r) & 1) === 0) continue;
      const constant = constantAt(at, r);
      if (constant === undefined || !insns.some((x) => setsConstant(x, r, constant))) continue;
      const key = `${target} ${r} ${constant}`;
      const group = groups.get(key) ?? { register: r, constant, jumps: [] };
      groups.set(key, group);
      group.jumps.push(at);
    }
  });
  return [...groups.values()];
}

/** The jump at `at` that sets the constant on its way; undefined for a test that cannot be turned. */
export function settingOnTheWay(program: Program, at: number, late: LateConstant): Insn[] | undefined {
  const i = program.insns[at]!;
  const set = insn(MOV64_K, late.register, 0, 0, late.constant);
  if (specOf(i)?.kind === 'goto' && i.op === OP_JA) return [set, { ...i, off: away(i.off, 1) }];
  const turned = specOf(i)?.kind === 'jump' ? negated(i) : undefined;
  return turned && [{ ...turned, off: 2 }, set, insn(OP_JA, 0, 0, away(i.off, 2))];
}

/** A distance from an instruction so many slots further on, which push everything behind them away. */
function away(off: number, by: number): number {
  return off >= 0 ? off : off - by;
}

/** Straight code from `at` on, up to and with the jump at its end, without a call. */
function straightFrom(insns: readonly Insn[], at: number): readonly Insn[] {
  const next = insns.slice(at, at + AHEAD);
  const end = next.findIndex((i) => ENDS.has(specOf(i)?.kind));
  if (end < 0) return next;
  return next.slice(0, specOf(next[end]!)?.kind === 'call' ? end : end + 1);
}
