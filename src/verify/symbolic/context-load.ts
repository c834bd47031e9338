/**
 * Loads of context fields that hold pointers: they give a 64-bit pointer whatever their size in the context
 * is.
 */
import { type Region, region } from '../../analysis/domain/value.ts';
import type { CtxField, CtxPointer } from '../../program/tables/hook-types.ts';

const REGION: Record<CtxPointer, (name: string) => Region> = {
  packet: () => region.packet,
  packet_end: () => region.packetEnd,
  packet_meta: () => region.packetMeta,
  sock: (name) => region.opaque(name),
  sock_or_null: (name) => region.opaque(name),
  flow_keys: (name) => region.opaque(name),
  opaque: (name) => region.opaque(name),
};

/**
 * The pointer that a load at an offset of the context gives, if it is one; `id` is the same for the same
 * field.
 */
export function ctxPointerAt(
  fields: readonly CtxField[],
  offset: number,
  size: number,
): { region: Region; id: string } | undefined {
  const field = fields.find((f) => f.offset === offset && f.size === size && f.pointer !== undefined);
  if (field?.pointer === undefined) return undefined;
  return { region: REGION[field.pointer](field.name), id: `ctx+${offset}` };
}
