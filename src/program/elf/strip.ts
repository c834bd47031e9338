/**
 * Debug information out of an object, as `llvm-strip -g` does it: DWARF goes, BTF and everything that a
 * loader reads stays.
 */
import { parseElf } from './container/elf.ts';
import { removeSections, writeElf } from './container/elf-write.ts';

const isDebug = (name: string): boolean => name.startsWith('.debug_');

/**
 * @returns the bytes without DWARF; undefined when there was none. @throws UserError when it is no BPF object
 */
export function withoutDebug(bytes: Uint8Array, file: string): Uint8Array | undefined {
  const elf = parseElf(bytes, file);
  if (!elf.sections.some((s) => isDebug(s.name))) return undefined;
  removeSections(elf, (s) => isDebug(s.name));
  return writeElf(elf);
}
