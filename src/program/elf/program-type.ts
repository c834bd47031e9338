/**
 * What type a program has: section name, else what the user said, else the BTF of its context argument.
 *
 *   entry function --hookOfSection--> hook | --ProgramOptions--> hook | --func_info, func_proto--> struct
 *     --> hook
 */
import type { Assumption } from '../contracts/values.ts';
import { hooksOfContext } from '../tables/context-types.ts';
import type { HookName } from '../tables/hook-types.ts';
import { hookOfSection } from '../tables/hooks.ts';
import { resolve } from './btf/btf.ts';
import type { ObjectFile, ObjectFunction } from './object-types.ts';

export interface ProgramOptions {
  /** Program type for sections whose name says nothing; with `force`, for all sections. */
  hook?: HookName;
  attachType?: number;
  force?: boolean;
  /** Only to be listed: also what nothing else here understands, programs of big-endian machines. */
  listing?: boolean;
  /** What holds of values that a loader may set. */
  assume?: readonly Assumption[];
}

/** iproute2's sections of tail-called programs: `<map id>/<index>`. */
const NUMBERED = /^\d+\//;

interface ProgramType {
  hook: HookName;
  attachType?: number;
}

export function typeOfProgram(
  object: ObjectFile,
  entry: ObjectFunction,
  { hook, attachType, force = false }: ProgramOptions,
): ({ ok: true } & ProgramType) | { ok: false; reason: string } {
  const named = hookOfSection(entry.section.name);
  const byUser =
    hook === undefined ? undefined : { hook, ...(attachType === undefined ? {} : { attachType }) };
  const struct = contextStruct(object, entry);
  const hooks = struct === undefined ? [] : hooksOfContext(struct);
  // A tail call's section is numbered, whatever calls it: where the context is another one's, the number says
  // nothing.
  const isContradicted =
    NUMBERED.test(entry.section.name) &&
    hooks.length > 0 &&
    named !== undefined &&
    !hooks.includes(named.hook);
  const told = isContradicted ? undefined : named;
  const type: ProgramType | undefined = force ? (byUser ?? told) : (told ?? byUser);
  if (type !== undefined) return { ok: true, ...type };
  if (hooks.length === 1) return { ok: true, hook: hooks[0]! };
  const section = `section '${entry.section.name}' does not tell the program type`;
  if (hooks.length === 0) return { ok: false, reason: `${section}: name it with --type` };
  return {
    ok: false,
    reason: `${section}, and its context, a ${struct}, may be that of ${hooks.join(', ')}: name one with --type`,
  };
}

/** Name of the struct that the first argument of a function points to. */
function contextStruct({ btf, btfExt, elf }: ObjectFile, f: ObjectFunction): string | undefined {
  if (btf === undefined) return undefined;
  const record = btfExt?.func?.blocks
    .filter((b) => b.section === f.section.name)
    .flatMap((b) => b.records)
    .find((r) => r.insnOff === f.start);
  if (record === undefined) return undefined;
  const { buffer, byteOffset, byteLength } = record.rest;
  const func = btf.types[new DataView(buffer, byteOffset, byteLength).getUint32(0, elf.order === 'little')];
  const proto = func?.kind === 'func' ? btf.types[func.type] : undefined;
  const argument = proto?.kind === 'func_proto' ? proto.params[0] : undefined;
  const pointer = argument === undefined ? undefined : resolve(btf, argument.type)?.type;
  const struct = pointer?.kind === 'ptr' ? resolve(btf, pointer.type)?.type : undefined;
  return struct?.kind === 'struct' || struct?.kind === 'fwd' ? struct.name : undefined;
}
