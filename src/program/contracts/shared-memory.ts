/**
 * Which memory others see while a program runs, and what they may rely on there.
 *
 *   strict   the default: accesses to shared memory keep their number and order. Only neighbours in program
 *            order, with no other
 *            shared access between, become one access of the same place. Bytecode cannot tell READ_ONCE and
 *              WRITE_ONCE from plain
 *            accesses, so every access counts as if somebody watched it.
 *   plain    what K2 assumes: nobody changes shared memory while the program runs; accesses may be dropped,
 *            merged and moved, as long
 *            as none is added or split, and atomics stay
 */
import type { MapDef } from '../program.ts';
import { MapFlag } from '../tables/maps.ts';

/** What others may do to memory that they share with the program. */
export type MemoryModel = 'strict' | 'plain';
export const MEMORY_MODELS = ['strict', 'plain'] as const satisfies readonly MemoryModel[];
export const DEFAULT_MEMORY_MODEL: MemoryModel = 'strict';

const KCONFIG = '.kconfig';

/**
 * Does the loader freeze the map, so that its contents never change while a program runs? Loaders do that to
 * read-only data (.rodata, .rodata.NAME) and to the kernel's configuration; a map that is created with
 * BPF_F_RDONLY_PROG alone can still be changed from user space.
 */
export function isFrozen(map: Pick<MapDef, 'name' | 'flags' | 'initial' | 'readonly'>): boolean {
  if (map.readonly === true) return true;
  const isData = map.initial !== undefined || map.name === KCONFIG;
  return isData && (map.flags & MapFlag.RDONLY_PROG) !== 0;
}
