/**
 * A program and what is needed to understand it. Data only: everything here can be cloned and written as JSON
 * (byte arrays aside).
 */
import type { Insn } from '../isa/insn.ts';
import type { FunctionContract } from './contracts/contract.ts';
import type { HookName } from './tables/hook-types.ts';

/** What a map is, as BPF_MAP_CREATE takes it. Sizes in bytes. */
export interface MapDef {
  name: string;
  /** BPF_MAP_TYPE_*, see maps.ts. */
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  /** BPF_F_* creation flags. */
  flags: number;
  /** Template of the inner maps of an array or hash of maps. */
  inner?: MapDef;
  /** Maps that a loader puts into a map of maps: the object's `.values`. */
  values?: readonly { index: number; map: MapDef }[];
  /** Contents of a global data section (an array map of one entry). */
  initial?: Uint8Array;
  /** `.rodata`: frozen, so its contents are constants. */
  readonly?: boolean;
}

/** What a loader computes for an instruction: a `struct bpf_core_relo` without its place. */
export interface CoreRelocation {
  /** Number of the type in the program's BTF. */
  type: number;
  /** Offset of the access string there. */
  access: number;
  /** enum bpf_core_relo_kind */
  kind: number;
}

/** Instructions [start, end) of `Program.insns`. */
export interface FunctionRange {
  name: string;
  start: number;
  end: number;
  /**
   * What its callers and itself may count on; left out: it is static. Of the entry: what it is to others that
   * call it.
   */
  contract?: FunctionContract;
}

/**
 * A program as it would be given to the kernel: the entry function first, then every subprogram it reaches.
 *
 * References are normalised: `ld_imm64` with src MAP_FD or MAP_VALUE has the index into `maps` in `imm` (and
 * for MAP_VALUE the byte offset in `immHi`); `call local` has its relative slot distance in `imm`; a
 * subprogram's address (src FUNC) likewise.
 */
export interface Program {
  /** Name that is unique within its file: the function's, or the file's base name. */
  name: string;
  /** ELF section, or '' for raw instruction files. */
  section: string;
  hook: HookName;
  /** expected_attach_type of BPF_PROG_LOAD, where the hook has several. */
  attachType?: number;
  license: string;
  insns: readonly Insn[];
  /** Entry first; contiguous, in order, covering `insns`. */
  functions: readonly FunctionRange[];
  maps: readonly MapDef[];
  /**
   * Per instruction, the index it had in the program as it was loaded from its file, or -1 when it was
   * written by us. Line info and relocations find their instruction by it.
   */
  origin: readonly number[];
  /**
   * Instructions (by their `origin`) that must stay as they are, with the reason: a CO-RE relocation, an
   * extern, ... Their `imm` or `off` is not final before load time.
   */
  pinned: ReadonlyMap<number, string>;
  /** BTF as it is loaded with the program, whose functions' contracts refer to it. */
  btf?: Uint8Array;
  /** CO-RE relocations of instructions (by their `origin`), in terms of `btf`: a kernel can apply them. */
  core?: ReadonlyMap<number, CoreRelocation>;
  provenance: ProgramProvenance;
}

/** Where a program came from. */
export interface ProgramProvenance {
  /** File it was read from, as the user named it. */
  file: string;
  /** sha256 of that file. */
  sha256: string;
  [detail: string]: string | number | undefined;
}
