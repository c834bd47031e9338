/** Conditional jumps asked the other way round. */
import type { Insn } from './insn.ts';

type Table = ReadonlyMap<number, number>;

const pairs = (list: readonly (readonly [number, number])[]): Table =>
  new Map(list.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]));

/** Operation (upper four bits of the opcode) of the negated condition; `jset` has none. */
const NEGATED: Table = pairs([
  [0x10, 0x50],
  [0x20, 0xb0],
  [0x30, 0xa0],
  [0x60, 0xd0],
  [0x70, 0xc0],
]);

/** Operation that asks the same of swapped operands. */
const SWAPPED: Table = pairs([
  [0x10, 0x10],
  [0x40, 0x40],
  [0x50, 0x50],
  [0x20, 0xa0],
  [0x30, 0xb0],
  [0x60, 0xc0],
  [0x70, 0xd0],
]);

function withOperation(i: Insn, table: Table): Insn | undefined {
  const code = table.get(i.op & 0xf0);
  return code === undefined ? undefined : { ...i, op: (i.op & 0x0f) | code };
}

/** A conditional jump that is taken when `i` is not; undefined where there is none. */
export function negated(i: Insn): Insn | undefined {
  return withOperation(i, NEGATED);
}

/** The operation for `i`'s operands in the other order; the operands stay where they are. */
export function operandsSwapped(i: Insn): Insn | undefined {
  return withOperation(i, SWAPPED);
}
