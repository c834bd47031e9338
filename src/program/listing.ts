/** A program as text. */
import { formatInsn, type Names } from '../isa/disasm.ts';
import { slotOffsets } from '../isa/flow.ts';
import type { Program } from './program.ts';
import { helperById } from './tables/helpers.ts';

/** Names of helpers and of the program's maps, for the text of its instructions. */
export function namesOf(program: Program): Names {
  return { helper: (id) => helperById(id).name, map: (index) => program.maps[index]?.name };
}

/** One line per instruction, with slot numbers and the names of helpers and maps. */
export function listing(program: Program): string[] {
  const offsets = slotOffsets(program.insns);
  const starts = new Map(program.functions.map((f) => [f.start, f.name]));
  const names = namesOf(program);
  return program.insns.flatMap((i, index) => {
    const name = program.functions.length > 1 ? starts.get(index) : undefined;
    return [...(name === undefined ? [] : [`${name}:`]), `${offsets[index]}: ${formatInsn(i, names)}`];
  });
}
