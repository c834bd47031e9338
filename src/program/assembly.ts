/**
 * Text to a program: what `programText` printed, the kernel verifier's syntax as people write it, or C
 * macros.
 *
 *   text --lines of the header--> maps by name, hook    \
 *   text --assemble, or readMacros--> instructions       > Assembly
 *   what the text tells and raw files cannot hold --> notes
 */
import { UserError } from '../base/errors.ts';
import { AsmError, assemble } from '../isa/asm/asm.ts';
import { type Insn, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd } from '../isa/insn.ts';
import { readMacros } from '../isa/macros/macros.ts';
import { structureError } from '../isa/validate.ts';
import { BIG_ENDIAN } from './listing.ts';
import type { MapDef } from './program.ts';
import { hooksOfContext } from './tables/context-types.ts';
import { HELPERS } from './tables/helpers.ts';
import type { CtxField, HookName } from './tables/hook-types.ts';
import { SK_BUFF_FIELDS } from './tables/hooks/skb.ts';
import { HOOKS, isHookName } from './tables/hooks.ts';
import { mapType } from './tables/maps.ts';

export interface Assembly {
  insns: Insn[];
  /** `map[name]` in the text has a map's place here in `imm`. */
  maps: MapDef[];
  /** Where the text names the program and its type. */
  name?: string;
  hook?: HookName;
  /** One sentence per thing that the text tells and an instruction file cannot hold. */
  notes: string[];
}

const helperIds = new Map(HELPERS.map((h) => [h.name, h.id]));
const helper = (name: string): number | undefined => helperIds.get(name.replace(/^bpf_/, ''));

/**
 * Place of a field in the context of any hook that has it; what a hook may touch is not the text's business.
 */
function contextOffset(struct: string, member: string): number | undefined {
  if (struct === '__sk_buff') return offsetIn(SK_BUFF_FIELDS, member);
  const fields = hooksOfContext(struct).flatMap((hook) => HOOKS[hook].fields);
  return offsetIn(fields, member);
}

/** An array without an index is its first element. */
function offsetIn(fields: readonly CtxField[], member: string): number | undefined {
  return fields.find((f) => f.name === member || f.name === `${member}[0]`)?.offset;
}

const PROGRAM = /^;\s*(\S.*): (\w+), \d+ slots, \d+ instructions\s*$/;
const MAP =
  /^;\s*map (\S+): type (\d+), key (\d+), value (\d+), (\d+) entries(?:, flags (0x[0-9a-f]+))?(, of maps like \S+)?(, contents not shown)?\s*$/;
/** What begins like a map's line but is none: a slip must not leave the map undefined. */
const LIKE_MAP = /^;\s*map \S+:/;

/** @throws UserError naming file, line and column */
export function readAssembly(text: string, file: string): Assembly {
  const { maps, programs, notes } = readHeader(text, file);
  if (programs.length > 1)
    throw new UserError(
      `the text holds ${programs.length} programs: ${programs.map((p) => p.name).join(', ')}.`,
      file,
      'Assemble one: k2 disasm FILE --section NAME prints it alone.',
    );
  if (text.split(/\r?\n/).includes(BIG_ENDIAN))
    throw new UserError('instruction files are little-endian, this program is not.', file);
  const places = new Map(maps.map((m, index) => [m.name, index]));
  try {
    const insns = /\bBPF_[A-Z0-9_]+\s*\(/.test(withoutComments(text))
      ? readMacros(text, { helper, offsetOf: contextOffset })
      : assemble(text, { helper, map: (name) => places.get(name) });
    const problem = structureError(insns);
    if (problem !== undefined) throw new UserError(`${problem.reason}.`, `${file}, slot ${problem.slot}`);
    const kernelFunctions = insns.filter((i) => i.op === OP_CALL && i.src === PseudoCall.KFUNC).length;
    const symbols = insns.filter((i) => i.op === OP_LD_IMM64 && i.src === PseudoLd.BTF_ID).length;
    return {
      insns,
      maps,
      ...programs[0],
      notes: [
        ...notes,
        ...(kernelFunctions === 0
          ? []
          : [
              `calls of kernel functions (${kernelFunctions}): only their numbers are kept, which differ between kernels`,
            ]),
        ...(symbols === 0
          ? []
          : [
              `addresses of kernel symbols (${symbols}): only their numbers are kept, which differ between kernels`,
            ]),
      ],
    };
  } catch (e) {
    if (e instanceof AsmError) throw new UserError(`${e.what}.`, `${file}:${e.line}:${e.column}`);
    throw e;
  }
}

interface Header {
  maps: MapDef[];
  programs: { name: string; hook?: HookName }[];
  notes: string[];
}

function readHeader(text: string, file: string): Header {
  const header: Header = { maps: [], programs: [], notes: [] };
  for (const [n, line] of text.split(/\r?\n/).entries()) {
    if (!line.startsWith(';')) continue;
    const program = PROGRAM.exec(line);
    if (program !== null) {
      const name = program[1]!.replace(/, section \S.*$/, '');
      header.programs.push({ name, ...(isHookName(program[2]!) ? { hook: program[2] } : {}) });
      continue;
    }
    const m = MAP.exec(line);
    if (m === null) {
      if (LIKE_MAP.test(line))
        throw new UserError(
          'this is not a map.',
          `${file}:${n + 1}:1`,
          'A map reads: ; map NAME: type 1, key 4, value 8, 16 entries',
        );
      continue;
    }
    const [, name, type, keySize, valueSize, maxEntries, own, inner, contents] = m;
    if (header.maps.some((other) => other.name === name))
      throw new UserError(`map ${name} is defined twice.`, `${file}:${n + 1}:1`);
    const flags = Number(own ?? 0) | (mapType(Number(type))?.requiredFlags ?? 0);
    header.maps.push({
      name: name!,
      type: Number(type),
      keySize: Number(keySize),
      valueSize: Number(valueSize),
      maxEntries: Number(maxEntries),
      flags,
    });
    const lost = [
      ...(own === undefined ? [] : ['flags']),
      ...(inner === undefined ? [] : ['inner map']),
      ...(contents === undefined ? [] : ['contents']),
    ];
    if (lost.length > 0)
      header.notes.push(`map ${name}: its ${lost.join(' and ')} cannot be kept in a .maps file`);
  }
  return header;
}

/** Lines that are comments say nothing about the syntax of the others. */
function withoutComments(text: string): string {
  return text.replace(/^[ \t]*(?:;|#|\/\/)[^\n]*/gm, '');
}
