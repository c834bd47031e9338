/**
 * Loads or saves any file of programs, reading and parsing each once.
 *
 *   path or bytes --loadFile, loadBytes--> LoadedFile: its kind, and its programs or the reason why there is
 *     none
 *   LoadedFile, optimized programs --contentsWith--> FileContents, a file of the same kind --saveFile--> path
 *
 * Kinds: BPF objects (ELF), and raw instructions (`.insns`) with `.maps` and `.desc` next to them.
 */
import { UserError } from '../base/errors.ts';
import { readBytes, writeWhole } from '../base/files.ts';
import { SLOT_BYTES } from '../isa/codec.ts';
import { sizeInSlots } from '../isa/insn.ts';
import type { Assumption } from './contracts/values.ts';
import {
  type ObjectFile,
  type ProgramChange,
  type ProgramOptions,
  type ProgramRow,
  programsOf,
  readObject,
  rewritePrograms,
  writeObject,
} from './elf/index.ts';
import type { Program } from './program.ts';
import { type RawOptions, readRaw, readRawFile, writeRaw, writeRawFile } from './raw/raw.ts';
import type { HookName } from './tables/hook-types.ts';

/** Which programs of a file, and what they are. */
export interface FileSelection {
  /** Program type, for files and sections that do not tell. */
  hook?: HookName;
  /** With `hook`: its expected attach type. */
  attachType?: number;
  /** Only programs of this section, or with this function name. */
  section?: string;
  /** Only to be listed: also programs of big-endian machines. */
  listing?: boolean;
  /** What holds of values that a loader may set (contracts/values.ts). Default: nothing. */
  assume?: readonly Assumption[];
}

export interface LoadedFile {
  /** As the user named it, for messages. */
  name: string;
  /** The parsed object, or `raw` for a file of instructions. */
  source: ObjectFile | 'raw';
  /** Bytes of the object, or of the instructions. */
  size: number;
  /** One row per program, in file order: the program, or why it cannot be used. Never empty. */
  rows: readonly ProgramRow[];
}

/** What a file of one kind holds. */
export type FileContents =
  | { kind: 'object'; bytes: Uint8Array }
  | { kind: 'raw'; insns: Uint8Array; maps: string; desc: string };

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const RAW = '.insns';

/** @throws UserError when the file is of no known kind, or has no program that was asked for */
export function loadFile(path: string, options: FileSelection = {}): LoadedFile {
  if (path.endsWith(RAW)) return rawFile(readRawFile(path, rawOptions(options)), path);
  return loadBytes(readBytes(path), path, options);
}

/**
 * The same for bytes in memory: an object, or instructions when `name` ends in `.insns`.
 * @param beside texts of the `.maps` and `.desc` that go with instructions
 * @throws UserError
 */
export function loadBytes(
  bytes: Uint8Array,
  name: string,
  options: FileSelection = {},
  beside: { maps?: string; desc?: string } = {},
): LoadedFile {
  if (name.endsWith(RAW)) {
    const { maps = '', desc = '' } = beside;
    return rawFile(readRaw({ file: name, insns: bytes, maps, desc }, rawOptions(options)), name);
  }
  if (!ELF_MAGIC.every((b, i) => bytes[i] === b))
    throw new UserError('this is neither a BPF object (ELF) nor a raw .insns file.', name, 'Check the path.');
  const object = readObject(bytes, name);
  return {
    name,
    source: object,
    size: bytes.length,
    rows: chosen(programsOf(object, programOptions(options)), name, options),
  };
}

/** A raw file has no sections: its one program is meant whatever was asked for. */
function rawFile(program: Program, name: string): LoadedFile {
  return {
    name,
    source: 'raw',
    size: sizeInSlots(program.insns) * SLOT_BYTES,
    rows: [{ ok: true, program }],
  };
}

function programOptions({ hook, attachType, listing, assume }: FileSelection): ProgramOptions {
  return {
    ...(assume === undefined ? {} : { assume }),
    ...(listing === true ? { listing } : {}),
    ...(hook === undefined ? {} : { hook, ...(attachType === undefined ? {} : { attachType }) }),
  };
}

function rawOptions({ hook, attachType }: FileSelection): RawOptions {
  return hook === undefined ? {} : { hook, ...(attachType === undefined ? {} : { attachType }) };
}

/** The name and section of a row, whether it can be used or not. */
export function labelOf(row: ProgramRow): { name: string; section: string } {
  return row.ok ? row.program : row;
}

function chosen(rows: ProgramRow[], file: string, { section }: FileSelection): ProgramRow[] {
  const hits = rows.filter((row) => {
    const { name, section: where } = labelOf(row);
    return section === undefined || section === name || section === where;
  });
  if (hits.length > 0) return hits;
  if (section === undefined) throw new UserError('the object has no programs.', file);
  const sections = [...new Set(rows.map((row) => labelOf(row).section))];
  throw new UserError(
    `no section or function is called '${section}'.`,
    file,
    `There are: ${sections.join(', ')}.`,
  );
}

/** The programs that can be used. @throws UserError with the reason of the first when there is none */
export function usableIn(file: LoadedFile): Program[] {
  const usable = file.rows.flatMap((row) => (row.ok ? [row.program] : []));
  const [first] = file.rows;
  if (usable.length === 0 && first !== undefined && !first.ok)
    throw new UserError(`${first.reason}.`, `${file.name}, section ${first.section}, ${first.name}`);
  return usable;
}

/**
 * A file of the same kind with optimized programs in place of their originals, which are programs of this
 * file. Everything else of an object stays as it is.
 */
export function contentsWith(file: LoadedFile, changes: readonly ProgramChange[]): FileContents {
  if (file.source === 'raw') {
    const program = changes[0]?.optimized ?? usableIn(file)[0]!;
    return { kind: 'raw', ...writeRaw(program) };
  }
  return { kind: 'object', bytes: writeObject(file.source, rewritePrograms(file.source, changes)) };
}

/** Each file appears whole or not at all. @throws UserError naming the file that cannot be written */
export function saveFile(path: string, contents: FileContents): void {
  if (contents.kind === 'object') writeWhole(path, contents.bytes);
  else writeRawFile(path, contents);
}
