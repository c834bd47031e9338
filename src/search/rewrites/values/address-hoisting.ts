/**
 * Addresses that are taken again and again (of maps, of .rodata), kept in a register that calls preserve: the
 * first taking of an address puts it there, which costs a slot, and each later one that it reaches becomes a
 * copy, which saves one.
 *
 *   addresses by what they name --1 a taking and a register that is free there--> --2 takings that it reaches
 *     (known-values.ts)-->
 *   the places to change, most saved first
 */
import { controlFlow } from '../../../analysis/cfg/cfg.ts';
import { liveRegisters } from '../../../analysis/index.ts';
import { type Insn, insn, OP_LD_IMM64, PseudoLd } from '../../../isa/insn.ts';
import { pinOf, replaceRange } from '../../../program/edit.ts';
import type { Program } from '../../../program/program.ts';
import { MOV64_X } from '../../opcodes.ts';
import { KnownValues, sameName } from './known-values.ts';

export interface Hoisting {
  /** Takes the address first; `replacement` is what it becomes. */
  at: number;
  replacement: readonly Insn[];
  /** Later takings, in the program with that, and what they become. */
  copies: readonly { at: number; replacement: Insn }[];
}

/** Registers that calls keep. */
const KEPT = [9, 8, 7, 6] as const;
/** A copy costs nothing more, but the first taking does. */
const FEWEST = 3;
/** First takings that are tried, of each address. */
const MOST_STARTS = 4;

const ADDRESSES: ReadonlySet<number> = new Set([PseudoLd.MAP_FD, PseudoLd.MAP_VALUE]);

export function addressHoistings(program: Program): Hoisting[] {
  const cfg = controlFlow(program);
  const live = liveRegisters(program, cfg);
  const found: Hoisting[] = [];
  for (const sites of takings(program)) {
    let best: Hoisting | undefined;
    for (const at of sites.slice(0, MOST_STARTS))
      for (const register of KEPT) {
        // What it holds is read later: it is not free. And nothing saves more than copies everywhere else.
        if (((live[at]! >> register) & 1) === 1 || best?.copies.length === sites.length - 1) continue;
        const made = hoisted(program, at, register, sites);
        if (made !== undefined && made.copies.length > (best?.copies.length ?? 1)) best = made;
      }
    if (best !== undefined) found.push(best);
  }
  return found.sort((a, b) => b.copies.length - a.copies.length);
}

/** Places that take one address, of each that is taken often enough in one function. */
function takings(program: Program): number[][] {
  const sites = new Map<string, number[]>();
  for (const [fn, { start, end }] of program.functions.entries())
    for (let at = start; at < end; at++) {
      const i = program.insns[at]!;
      if (i.op !== OP_LD_IMM64 || !ADDRESSES.has(i.src) || pinOf(program, at) !== undefined) continue;
      const key = `${fn} ${i.src} ${i.imm} ${i.immHi}`;
      sites.set(key, [...(sites.get(key) ?? []), at]);
    }
  return [...sites.values()].filter((list) => list.length >= FEWEST);
}

function hoisted(
  program: Program,
  at: number,
  register: number,
  sites: readonly number[],
): Hoisting | undefined {
  const taken = program.insns[at]!;
  const replacement = [{ ...taken, dst: register }, insn(MOV64_X, taken.dst, register)];
  const changed = replaceRange(program, at, at + 1, replacement);
  const cfg = controlFlow(changed);
  const values = new KnownValues(changed, cfg);
  const copies = sites.flatMap((site) => {
    if (site === at) return [];
    const now = site < at ? site : site + 1;
    const i = changed.insns[now]!;
    const names = values.before(now, cfg);
    if (!sameName(values.resultOf(i, names), names[register])) return [];
    return [{ at: now, replacement: insn(MOV64_X, i.dst, register) }];
  });
  return { at, replacement, copies };
}
