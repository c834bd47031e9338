/**
 * CO-RE relocations as BPF_PROG_LOAD takes them (Linux 5.17 and later apply them).
 *
 *   Program.core (by origin), a version of the program --> records { byte offset, type, access string, kind }
 */
import { slotOffsets } from '../../isa/flow.ts';
import type { Program } from '../../program/program.ts';
import { CORE_RELO_BYTES } from '../syscall/programs.ts';
import { Attr } from '../syscall/syscall.ts';
import type { Code } from './function-info.ts';

/** The records of a version; undefined: nothing in it is relocated. */
export function coreRecords(core: Program['core'], { insns, origin }: Code): Uint8Array | undefined {
  if (core === undefined || origin === undefined) return undefined;
  const offsets = slotOffsets(insns);
  const found = origin.flatMap((from, at) => {
    const relocation = core.get(from);
    return relocation === undefined ? [] : [{ ...relocation, at: 8 * offsets[at]! }];
  });
  if (found.length === 0) return undefined;
  const records = new Attr(CORE_RELO_BYTES * found.length);
  found.forEach(({ at, type, access, kind }, n) => {
    const place = CORE_RELO_BYTES * n;
    records.u32(place, at).u32(place + 4, type);
    records.u32(place + 8, access).u32(place + 12, kind);
  });
  return records.bytes;
}
