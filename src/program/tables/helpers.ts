/**
 * Helper functions: what a call takes, which memory it reads and writes, what it returns and what else it does.
 * The data is in helpers/prototypes.ts.
 */
import { PROTOTYPES } from './helpers/prototypes.ts';
import { MapTypeId } from './maps.ts';

export type ArgKind =
  | 'scalar'
  | 'ctx'
  | 'ctx_or_sock'
  | 'map'
  /** Memory of the size of the call's map's key or value; see `MemArg`. */
  | 'map_key'
  | 'map_value'
  | 'mem'
  /** Byte count of a memory argument. */
  | 'size'
  /** Constant byte count of the memory that is returned. */
  | 'alloc_size'
  | 'sock'
  | 'kernel'
  | 'func'
  /** What a callback is given: stack memory of unknown size. */
  | 'callback_ctx'
  | 'spin_lock'
  | 'timer'
  | 'ringbuf_mem'
  | 'dynptr'
  /** Not modelled: if it is a pointer, what it points to may be read and written. */
  | 'unknown';

/** Where the number of bytes behind a pointer comes from. `arg` counts from 0 (0 = r1). */
export type MemSize =
  | { by: 'key' }
  | { by: 'value' }
  | { by: 'fixed'; bytes: number }
  | { by: 'arg'; arg: number }
  | { by: 'string' }
  | { by: 'unknown' };

/** Memory behind a pointer argument. */
export interface MemArg {
  size: MemSize;
  reads: boolean;
  writes: boolean;
  /** The bytes need not be initialised before the call. */
  uninit: boolean;
  /**
   * Some of the bytes may keep their old value: a failure leaves them alone, or a string is shorter than its buffer.
   * Then the memory after the call depends on the memory before it, even where `uninit` is true.
   */
  partial: boolean;
}

export interface HelperArg {
  kind: ArgKind;
  /** NULL is allowed. */
  nullable: boolean;
  /** The register need not be initialised. */
  optional: boolean;
  /** Size arguments: 0 is allowed. */
  zeroOk: boolean;
  /** Present for every argument behind which the helper may touch memory of the program. */
  mem?: MemArg;
}

export type ReturnKind =
  | 'integer'
  /** r0 is unreadable after the call. */
  | 'void'
  | 'map_value'
  | 'map_value_or_null'
  | 'sock_or_null'
  | 'sock_common_or_null'
  | 'tcp_sock_or_null'
  /** Memory of `alloc_size` bytes. */
  | 'mem_or_null'
  | 'kernel'
  | 'kernel_or_null'
  | 'unknown';

/**
 * What a call does beyond its memory arguments.
 *   pure          the result depends on arguments and argument memory only (alone in its list)
 *   random, time  a new value at each call
 *   runConstant   the same value at each call of one run with the same arguments (CPU, current task)
 *   kernelRead    depends on kernel state, changes nothing that can be observed
 *   mapRead, mapWrite, packetRead, packetWrite, ctxWrite
 *   packetResize  packet pointers are invalid afterwards
 *   redirect      decides where the packet or connection goes
 *   output        an event to user space
 *   tailCall      does not return when it succeeds
 *   acquire, release   a reference that must be released
 *   lock          spin lock
 *   callback      calls a subprogram
 *   sleep         may sleep
 *   kernelState   changes kernel state otherwise
 */
export const EFFECTS = [
  'pure',
  'random',
  'time',
  'runConstant',
  'kernelRead',
  'mapRead',
  'mapWrite',
  'packetRead',
  'packetWrite',
  'packetResize',
  'ctxWrite',
  'redirect',
  'output',
  'tailCall',
  'acquire',
  'release',
  'lock',
  'callback',
  'sleep',
  'kernelState',
] as const;
export type Effect = (typeof EFFECTS)[number];

export interface Helper {
  id: number;
  /** Without `bpf_`, as in the kernel's list: `map_lookup_elem`. */
  name: string;
  /** False: treat it conservatively. All arguments may be read and written through, all effects may happen. */
  known: boolean;
  args: readonly HelperArg[];
  ret: ReturnKind;
  /** The result, an integer, has zeros above this bit. */
  retBits: 32 | 64;
  effects: readonly Effect[];
  /** Pointers into the packet are accepted for memory arguments. */
  packetArgs: boolean;
  gplOnly: boolean;
  /** First Linux version, as major * 100 + minor. */
  since: number;
}

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

const READ = { reads: true, writes: false, uninit: false, partial: false };
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

function argument(word: string): HelperArg {
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

function parse(line: string): Helper {
  const m = /^(\d+) (\d+) (\w+) -> (\S+) :(.*):(.*):(.*)$/.exec(line);
  if (m === null) throw new Error(`prototypes.ts: ${line}`);
  const [, id, since, name, ret, args, effects, flags] = m;
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
    since: Number(since),
  };
}

/** All helpers with a number of their own, by number. */
export const HELPERS: readonly Helper[] = PROTOTYPES.trim().split('\n').map(parse);

const byId = new Map(HELPERS.map((h) => [h.id, h]));
const byName = new Map(HELPERS.map((h) => [h.name, h]));

/** Everything but 'pure': what a helper without a model may do. */
const ANY_EFFECT = EFFECTS.filter((e) => e !== 'pure');
const ANY_ARG: HelperArg = { ...argument('any'), nullable: true, optional: true, zeroOk: true };

/**
 * The prototype of a helper. A number that the table does not have gives a conservative one (`known: false`): up to
 * five arguments, whatever they point to may be read and written, every effect, a result of unknown kind.
 */
export function helperById(id: number): Helper {
  return (
    byId.get(id) ?? {
      id,
      name: `helper_${id}`,
      known: false,
      args: [ANY_ARG, ANY_ARG, ANY_ARG, ANY_ARG, ANY_ARG],
      ret: 'unknown',
      retBits: 64,
      effects: ANY_EFFECT,
      packetArgs: true,
      gplOnly: false,
      since: 0,
    }
  );
}

/** By name, with or without `bpf_`. */
export function helperByName(name: string): Helper | undefined {
  return byName.get(name.replace(/^bpf_/, ''));
}

/** Position of the map argument, counted from 0 (0 = r1); undefined when there is none. */
export function mapArgOf(helper: Helper): number | undefined {
  const at = helper.args.findIndex((a) => a.kind === 'map');
  return at < 0 ? undefined : at;
}

/**
 * Memory behind argument `arg` for a call with a map of type `mapType`. It differs from the prototype for one pair:
 * a bloom filter's `map_peek_elem` reads the value that others write.
 */
export function memOfArg(helper: Helper, arg: number, mapType?: number): MemArg | undefined {
  const mem = helper.args[arg]?.mem;
  if (mem !== undefined && helper.id === 89 && mapType === MapTypeId.BLOOM_FILTER)
    return { ...READ, size: mem.size };
  return mem;
}

const SILENT: ReadonlySet<Effect> = new Set([
  'pure',
  'random',
  'time',
  'runConstant',
  'kernelRead',
  'mapRead',
  'packetRead',
]);

/** Nobody can tell whether the call was made, but for the memory that it writes and its result. */
export function isSilent(helper: Helper): boolean {
  return helper.known && helper.effects.every((e) => SILENT.has(e));
}

/** Packet pointers that were derived before the call may not be used after it. */
export function invalidatesPacket(helper: Helper): boolean {
  return helper.effects.includes('packetResize') || helper.effects.includes('callback');
}
