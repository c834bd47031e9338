/**
 * The contracts of an object's functions: what linkers see (symbols), what libbpf makes of it, and what the
 * kernel reads (function records and BTF).
 */

import type { FunctionContract, Linkage } from '../../contracts/contract.ts';
import type { HookName } from '../../tables/hook-types.ts';
import { type ElfSymbol, SymbolBind, SymbolVisibility } from '../container/elf.ts';
import type { ObjectFile, ObjectFunction } from '../object-types.ts';
import { BtfLinkage } from './btf.ts';
import { prototypeOf } from './prototype.ts';

const HIDDEN: ReadonlySet<number> = new Set([SymbolVisibility.INTERNAL, SymbolVisibility.HIDDEN]);

/** libbpf makes such functions static in the BTF that it loads. */
export function isHidden({ bind, other }: ElfSymbol): boolean {
  return bind !== SymbolBind.LOCAL && HIDDEN.has(other & 3);
}

/**
 * @param functions of one program, its entry first
 * @param hook of the program: it says which parameter is the context
 */
export function contractsOf(
  object: ObjectFile,
  functions: readonly ObjectFunction[],
  hook: HookName,
): FunctionContract[] {
  const records = functionTypes(object);
  // Without a record of each function, libbpf loads none of them.
  const described = functions.every((f) => records.has(f));
  const thrown = exceptionCallbacks(object);
  return functions.map((f) =>
    contractIn(object, f, hook, described ? records.get(f) : undefined, thrown.has(f.name)),
  );
}

function contractIn(
  object: ObjectFile,
  f: ObjectFunction,
  hook: HookName,
  id: number | undefined,
  isExceptionCallback: boolean,
): FunctionContract {
  const { btf } = object;
  const type = btf === undefined || id === undefined ? undefined : btf.types[id];
  const linkage = linkageOf(f);
  const isGlobal = type?.kind === 'func' && type.linkage === BtfLinkage.GLOBAL;
  const alone = isGlobal && !(f.symbol !== undefined && isHidden(f.symbol));
  const prototype = btf === undefined || id === undefined ? undefined : prototypeOf(btf, id, hook);
  return {
    linkage: alone && linkage === 'static' ? 'global' : linkage,
    verified: alone ? 'alone' : 'with callers',
    ...(prototype === undefined ? {} : prototype),
    ...(isExceptionCallback ? { isExceptionCallback } : {}),
    ...(type?.kind === 'func' ? { btfType: id! } : {}),
  };
}

/** Others may call it or put other code in its place, whatever the program (`isOpen` of its contract). */
export function isOpenFunction(object: ObjectFile, f: ObjectFunction): boolean {
  return contractsOf(object, [f], 'xdp')[0]!.linkage !== 'static';
}

/** A function without a symbol is what its section is: nobody else can name it. */
function linkageOf({ symbol }: ObjectFunction): Linkage {
  if (symbol === undefined || symbol.bind === SymbolBind.LOCAL) return 'static';
  return symbol.bind === SymbolBind.WEAK ? 'weak' : 'global';
}

const known = new WeakMap<ObjectFile, ReadonlyMap<ObjectFunction, number>>();

/** BTF ids by the records of `.BTF.ext`. */
function functionTypes(object: ObjectFile): ReadonlyMap<ObjectFunction, number> {
  let types = known.get(object);
  if (types !== undefined) return types;
  const at = new Map<string, number>();
  const isLittle = object.elf.order === 'little';
  for (const block of object.btfExt?.func?.blocks ?? [])
    for (const { insnOff, rest } of block.records)
      at.set(
        `${block.section}+${insnOff}`,
        new DataView(rest.buffer, rest.byteOffset).getUint32(0, isLittle),
      );
  types = new Map(
    object.functions.flatMap((f): [ObjectFunction, number][] => {
      const id = at.get(`${f.section.name}+${f.start}`);
      return id === undefined ? [] : [[f, id]];
    }),
  );
  known.set(object, types);
  return types;
}

const TAG = 'exception_callback:';

/** Functions that programs name with `__exception_cb`. */
function exceptionCallbacks({ btf }: ObjectFile): Set<string> {
  const tags = btf?.types.filter((t) => t.kind === 'decl_tag' && t.name.startsWith(TAG)) ?? [];
  return new Set(tags.map((t) => t.name.slice(TAG.length)));
}

/** The function that the kernel calls when the program of this entry throws. */
export function exceptionCallbackOf(object: ObjectFile, entry: ObjectFunction): ObjectFunction | undefined {
  const id = functionTypes(object).get(entry);
  if (id === undefined) return undefined;
  const tag = object.btf?.types.find((t) => t.kind === 'decl_tag' && t.type === id && t.name.startsWith(TAG));
  return tag && object.functions.find((f) => f.name === tag.name.slice(TAG.length));
}
