/**
 * What of a program a Linux version does not know yet: its type, its instructions and maps, calls between functions.
 *
 *   program x Linux version --tables of first versions--> findings, which no value of any register can change
 *
 * Helpers and context fields are looked at where they are used (transfer/): the kernel, too, only sees what it reaches.
 */
import { linux, needs } from '../base/linux.ts';
import { type Insn, isHelperCall, OP_LD_IMM64, PseudoLd, sizeInSlots } from '../isa/insn.ts';
import { linuxOfInsn } from '../isa/levels.ts';
import type { Program } from '../program/program.ts';
import { attachTypeName } from '../program/tables/attach.ts';
import { Helper } from '../program/tables/helpers.ts';
import { loadFlagsOf } from '../program/tables/hooks.ts';
import { mapType } from '../program/tables/maps.ts';
import { attachTypeSince, hookSince, loadFlagsSince } from '../program/tables/since.ts';
import type { Finding } from './finding.ts';

/** Tail calls out of programs that have functions, with JIT on x86-64. */
const TAIL_CALL_WITH_FUNCTIONS = linux(5, 10);
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
    if (functions.length > 1 && isHelperCall(i, Helper.tail_call))
      report(index, 'a tail call in a program with functions ', TAIL_CALL_WITH_FUNCTIONS);
  });
  return findings;
}

function mapOf(i: Insn): number | undefined {
  const isMap = i.op === OP_LD_IMM64 && (i.src === PseudoLd.MAP_FD || i.src === PseudoLd.MAP_VALUE);
  return isMap ? i.imm : undefined;
}
