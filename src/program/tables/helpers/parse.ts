/** Reads the table of prototypes: a line of prototypes.ts in, what it says of a helper out. */
import { parseLinux } from '../../../base/linux.ts';
import {
  type ArgKind,
  EFFECTS,
  type Effect,
  type Helper,
  type HelperArg,
  type MemArg,
  type MemSize,
  type ReturnKind,
} from './types.ts';

const RETURNS: Readonly<Record<string, ReturnKind>> = {
  int: 'integer',
  void: 'void',
  value: 'map_value',
  'value?': 'map_value_or_null',
  'sock?': 'sock_or_null',
  'sock_common?': 'sock_common_or_null',
  'tcp_sock?': 'tcp_sock_or_null',
  'mem?': 'mem_or_null',
  kptr: 'kernel',
  'kptr?': 'kernel_or_null',
};

const KINDS: Readonly<Record<string, ArgKind>> = {
  s: 'scalar',
  ctx: 'ctx',
  'ctx|sock': 'ctx_or_sock',
  map: 'map',
  key: 'map_key',
  value: 'map_value',
  size: 'size',
  size0: 'size',
  alloc: 'alloc_size',
  sock: 'sock',
  kptr: 'kernel',
  func: 'func',
  cbctx: 'callback_ctx',
  lock: 'spin_lock',
  timer: 'timer',
  ringmem: 'ringbuf_mem',
  dynptr: 'dynptr',
  any: 'unknown',
};

export const READ = { reads: true, writes: false, uninit: false, partial: false };
const WRITE = { reads: false, writes: true, uninit: true, partial: false };
const BOTH = { reads: true, writes: true, uninit: false, partial: true };

const ACCESS: Readonly<Record<string, Omit<MemArg, 'size'>>> = {
  '<': READ,
  '>': WRITE,
  '>~': { ...WRITE, partial: true },
  '<>': BOTH,
};

/** Memory behind arguments that are a word of their own. */
const MEMORY: Partial<Record<ArgKind, MemArg>> = {
  map_key: { ...READ, size: { by: 'key' } },
  map_value: { ...READ, size: { by: 'value' } },
  callback_ctx: { ...BOTH, size: { by: 'unknown' } },
  spin_lock: { ...BOTH, size: { by: 'fixed', bytes: 4 } },
  timer: { ...BOTH, size: { by: 'fixed', bytes: 16 } },
  // The reserved bytes are read by whoever gets the record.
  ringbuf_mem: { ...READ, size: { by: 'unknown' } },
  dynptr: { ...BOTH, uninit: true, size: { by: 'fixed', bytes: 16 } },
  unknown: { ...BOTH, size: { by: 'unknown' } },
};

function sizeOf(word: string): MemSize {
  if (word === 'value') return { by: 'value' };
  if (word === 'z') return { by: 'string' };
  if (word.startsWith('#')) return { by: 'fixed', bytes: Number(word.slice(1)) };
  return { by: 'arg', arg: Number(word) - 1 };
}

/** One argument's word: `<3`, `ctx`, `size0`. */
export function argument(word: string): HelperArg {
  const memory = /^(<>|<|>~|>)(\??)(value|z|#?\d+)$/.exec(word);
  if (memory !== null) {
    const [, direction, nullable, size] = memory;
    const access = ACCESS[direction!]!;
    const kind = size === 'value' ? 'map_value' : 'mem';
    const mem = { ...access, size: sizeOf(size!) };
    return { kind, nullable: nullable === '?', optional: false, zeroOk: false, mem };
  }
  const marked = word.endsWith('?');
  const kind = KINDS[marked ? word.slice(0, -1) : word];
  if (kind === undefined) throw new Error(`prototypes.ts: no argument is called ${word}`);
  const mem = MEMORY[kind];
  return {
    kind,
    nullable: marked && kind !== 'scalar',
    optional: marked && kind === 'scalar',
    zeroOk: word === 'size0' || kind === 'alloc_size',
    ...(mem === undefined ? {} : { mem }),
  };
}

function words(text: string): string[] {
  return text.split(' ').filter((w) => w !== '');
}

function isEffect(word: string): word is Effect {
  return (EFFECTS as readonly string[]).includes(word);
}

/** One line of the table. */
export function parse(line: string): Helper {
  const m = /^(\d+) (\S+) (\w+) -> (\S+) :(.*):(.*):(.*)$/.exec(line);
  const since = m === null ? undefined : parseLinux(m[2]!);
  if (m === null || since === undefined) throw new Error(`prototypes.ts: ${line}`);
  const [, id, , name, ret, args, effects, flags] = m;
  const flag = words(flags!);
  return {
    id: Number(id),
    name: name!,
    known: !flag.includes('rough'),
    args: words(args!).map(argument),
    ret: RETURNS[ret!] ?? 'unknown',
    retBits: flag.includes('u32') ? 32 : 64,
    effects: words(effects!).filter(isEffect),
    packetArgs: flag.includes('pkt'),
    gplOnly: flag.includes('gpl'),
    since,
  };
}
