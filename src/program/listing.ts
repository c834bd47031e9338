/**
 * A program as text: the instructions alone (`listing`), or all that `k2 disasm` prints of it
 * (`programText`), which assembly.ts reads back.
 *
 *     ; count, section xdp: xdp, 12 slots, 11 instructions
 *     ; map hits: type 2, key 4, value 8, 16 entries
 *     0: r1 = 0
 *     1: r1 = map[hits]
 */
import { formatInsn, type Names } from '../isa/disasm.ts';
import { slotOffsets } from '../isa/flow.ts';
import { type Insn, OP_CALL, PseudoCall, sizeInSlots } from '../isa/insn.ts';
import { formatMacro } from '../isa/macros/macros.ts';
import type { MapDef, Program } from './program.ts';
import { helperById } from './tables/helpers.ts';
import { mapType } from './tables/maps.ts';

/** Names of helpers and of the program's maps, for the text of its instructions. */
export function namesOf(program: Program): Names {
  return { helper: (id) => helperById(id).name, map: (index) => program.maps[index]?.name };
}

/** One line per instruction, with slot numbers and the names of helpers, maps and kernel functions. */
export function listing(program: Program): string[] {
  return linesOf(program, kernelSyntax(program));
}

/** Line of programs that a little-endian machine cannot run. */
export const BIG_ENDIAN = '; byte order: big-endian';

export interface ProgramTextOptions {
  /** As C macros, `BPF_MOV64_IMM(...)`, instead of the kernel verifier's syntax. */
  macros?: boolean;
}

/** What `k2 disasm` prints of a program; each line ends in a newline. */
export function programText(program: Program, { macros = false }: ProgramTextOptions = {}): string {
  const { name, section, hook, insns, maps } = program;
  const where = section === '' ? '' : `, section ${section}`;
  const print = macros ? macroSyntax() : kernelSyntax(program);
  const lines = linesOf(
    program,
    (i, index) => print(i, index) + pinnedNote(program, index, macros),
    macros ? '; ' : '',
  );
  return [
    `; ${name}${where}: ${hook}, ${sizeInSlots(insns)} slots, ${insns.length} instructions`,
    ...(program.provenance.byteOrder === 'big' ? [BIG_ENDIAN] : []),
    ...maps.map(mapLine),
    ...lines,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

type Print = (i: Insn, index: number) => string;

/** Prints instructions of a program in the kernel verifier's syntax, without slot numbers. */
export function instructionPrinter(program: Program): Print {
  const names = namesOf(program);
  return (i, index) => {
    const kernelFunction = kernelFunctionAt(program, index);
    const own = kernelFunction === undefined ? names : { ...names, kernelFunction: () => kernelFunction };
    return formatInsn(i, own);
  };
}

function kernelSyntax(program: Program): Print {
  const print = instructionPrinter(program);
  const offsets = slotOffsets(program.insns);
  return (i, index) => `${offsets[index]}: ${print(i, index)}`;
}

function macroSyntax(): Print {
  const helper = (id: number): string | undefined => {
    const { known, name } = helperById(id);
    return known ? `bpf_${name}` : undefined;
  };
  return (i) => `${formatMacro(i, { helper })},`;
}

/** Labels of subprograms stand before their first instruction. */
function linesOf(program: Program, print: Print, before = ''): string[] {
  const { functions } = program;
  const labels = new Map(functions.length > 1 ? functions.map((f) => [f.start, f.name]) : []);
  return program.insns.flatMap((i, index) => {
    const name = labels.get(index);
    return [...(name === undefined ? [] : [`${before}${name}:`]), print(i, index)];
  });
}

/** `; map hits: type 2, key 4, value 8, 16 entries`, and what else the map is. */
function mapLine({ name, type, keySize, valueSize, maxEntries, flags, inner, initial }: MapDef): string {
  const own = flags & ~(mapType(type)?.requiredFlags ?? 0);
  return [
    `; map ${name}: type ${type}, key ${keySize}, value ${valueSize}, ${maxEntries} entries`,
    ...(own === 0 ? [] : [`flags 0x${(flags >>> 0).toString(16)}`]),
    ...(inner === undefined ? [] : [`of maps like ${inner.name}`]),
    ...(initial === undefined ? [] : ['contents not shown']),
  ].join(', ');
}

/** Why an instruction must stay as it is: what a loader puts into it is not in its text. */
function pinnedNote(program: Program, index: number, macros: boolean): string {
  const reason = program.pinned.get(program.origin[index] ?? -1);
  const isNamed = !macros && kernelFunctionAt(program, index) !== undefined;
  return reason === undefined || isNamed ? '' : ` // ${reason}`;
}

const KERNEL_FUNCTION = /^(?:weak )?kernel function ([A-Za-z_.$][\w.$]*)$/;

function kernelFunctionAt(program: Program, index: number): string | undefined {
  const i = program.insns[index]!;
  if (i.op !== OP_CALL || i.src !== PseudoCall.KFUNC) return undefined;
  return KERNEL_FUNCTION.exec(program.pinned.get(program.origin[index] ?? -1) ?? '')?.[1];
}
