/** Files of programs as objects: `load` reads one, `BpfFile` holds its programs and writes it again. */
import {
  contentsWith,
  type FileContents,
  type LoadedFile,
  loadBytes,
  loadFile,
  saveFile,
  usableIn,
} from '../program/file.ts';
import type { Program } from '../program/program.ts';
import type { HookName } from '../program/tables/hook-types.ts';

/** What a file does not tell, or what of it is wanted. */
export interface LoadSettings {
  /** Program type, for raw instructions and for sections whose name does not tell. */
  type?: HookName;
  /** Only programs of this section, or with this function name. */
  section?: string;
  /** Of bytes: the file's name, for messages; instructions need one that ends in `.insns`. */
  name?: string;
  /** Of raw instructions in memory: the text of the `.maps` file. */
  maps?: string;
  /** Of raw instructions in memory: the text of the `.desc` file. */
  desc?: string;
}

/** A program that cannot be used, and why. */
export interface UnusableProgram {
  name: string;
  /** ELF section. */
  section: string;
  reason: string;
}

/** A program of a file, and what shall stand in its place. */
export interface Replacement {
  /** One of the file's own programs. */
  original: Program;
  optimized: Program;
}

/** A loaded file. */
export class BpfFile {
  /** As it was given to `load`. */
  readonly name: string;
  /** An ELF object, or raw instructions. */
  readonly kind: 'object' | 'raw';
  /** The programs that can be used, in file order. */
  readonly programs: readonly Program[];
  /** Programs of the file that cannot be used: of an unknown type, damaged, or empty. */
  readonly unusable: readonly UnusableProgram[];
  /** @internal */
  readonly loaded: LoadedFile;

  /** @internal Use `load`. */
  constructor(loaded: LoadedFile) {
    this.loaded = loaded;
    this.name = loaded.name;
    this.kind = loaded.source === 'raw' ? 'raw' : 'object';
    this.programs = usableIn(loaded);
    this.unusable = loaded.rows.flatMap((row) => {
      if (row.ok) return [];
      const { name, section, reason } = row;
      return [{ name, section, reason }];
    });
  }

  /** The same file with other programs in place of some of its own; everything else stays as it is. */
  contents(replacements: readonly Replacement[] = []): FileContents {
    return contentsWith(this.loaded, replacements);
  }

  /**
   * Writes the file with other programs in place of some of its own.
   * @throws {@link UserError} when the file cannot be written
   */
  save(path: string, replacements: readonly Replacement[] = []): void {
    saveFile(path, this.contents(replacements));
  }
}

/**
 * Reads a BPF object (ELF), or raw instructions (`.insns`) with the `.maps` and `.desc` files next to them.
 *
 * @example
 * ```ts
 * const file = load('prog.o');
 * for (const program of file.programs) console.log(program.name, program.hook);
 * ```
 * @param source a path, or the bytes of a file
 * @throws {@link UserError} when the file cannot be read, is of no known kind, or has no program that can be
 *   used
 */
export function load(source: string | Uint8Array, options: LoadSettings = {}): BpfFile {
  const { type, section, name = 'bytes', maps, desc } = options;
  const which = {
    ...(type === undefined ? {} : { hook: type }),
    ...(section === undefined ? {} : { section }),
  };
  return new BpfFile(
    typeof source === 'string' ? loadFile(source, which) : loadBytes(source, name, which, { maps, desc }),
  );
}
