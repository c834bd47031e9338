/**
 * Where things lie in the interpreter's linear memory. Both interpreters and all helper models use this
 * layout; the emitted WebAssembly has these numbers built in.
 *
 *     0      registers r0..r10, 8 bytes each
 *     128    saved state of local calls: 8 frames of return address (i32) and r6..r9
 *     512    cells (CELL)
 *     4096   decoded instructions, 16 bytes each (decode.ts), then price and coverage tables, test order,
 *            undo log,
 *            one arena per test, lists of expected words
 *     +delta shadow bytes: the shadow of byte p is at p + delta
 *
 * An arena is all memory that a program can see in one test: a header (what the kernel knows about the run),
 * map descriptors, then the regions (image.ts). Simulated address = arena's base + offset in the arena.
 */
import { MapFlag } from '../../program/tables/map-ids.ts';

export const REGS = 0;
export const FRAMES = 128;
/** Bytes per saved frame: return address and r6..r9. */
export const FRAME_RECORD = 40;
export const MAX_FRAMES = 8;
export const STACK_BYTES = 512;
/** Distance of two frames: the stack and a guard that nothing may touch. */
export const FRAME_STRIDE = STACK_BYTES + 64;

/** Global cells: address of each. Types in the comments. */
export const CELL = {
  /** i32: next free entry of the undo log, and its first. */
  LOG_TOP: 512,
  LOG_BASE: 516,
  /** i32: address of the arena of the running test. */
  ARENA: 520,
  /** i32: address of the instruction that faulted or exited. */
  PC: 524,
  /** i32: bytes of decoded instructions executed (16 per instruction). */
  STEPS: 528,
  /** i32: limit of STEPS. */
  STEP_LIMIT: 532,
  /** i32: addresses of the price table (f64 each) and of the coverage table (u32 executed, u32 taken). */
  PRICES: 536,
  COVERAGE: 540,
  /** f64: price of the path. */
  LATENCY: 544,
  /** f64, i32, i32, i32: result of `evaluate`. */
  ERROR: 552,
  FAILED: 560,
  FAULTS: 564,
  STOPPED: 568,
  /** i32: address of the list of arenas in test order, and number of tests. */
  ORDER: 572,
  TESTS: 576,
  /** i32: `may_goto` budget. */
  MAY_GOTO: 580,
  /** i64: bits of r0 that count. */
  R0_MASK: 584,
  /** i64: distances of a fault, of a differing external call, of a differing packet boundary. */
  FAULT_COST: 592,
  CALL_COST: 600,
  EDGE_COST: 608,
  /** i32: 0 = differing bits, 1 = absolute difference. */
  METRIC: 616,
  /** i32: deepest local call of the run. */
  DEPTH: 620,
} as const;

export const CODE = 4096;
export const RECORD = 16;
/**
 * One entry of the undo log or of an expected list: address i32, pad, data or expected i64, shadow or mask
 * i64.
 */
export const ENTRY = 24;

/** Arena header: offset of each word. */
export const HEAD = {
  /** i64: simulated address of the arena's first byte. */
  BASE: 0,
  /** i64: what unreadable registers hold, see `poison`. */
  POISON: 8,
  /** i64: r1 and r10 at entry. */
  R1: 16,
  R10: 24,
  /** i64: pointers that loads of context fields yield. */
  DATA: 32,
  DATA_END: 40,
  DATA_META: 48,
  SOCK: 56,
  FLOW_KEYS: 64,
  OPAQUE: 72,
  /**
   * Counters of one run, zero at its start: structural map changes, external calls, wrong calls, random
   * draws, clock reads.
   */
  STRUCTURE: 80,
  CALLS: 84,
  WRONG_CALLS: 88,
  DRAWS: 92,
  CLOCK: 96,
  /** i32: expected number of external calls. */
  EXPECTED_CALLS: 104,
  /** i32: 1 when the source changes a map's structure in this test. */
  EXPECTED_STRUCTURE: 108,
  /** i64: expected r0 and packet boundaries. */
  EXPECTED_R0: 112,
  EXPECTED_DATA: 120,
  EXPECTED_DATA_END: 128,
  EXPECTED_DATA_META: 136,
  /** i32: address and length of the list of words that the source leaves changed. */
  EXPECTED: 144,
  EXPECTED_COUNT: 148,
  /** i32: bytes of map descriptors; number of the test; bytes of the arena. */
  MAP_BYTES: 152,
  TEST: 156,
  SIZE: 160,
  /** i32: seed of the test. */
  SEED: 164,
  /**
   * i32: offset of the lowest address that the packet may grow to, and of the highest; protocol header
   * offsets.
   */
  PACKET_MIN: 168,
  PACKET_MAX: 172,
  /** i32: offset of the context and its bytes. */
  CTX: 176,
  CTX_SIZE: 180,
  /** i64: pointer to the next free record of ring buffers; i32: offsets of their memory's start and end. */
  RINGBUF: 184,
  RINGBUF_START: 192,
  RINGBUF_END: 196,
  /**
   * i32: where the network header is, from the start of the packet, and the link header (for legacy loads).
   */
  NET_HEADER: 200,
  LINK_HEADER: 204,
  /** i32: stack frames that the image has room for: 1, or MAX_FRAMES when the program has local calls. */
  FRAMES: 208,
  /**
   * i64 x 11: registers that a window starts with, what it is expected to leave in their live bits, and these
   * bits.
   */
  WINDOW_REGS: 216,
  EXPECTED_REGS: 304,
  LIVE_REGS: 392,
  /** i32: address of the record at which a window is expected to end. */
  EXPECTED_PC: 480,
} as const;
/** The map descriptors start here, a multiple of MAP_BYTES. */
export const MAPS = 512;

/** Map descriptor: i32 fields. Storage is in `sim-map.ts`. */
export const MAP = {
  KIND: 0,
  TYPE: 4,
  /** Offset of the values (dense) or slots in the arena. */
  OFFSET: 8,
  MAX_ENTRIES: 12,
  /** Distance of two values or slots. */
  STRIDE: 16,
  KEY_SIZE: 20,
  VALUE_SIZE: 24,
  /** Slots: how many there are, how many are live, how many were ever used, last freed + 1, spare + 1. */
  CAPACITY: 28,
  LIVE: 32,
  USED: 36,
  FREE: 40,
  SPARE: 44,
  /** Number in `Program.maps`, or of the inner map. */
  INDEX: 48,
  /** The definition's flags, and MAP_READ_ONLY. */
  FLAGS: 52,
  /** Slots: number of the next insertion. */
  SEQUENCE: 56,
} as const;

/** In a map's FLAGS: the program may not write it. */
export const MAP_READ_ONLY = MapFlag.RDONLY_PROG;
export const MAP_BYTES = 64;

/** How a map's contents are stored: every value in place, keyed slots, or nothing. */
export const MapKind = { NONE: 0, DENSE: 1, SLOTS: 2 } as const;

/** Shadow bits of a byte. */
export const SHADOW = {
  READ: 1,
  WRITE: 2,
  /**
   * First byte of a context field that yields a pointer; the data hold {u16 header offset, u16 field size}.
   */
  POINTER: 4,
  /** Visible to somebody after the run. */
  OUTPUT: 8,
  /** The aligned word is in the undo log. */
  DIRTY: 16,
  /** The aligned word is in the list of expected words. */
  EXPECTED: 32,
} as const;

/** Faults by the number that the WebAssembly code returns; 0 is a normal exit. */
export const FAULTS = [
  undefined,
  'out-of-bounds',
  'read-only',
  'uninitialised',
  'null-pointer',
  'bad-opcode',
  'bad-jump',
  'bad-call',
  'step-limit',
] as const;
export const FaultCode = {
  OUT_OF_BOUNDS: 1,
  READ_ONLY: 2,
  UNINITIALISED: 3,
  NULL_POINTER: 4,
  BAD_OPCODE: 5,
  BAD_JUMP: 6,
  BAD_CALL: 7,
  STEP_LIMIT: 8,
} as const;
/** What a helper answers when the program ends with it (a tail call that succeeds). */
export const HELPER_EXIT = 64;

/** Value of an unreadable register: the test's poison plus this. */
export function poison(register: number): bigint {
  return BigInt.asUintN(64, BigInt(register + 1) * 0x9e37_79b9_7f4a_7c15n);
}

/** Addresses below this count as null pointer. */
export const NULL_PAGE = 4096;
