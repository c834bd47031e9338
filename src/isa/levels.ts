/** Which clang level and which Linux version a list of instructions asks for, and the names users give them. */
import { type Insn, OP_LD_IMM64, PseudoLd } from './insn.ts';
import { type IsaLevel, OPS, type OpSpec, specOf } from './semantics.ts';

/** clang's `-mcpu` names, lowest first. */
export const ISA_LEVELS: readonly IsaLevel[] = [1, 2, 3, 4];

/** First Linux (major * 100 + minor) that knows each kind of `ld_imm64`; the table's row has plain numbers. */
const PSEUDO_LD_SINCE: ReadonlyMap<number, number> = new Map([
  [PseudoLd.MAP_FD, 318],
  [PseudoLd.MAP_VALUE, 502],
  [PseudoLd.BTF_ID, 510],
  [PseudoLd.FUNC, 513],
  [PseudoLd.MAP_IDX, 514],
  [PseudoLd.MAP_IDX_VALUE, 514],
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

/** First Linux that knows one instruction, as major * 100 + minor; undefined for an unknown one. */
export function linuxOfInsn(i: Insn): number | undefined {
  const spec = specOf(i);
  if (spec === undefined) return undefined;
  return i.op === OP_LD_IMM64 ? Math.max(spec.linux, PSEUDO_LD_SINCE.get(i.src) ?? 0) : spec.linux;
}

/** First Linux that knows all instructions, as major * 100 + minor. */
export function linuxOf(insns: readonly Insn[]): number {
  return insns.reduce((linux, i) => Math.max(linux, linuxOfInsn(i) ?? 0), 318);
}

/** What may be emitted: rows of clang's level or below that a Linux version accepts. Both bounds are inclusive. */
export interface Target {
  level: IsaLevel;
  /** major * 100 + minor */
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

/** `5.4` for 504. */
export function linuxName(linux: number): string {
  return `${Math.floor(linux / 100)}.${linux % 100}`;
}

/** 504 for `5.4`, `5.4.0-26-generic` or `v5.4`; undefined for anything else. */
export function parseLinux(name: string): number | undefined {
  const match = /^v?(\d{1,2})\.(\d{1,2})(?![\d])/.exec(name.trim());
  return match === null ? undefined : Number(match[1]) * 100 + Number(match[2]);
}
