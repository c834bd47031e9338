/**
 * From a function's prototype in BTF to what its argument registers hold: btf_prepare_func_args() of
 * kernel/bpf/btf.c, which verifies a global function by it.
 */

import type { Parameter } from '../../contracts/contract.ts';
import { hooksOfContext } from '../../tables/context-types.ts';
import type { HookName } from '../../tables/hook-types.ts';
import { type Btf, type BtfType, resolve, sizeOf } from './btf.ts';

export interface Prototype {
  /** Left out where they are not one register each: structs by value, more arguments than are named. */
  parameters?: readonly Parameter[];
  returnsNumber: boolean;
}

/** Contexts that are numbers to the kernel (bpf_ctx_convert): only a tag makes a parameter one. */
const UNTYPED: ReadonlySet<HookName> = new Set(['tracepoint', 'raw_tracepoint', 'raw_tracepoint_writable']);
/** Contexts that have a name of their own in prototypes, which is no struct's. */
const CONTEXT_TYPEDEFS: ReadonlySet<string> = new Set(['bpf_user_pt_regs_t']);

/** @returns undefined when the id leads to no prototype */
export function prototypeOf(btf: Btf, id: number, hook: HookName): Prototype | undefined {
  const func = btf.types[id];
  if (func?.kind !== 'func') return undefined;
  const proto = btf.types[func.type];
  if (proto?.kind !== 'func_proto') return undefined;
  const tags = argumentTags(btf, id);
  const returns = resolve(btf, proto.returns)?.type;
  const returnsNumber = returns?.kind === 'int' || returns?.kind === 'enum';
  // A struct that is returned may be written to memory that r1 points to.
  const areRegisters = [proto.returns, ...proto.params.map((p) => p.type)].every(
    (t, n) => (n === 0 && t === 0) || fitsRegister(btf, t),
  );
  if (!areRegisters) return { returnsNumber };
  return {
    parameters: proto.params.map(({ type }, n) => parameterOf(btf, type, hook, tags.get(n) ?? [])),
    returnsNumber,
  };
}

function fitsRegister(btf: Btf, id: number): boolean {
  const type = resolve(btf, id)?.type;
  if (type?.kind === 'ptr' || type?.kind === 'enum') return true;
  return type?.kind === 'int' && type.size <= 8;
}

/** `__arg_ctx`, `__arg_nonnull`, ...: declaration tags `arg:ctx`, by argument. */
function argumentTags(btf: Btf, id: number): Map<number, string[]> {
  const tags = new Map<number, string[]>();
  for (const t of btf.types) {
    if (t.kind !== 'decl_tag' || t.type !== id || !t.name.startsWith('arg:')) continue;
    tags.set(t.component, [...(tags.get(t.component) ?? []), t.name.slice(4)]);
  }
  return tags;
}

function parameterOf(btf: Btf, id: number, hook: HookName, tags: readonly string[]): Parameter {
  const type = resolve(btf, id)?.type;
  if (type?.kind === 'int' || type?.kind === 'enum') return { kind: 'scalar' };
  if (type?.kind !== 'ptr') return { kind: 'unknown' };
  if (tags.includes('ctx') || isContext(btf, type.type, hook)) return { kind: 'ctx' };
  const to = resolve(btf, type.type)?.type;
  if (to?.kind === 'struct' && to.name === 'bpf_dynptr') return { kind: 'dynptr' };
  if (tags.includes('trusted') || tags.includes('untrusted')) return { kind: 'object' };
  if (tags.includes('arena')) return { kind: 'arena' };
  const size = sizeOf(btf, type.type);
  if (size === undefined || size === 0) return { kind: 'unknown' };
  return { kind: 'memory', size, nullable: !tags.includes('nonnull') };
}

/**
 * A pointer to it is the context. What replaces a function (ext) takes that of the program that it becomes
 * part of.
 */
function isContext(btf: Btf, id: number, hook: HookName): boolean {
  if (hook === 'kprobe' && isNamed(btf, id, CONTEXT_TYPEDEFS)) return true;
  const to = resolve(btf, id)?.type;
  if (to?.kind !== 'struct') return false;
  const hooks = hooksOfContext(to.name).filter((h) => !UNTYPED.has(h));
  return hook === 'ext' ? hooks.length > 0 : hooks.includes(hook);
}

/** One of the typedefs on the way to the type behind them has one of these names. */
function isNamed(btf: Btf, id: number, names: ReadonlySet<string>): boolean {
  let type: BtfType | undefined = btf.types[id];
  for (let depth = 0; depth < 32 && type !== undefined; depth++) {
    if (type.kind === 'typedef' && names.has(type.name)) return true;
    if (type.kind !== 'typedef' && type.kind !== 'const' && type.kind !== 'volatile') return false;
    type = btf.types[type.type];
  }
  return false;
}
