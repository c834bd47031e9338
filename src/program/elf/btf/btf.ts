/**
 * BTF, the type information in section `.BTF` (Documentation/bpf/btf.rst): what map definitions, data
 * sections and externs are made of.
 *
 *     header { magic 0xeb9f, version, flags, hdr_len, type_off, type_len, str_off, str_len }  types...
 *       strings...
 */
import type { ByteOrder } from '../../../isa/codec.ts';
import { ByteReader, hex, StringTable } from '../container/reader.ts';

export interface BtfMember {
  name: string;
  type: number;
  /** Bits from the start of the struct. */
  bitOffset: number;
}
export interface BtfVarInfo {
  type: number;
  offset: number;
  size: number;
}
/** Kinds that only wrap or name another type. */
export type BtfRefKind = 'ptr' | 'typedef' | 'volatile' | 'const' | 'restrict' | 'type_tag';

/** Linkage of functions and variables; variables have the first two and EXTERN. */
export const BtfLinkage = { STATIC: 0, GLOBAL: 1, EXTERN: 2 } as const;

export type BtfType =
  | { kind: 'void' | 'fwd'; name: string }
  | { kind: 'int' | 'float'; name: string; size: number }
  | { kind: BtfRefKind; name: string; type: number }
  | { kind: 'func' | 'var'; name: string; type: number; linkage: number }
  /** `component`: the member or parameter that it belongs to; -1: the type itself. */
  | { kind: 'decl_tag'; name: string; type: number; component: number }
  | { kind: 'array'; name: string; element: number; length: number }
  | { kind: 'struct' | 'union'; name: string; size: number; members: readonly BtfMember[] }
  | { kind: 'enum'; name: string; size: number; values: readonly { name: string; value: bigint }[] }
  | { kind: 'func_proto'; name: string; returns: number; params: readonly { name: string; type: number }[] }
  | { kind: 'datasec'; name: string; size: number; vars: readonly BtfVarInfo[] };

export interface Btf {
  /** By type id; 0 is void. */
  types: readonly BtfType[];
  /** Of each type, its place in the section. */
  places: readonly number[];
  /** Variables of each DATASEC, by the section's name. */
  sections: ReadonlyMap<string, readonly BtfVarInfo[]>;
  /** The string section, which .BTF.ext shares. */
  strings: StringTable;
}

const REF_KINDS: Readonly<Record<number, BtfRefKind>> = {
  2: 'ptr',
  8: 'typedef',
  9: 'volatile',
  10: 'const',
  11: 'restrict',
  18: 'type_tag',
};

/** @throws UserError on damage or a kind that this reader does not know (its length is unknown, too) */
export function parseBtf(bytes: Uint8Array, file: string, order: ByteOrder = 'little'): Btf {
  const r = new ByteReader(bytes, file, '.BTF', order);
  if (r.u16(0, 'the magic number') !== 0xeb9f) throw r.fail('no BTF magic number', 0);
  const header = r.u32(4, 'the header length');
  const typesAt = header + r.u32(8, 'the header');
  const typesEnd = typesAt + r.u32(12, 'the header');
  const stringsAt = header + r.u32(16, 'the header');
  r.need(typesAt, typesEnd - typesAt, 'the types');
  const stringBytes = r.slice(stringsAt, r.u32(20, 'the header'), 'the strings');
  const strings = new StringTable(new ByteReader(stringBytes, file, '.BTF strings'));
  const types: BtfType[] = [{ kind: 'void', name: '' }];
  const places = [0];
  const body = new ByteReader(bytes.subarray(0, typesEnd), file, '.BTF', order);
  for (let at = typesAt; at < typesEnd; ) {
    const { type, end } = readType(body, at, strings);
    types.push(type);
    places.push(at);
    at = end;
  }
  const sections = new Map<string, readonly BtfVarInfo[]>();
  for (const t of types) if (t.kind === 'datasec') sections.set(t.name, t.vars);
  return { types, places, sections, strings };
}

function readType(r: ByteReader, at: number, strings: StringTable): { type: BtfType; end: number } {
  const what = 'a type';
  const name = strings.at(r.u32(at, what));
  const info = r.u32(at + 4, what);
  const word = r.u32(at + 8, what);
  const kind = (info >>> 24) & 0x1f;
  const length = info & 0xffff;
  const flag = info >>> 31 === 1;
  const body = at + 12;
  const items = <T>(step: number, read: (at: number) => T): T[] => {
    r.need(body, length * step, what);
    return Array.from({ length }, (_, i) => read(body + i * step));
  };
  const ref = REF_KINDS[kind];
  if (ref !== undefined) return { type: { kind: ref, name, type: word }, end: body };
  switch (kind) {
    case 1:
      r.need(body, 4, what);
      return { type: { kind: 'int', name, size: word }, end: body + 4 };
    case 3: {
      const array = {
        kind: 'array',
        name,
        element: r.u32(body, what),
        length: r.u32(body + 8, what),
      } as const;
      return { type: array, end: body + 12 };
    }
    case 4:
    case 5: {
      const members = items(12, (m) => {
        const offset = r.u32(m + 8, what);
        // With kind_flag the upper 8 bits are the size of a bit field.
        const bitOffset = flag ? offset & 0xffffff : offset;
        return { name: strings.at(r.u32(m, what)), type: r.u32(m + 4, what), bitOffset };
      });
      return {
        type: { kind: kind === 4 ? 'struct' : 'union', name, size: word, members },
        end: body + 12 * length,
      };
    }
    case 6: {
      const values = items(8, (v) => ({
        name: strings.at(r.u32(v, what)),
        value: BigInt(flag ? r.i32(v + 4, what) : r.u32(v + 4, what)),
      }));
      return { type: { kind: 'enum', name, size: word, values }, end: body + 8 * length };
    }
    case 7:
      return { type: { kind: 'fwd', name }, end: body };
    case 13: {
      const params = items(8, (p) => ({ name: strings.at(r.u32(p, what)), type: r.u32(p + 4, what) }));
      return { type: { kind: 'func_proto', name, returns: word, params }, end: body + 8 * length };
    }
    case 12:
      return { type: { kind: 'func', name, type: word, linkage: length }, end: body };
    case 14:
      return { type: { kind: 'var', name, type: word, linkage: r.u32(body, what) }, end: body + 4 };
    case 17:
      return { type: { kind: 'decl_tag', name, type: word, component: r.i32(body, what) }, end: body + 4 };
    case 15: {
      const vars = items(12, (v) => ({
        type: r.u32(v, what),
        offset: r.u32(v + 4, what),
        size: r.u32(v + 8, what),
      }));
      return { type: { kind: 'datasec', name, size: word, vars }, end: body + 12 * length };
    }
    case 16:
      return { type: { kind: 'float', name, size: word }, end: body };
    case 19: {
      const values = items(12, (v) => ({
        name: strings.at(r.u32(v, what)),
        value: (BigInt(r.u32(v + 8, what)) << 32n) | BigInt(r.u32(v + 4, what)),
      }));
      return { type: { kind: 'enum', name, size: word, values }, end: body + 12 * length };
    }
    default:
      throw r.fail(`type ${hex(info)} of unknown kind ${kind}`, at + 4);
  }
}

const WRAPPERS: ReadonlySet<string> = new Set(['typedef', 'volatile', 'const', 'restrict', 'type_tag']);
/** The kernel's MAX_RESOLVE_DEPTH: longer chains are damaged or cyclic. */
const MAX_DEPTH = 32;

/** The type behind typedefs and qualifiers; undefined when the chain is broken. */
export function resolve(btf: Btf, id: number): { id: number; type: BtfType } | undefined {
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const type = btf.types[id];
    if (type === undefined) return undefined;
    if (!WRAPPERS.has(type.kind) || !('type' in type)) return { id, type };
    id = type.type;
  }
  return undefined;
}

/** Bytes of a value of the type, or undefined when it has no size (or one that no map could hold). */
export function sizeOf(btf: Btf, id: number): number | undefined {
  const size = plainSize(btf, id);
  return size === undefined || size > 0xffffffff ? undefined : size;
}

function plainSize(btf: Btf, id: number): number | undefined {
  let count = 1;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const type = resolve(btf, id)?.type;
    if (type === undefined) return undefined;
    if (type.kind === 'ptr') return 8 * count;
    if (type.kind === 'array') {
      count *= type.length;
      id = type.element;
    } else {
      return 'size' in type && type.kind !== 'datasec' ? type.size * count : undefined;
    }
  }
  return undefined;
}
