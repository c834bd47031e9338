/** What the table of helpers says of one: arguments, memory behind them, result and effects. */

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
   * Some of the bytes may keep their old value: a failure leaves them alone, or a string is shorter than its
   * buffer. Then the memory after the call depends on the memory before it, even where `uninit` is true.
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
 *   packetMove    the packet's start or end, or where its bytes are, may move; with packetResize
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
  'packetMove',
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
  /**
   * False: treat it conservatively. All arguments may be read and written through, all effects may happen.
   */
  known: boolean;
  args: readonly HelperArg[];
  ret: ReturnKind;
  /** The result, an integer, has zeros above this bit. */
  retBits: 32 | 64;
  effects: readonly Effect[];
  /** Pointers into the packet are accepted for memory arguments. */
  packetArgs: boolean;
  gplOnly: boolean;
  /** First Linux version (base/linux.ts). */
  since: number;
}
