/**
 * What of a program a Linux version does not know yet: its type, its instructions and maps, calls between
 * functions.
 *
 *   program x Linux version --tables of first versions--> findings, which no value of any register can change
 *
 * Helpers and context fields are looked at where they are used (transfer/): the kernel, too, only sees what
 * it reaches.
 */
import { linux, needs } from '../base/linux.ts';
import { type Insn, isHelperCall, OP_LD_IMM64, PseudoLd, sizeInSlots } from '../isa/insn.ts';
import { linuxOfInsn } from '../isa/levels.ts';
import { specOf } from '../isa/semantics.ts';
import type { Program } from '../program/program.ts';
import { attachTypeName } from '../program/tables/attach.ts';
import { Helper } from '../program/tables/helpers.ts';
import { loadFlagsOf } from '../program/tables/hooks.ts';
import { mapType } from '../program/tables/maps.ts';
import { attachTypeSince, hookSince, loadFlagsSince } from '../program/tables/since.ts';
import type { Finding } from './finding.ts';

/** Tail calls and legacy packet loads in programs that have functions, with JIT on x86-64. */
const EARLY_RETURNS = linux(5, 10);
/** More than 4096 slots, for those who may. */
const LONG_PROGRAMS = linux(5, 2);
const SHORT = 4096;

export function missingFeatures(program: Program, version: number): Finding[] {
  const { hook, attachType, insns, functions } = program;
  const findings: Finding[] = [];
  const report = (index: number, what: string, since: number): void => {
    if (since > version) findings.push({ index, reason: `${what}${needs(since)}`, since });
  };
  report(-1, `program type ${hook} `, hookSince(hook));
  const flagsSince = loadFlagsSince(hook, loadFlagsOf(program));
  if (flagsSince > hookSince(hook)) report(-1, `section ${program.section} `, flagsSince);
  if (attachType !== undefined)
    report(-1, `attach type ${attachTypeName(attachType)} `, attachTypeSince(attachType));
  if (sizeInSlots(insns) > SHORT) report(-1, `a program of more than ${SHORT} instructions `, LONG_PROGRAMS);
  const maps = new Set<number>();
  insns.forEach((i, index) => {
    report(index, '', linuxOfInsn(i) ?? 0);
    const map = mapOf(i);
    if (map !== undefined && !maps.has(map)) {
      maps.add(map);
      const def = program.maps[map];
      const type = def === undefined ? undefined : mapType(def.type);
      if (type !== undefined) report(index, `map ${def?.name}: type ${type.name} `, type.since);
    }
    const leaves = functions.length === 1 ? undefined : earlyReturn(i);
    if (leaves === undefined) return;
    report(index, `${leaves} in a program with functions `, EARLY_RETURNS);
    const reason = version < EARLY_RETURNS ? undefined : earlyReturnError(program, index, leaves);
    if (reason !== undefined) findings.push({ index, reason });
  });
  return findings;
}

/**
 * What leaves the running function without a result of its own: a tail call, a load past the end of the
 * packet.
 */
function earlyReturn(i: Insn): 'tail_call' | 'LD_ABS' | undefined {
  if (isHelperCall(i, Helper.tail_call)) return 'tail_call';
  return specOf(i)?.kind === 'ldabs' ? 'LD_ABS' : undefined;
}

/**
 * Only functions whose BTF says that they return a number may be left so (check_abnormal_return(),
 * check_btf_func()).
 */
function earlyReturnError({ functions }: Program, index: number, what: string): string | undefined {
  const f = functions.findIndex((g) => index >= g.start && index < g.end);
  if (f <= 0) return undefined;
  // Whoever loads bare instructions describes their functions as needed.
  const contract = functions[f]?.contract;
  if (contract === undefined) return undefined;
  const { btfType, returnsNumber } = contract;
  if (btfType === undefined) return `${what} is not allowed in subprogs without BTF`;
  return returnsNumber === true ? undefined : `${what} is only allowed in functions that return 'int'`;
}

function mapOf(i: Insn): number | undefined {
  const isMap = i.op === OP_LD_IMM64 && (i.src === PseudoLd.MAP_FD || i.src === PseudoLd.MAP_VALUE);
  return isMap ? i.imm : undefined;
}
