/** A BPF object file, understood: its functions and what each of their instructions refers to. */

import type { Insn } from '../../isa/insn.ts';
import type { CoreRelocation } from '../program.ts';
import type { Btf } from './btf/btf.ts';
import type { BtfExt } from './btf/btf-ext.ts';
import type { ElfFile, ElfSymbol, Reloc, Section } from './container/elf.ts';
import type { ObjectMap } from './map-definitions.ts';

/** What an instruction refers to. Functions and maps are given by their index in the `ObjectFile`. */
export type Ref =
  | { kind: 'map'; map: number }
  /** Address of a byte in a global data section. */
  | { kind: 'data'; map: number; offset: number }
  /** `call` of a bpf function. */
  | { kind: 'call'; target: number }
  /** Address of a bpf function: a callback. */
  | { kind: 'func'; target: number }
  /** Found in the running kernel when the program is loaded. */
  | { kind: 'kconfig'; name: string; map: number; offset: number }
  /** `weak`: it may be absent, and its address is 0 then. */
  | { kind: 'ksym'; name: string; typed: boolean; weak?: true }
  | { kind: 'kfunc'; name: string; weak?: true };

export interface ObjectFunction {
  /** The symbol's name; made unique in the file by section and offset where two functions share it. */
  name: string;
  section: Section;
  /** Bytes [start, end) of the section. */
  start: number;
  end: number;
  symbol: ElfSymbol | undefined;
  /** Could be loaded on its own: a function outside .text that is not a static helper of others. */
  entry: boolean;
  /** Instructions as stored, before relocation. */
  insns: readonly Insn[];
  /** By instruction index. */
  refs: ReadonlyMap<number, Ref>;
  /** By instruction index: the relocation that gave the reference; local calls may have none. */
  relocs: ReadonlyMap<number, Reloc>;
  /** By instruction index. */
  core: ReadonlyMap<number, CorePlace>;
  /** Why it cannot be used, '' when it can. */
  problem: string;
}

/** An instruction that a CO-RE relocation completes. */
export interface CorePlace {
  /** The kind's name, e.g. `field_byte_offset`. */
  name: string;
  /** Left out when the object has several for the one instruction. */
  relocation?: CoreRelocation;
}

export interface ObjectFile {
  /** As the user named it. */
  file: string;
  sha256: string;
  elf: ElfFile;
  /** Contents of section `license`, '' without one. */
  license: string;
  /** Contents of section `version` (LINUX_VERSION_CODE that old kprobe programs name), 0 without one. */
  version: number;
  maps: readonly ObjectMap[];
  /** Sorted by section, then by place. */
  functions: readonly ObjectFunction[];
  btf: Btf | undefined;
  btfExt: BtfExt | undefined;
}

/** A function under construction: `resolveReferences` and `addCore` fill the maps in. */
export interface MutableFunction extends ObjectFunction {
  refs: Map<number, Ref>;
  relocs: Map<number, Reloc>;
  core: Map<number, CorePlace>;
}
