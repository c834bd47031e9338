/**
 * Context layouts: from a list of C members to fields with offsets, and the question that everybody asks of
 * them: may this access be made, and what does it yield?
 */
import type { CtxField, CtxPointer, Hook } from './hook-types.ts';

/** What of a hook (or of another struct of the kernel) decides which fields may be touched. */
export type CtxShape = Pick<
  Hook,
  'ctxSize' | 'ctxAccess' | 'fields' | 'rawStart' | 'rawWrite' | 'rawPointers'
>;

/** How a member may be accessed, beyond a load of exactly its size. */
export type MemberOptions = Partial<Omit<CtxField, 'name' | 'offset' | 'size'>>;

/** One member of a C struct: name, bytes, options; `count` makes it an array. */
export interface Member {
  name: string;
  size: number;
  count?: number;
  options?: MemberOptions;
}

/**
 * Offsets as a C compiler for BPF lays members out: each at a multiple of its size. Arrays become one field
 * each.
 */
export function layout(members: readonly Member[]): CtxField[] {
  const fields: CtxField[] = [];
  let at = 0;
  for (const { name, size, count, options } of members) {
    at = Math.ceil(at / size) * size;
    for (let i = 0; i < (count ?? 1); i++) {
      fields.push({
        name: count === undefined ? name : `${name}[${i}]`,
        offset: at,
        size,
        write: false,
        narrow: false,
        ...(count === undefined ? {} : { array: name }),
        ...options,
      });
      at += size;
    }
  }
  return fields;
}

/** The struct's size: end of its last field, rounded up to `align`. */
export function layoutSize(fields: readonly CtxField[], align: 4 | 8): number {
  const last = fields.at(-1);
  return last === undefined ? 0 : Math.ceil((last.offset + last.size) / align) * align;
}

/** What a permitted access is to. `field` is missing for raw contexts. */
export interface CtxAccess {
  field?: CtxField;
  pointer?: CtxPointer;
}

/**
 * Whether a program of this hook may load or store `size` bytes at `offset` of its context, as the kernel's
 * checker decides it; undefined when it may not.
 *
 * @param attachType expected attach type; when undefined, fields that only some attach types have are
 *   permitted
 */
export function ctxAccess(
  hook: CtxShape,
  attachType: number | undefined,
  offset: number,
  size: 1 | 2 | 4 | 8,
  direction: 'read' | 'write',
): CtxAccess | undefined {
  if (offset < 0 || offset % size !== 0 || offset + size > hook.ctxSize) return undefined;
  if (hook.ctxAccess === 'raw') {
    if (offset < (hook.rawStart ?? 0) || (direction === 'write' && hook.rawWrite !== true)) return undefined;
    return hook.rawPointers === true ? { pointer: 'opaque' } : {};
  }
  const field = hook.fields.find((f) => offset >= f.offset && offset < f.offset + f.size);
  if (field === undefined || !permitsAttachType(field, attachType, direction)) return undefined;
  if (direction === 'write' && !field.write) return undefined;
  if (!permitsSize(hook, field, offset, size, direction)) return undefined;
  return field.pointer === undefined ? { field } : { field, pointer: field.pointer };
}

function permitsAttachType(
  f: CtxField,
  attachType: number | undefined,
  direction: 'read' | 'write',
): boolean {
  if (attachType === undefined) return true;
  if (f.attachTypes !== undefined && !f.attachTypes.includes(attachType)) return false;
  return direction === 'read' || f.writeAttachTypes === undefined || f.writeAttachTypes.includes(attachType);
}

function permitsSize(
  hook: CtxShape,
  f: CtxField,
  offset: number,
  size: number,
  direction: 'read' | 'write',
): boolean {
  if (size === f.size) return offset === f.offset;
  if (size < f.size)
    return (
      (direction === 'read' ? f.narrow : f.narrowWrite === true) &&
      size >= (f.narrowMin ?? 1) &&
      offset - f.offset < (f.narrowWithin ?? f.size)
    );
  if (f.wide !== true) return false;
  const next = hook.fields.find((g) => g.offset === offset + f.size);
  return next !== undefined && f.array !== undefined && next.array === f.array;
}
