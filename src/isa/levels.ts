/**
 * Which clang level and which Linux version a list of instructions asks for, and the names users give them.
 */
import { linux } from '../base/linux.ts';
import { type Insn, OP_LD_IMM64, PseudoLd } from './insn.ts';
import { type IsaLevel, OPS, type OpSpec, specOf } from './semantics.ts';

/** clang's `-mcpu` names, lowest first. */
export const ISA_LEVELS: readonly IsaLevel[] = [1, 2, 3, 4];

/** Linux that every instruction of the first eBPF asks for. */
const OLDEST = linux(3, 18);

/** First Linux that knows each kind of `ld_imm64`; the table's row has plain numbers. */
const PSEUDO_LD_SINCE: ReadonlyMap<number, number> = new Map([
  [PseudoLd.MAP_FD, linux(3, 18)],
  [PseudoLd.MAP_VALUE, linux(5, 2)],
  [PseudoLd.BTF_ID, linux(5, 10)],
  [PseudoLd.FUNC, linux(5, 13)],
  [PseudoLd.MAP_IDX, linux(5, 14)],
  [PseudoLd.MAP_IDX_VALUE, linux(5, 14)],
]);

/** Highest level of any instruction; 1 for none. Unknown opcodes ask for nothing: validate.ts names them. */
export function levelOf(insns: readonly Insn[]): IsaLevel {
  let level: IsaLevel = 1;
  for (const i of insns) {
    const own = specOf(i)?.level ?? 1;
    if (own > level) level = own;
  }
  return level;
}

/** First Linux that knows one instruction; undefined for an unknown one. */
export function linuxOfInsn(i: Insn): number | undefined {
  const spec = specOf(i);
  if (spec === undefined) return undefined;
  return i.op === OP_LD_IMM64 ? Math.max(spec.linux, PSEUDO_LD_SINCE.get(i.src) ?? 0) : spec.linux;
}

/** First Linux that knows all instructions. */
export function linuxOf(insns: readonly Insn[]): number {
  return insns.reduce((version, i) => Math.max(version, linuxOfInsn(i) ?? 0), OLDEST);
}

/**
 * What may be emitted: rows of clang's level or below that a Linux version accepts. Both bounds are
 * inclusive.
 */
export interface Target {
  level: IsaLevel;
  /** A version as base/linux.ts makes it. */
  linux: number;
}

export function allowed(spec: OpSpec, target: Target): boolean {
  return spec.level <= target.level && spec.linux <= target.linux;
}

/** The rows that may be emitted for a target, in the table's order. */
export function opsFor(target: Target): OpSpec[] {
  return OPS.filter((spec) => allowed(spec, target));
}

export function isaName(level: IsaLevel): string {
  return `v${level}`;
}

/** 3 for `v3` or `3`; undefined for anything else. */
export function parseIsa(name: string): IsaLevel | undefined {
  const match = /^v?([1-4])$/.exec(name.trim().toLowerCase());
  return match === null ? undefined : ISA_LEVELS[Number(match[1]) - 1];
}
