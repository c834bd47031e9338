/**
 * What a helper model sees of the run: arguments, memory, the test's seed, and where to put results and
 * effects.
 *
 *   registers r1..r5, arena  --model-->  r0, arena, external calls
 */

import type { Program } from '../../program/program.ts';
import { type Helper, helperById } from '../../program/tables/helpers.ts';
import type { Hook } from '../../program/tables/hook-types.ts';
import { type Arena, fault } from '../memory/arena.ts';
import { poisonOf } from '../memory/image.ts';
import { FaultCode, HEAD, MAP, MAP_BYTES, MAPS, REGS } from '../memory/layout.ts';
import type { MissedKey } from '../memory/missed-key.ts';
import { mapAt, type SimMap } from '../memory/sim-map.ts';
import type { ExternalCall } from '../types.ts';

/** What external calls of a test must look like; a digest each. */
export type Digests = readonly number[];

export interface KernelOptions {
  /** CPU ids that get_smp_processor_id may give: 0 .. cpus-1. */
  cpus: number;
}

/** What a model answers: that r0 is set (by `ret`, `ret64` or `retPointer`). */
export type Done = typeof DONE;
const DONE = Symbol('r0 is set');

export class HelperCall {
  readonly arena: Arena;
  readonly program: Program;
  readonly hook: Hook;
  readonly cpus: number;
  /** Per test; a call that differs counts as wrong. */
  expected: (Digests | undefined)[] = [];
  /** When set, every external call of the run is kept. */
  calls: ExternalCall[] | undefined;
  /** When set, the digest of every external call of the run is kept. */
  digests: number[] | undefined;
  /** When set, every key that is looked up in vain is kept. */
  missed: MissedKey[] | undefined;
  /** The program ends with this call. */
  ended = false;

  constructor(arena: Arena, program: Program, hook: Hook, options: KernelOptions) {
    this.arena = arena;
    this.program = program;
    this.hook = hook;
    this.cpus = options.cpus;
  }

  /** Low and high half of argument `n` (1 = r1). */
  lo(n: number): number {
    return this.arena.view.getUint32(REGS + n * 8, true);
  }
  hi(n: number): number {
    return this.arena.view.getUint32(REGS + n * 8 + 4, true);
  }
  /** Low half as a signed number. */
  int(n: number): number {
    return this.lo(n) | 0;
  }
  value(n: number): bigint {
    return this.arena.view.getBigUint64(REGS + n * 8, true);
  }

  /** r0 = a number below 2^53, sign-extended to 64 bits. */
  ret(value: number): Done {
    this.arena.view.setUint32(REGS, value | 0, true);
    this.arena.view.setInt32(REGS + 4, Math.floor(value / 0x1_0000_0000), true);
    return DONE;
  }
  ret64(value: bigint): Done {
    this.arena.view.setBigUint64(REGS, BigInt.asUintN(64, value), true);
    return DONE;
  }
  /** r0 = the simulated address of linear address `p`, or NULL when it is negative. */
  retPointer(p: number): Done {
    if (p < 0) return this.ret(0);
    this.arena.view.setUint32(REGS, this.arena.baseLo + (p - this.arena.at), true);
    this.arena.view.setUint32(REGS + 4, this.arena.baseHi, true);
    return DONE;
  }

  /** r0 becomes unreadable. */
  retNothing(): Done {
    return this.ret64(poisonOf(this.arena, 0));
  }

  /** Linear address of `n` readable bytes behind an argument. */
  read(arg: number, n: number): number {
    return this.arena.readable(this.lo(arg), this.hi(arg), n);
  }
  /** Linear address of `n` writable bytes behind an argument; they count as written. */
  write(arg: number, n: number): number {
    return this.arena.writable(this.lo(arg), this.hi(arg), n);
  }
  /** The map that an argument points to. */
  map(arg: number): SimMap {
    const map = mapAt(this.arena, this.lo(arg), this.hi(arg));
    return map ?? fault(FaultCode.BAD_CALL);
  }
  /** Notes that a lookup of the key at linear address `key` finds nothing. */
  miss(map: SimMap, key: number): void {
    this.missed?.push({
      map: (map.at - this.arena.at - MAPS) / MAP_BYTES,
      key: this.arena.bytes.slice(key, key + map.get(MAP.KEY_SIZE)),
    });
  }
  /** Faults unless an argument is the context. */
  ctx(arg: number): void {
    const { arena } = this;
    if (this.lo(arg) !== arena.head(HEAD.R1) || this.hi(arg) !== arena.head(HEAD.R1 + 4))
      fault(FaultCode.BAD_CALL);
  }
  isNull(arg: number): boolean {
    return this.lo(arg) === 0 && this.hi(arg) === 0;
  }

  /** 32 bits that depend on the test's seed and the given numbers only. */
  hash(...parts: readonly number[]): number {
    let h = this.arena.head(HEAD.SEED) ^ 0x9e3779b9;
    for (const part of parts) h = mix(h ^ part);
    return mix(h) >>> 0;
  }
  /** The CPU that the test runs on. */
  get cpu(): number {
    return this.hash(0xc9) % this.cpus;
  }

  /**
   * Notes an effect that somebody outside can see. `places` are [linear address, length] of bytes behind
   * pointers.
   */
  record(helper: number, args: readonly bigint[], places: readonly (readonly [number, number])[] = []): void {
    const { bytes } = this.arena;
    let a = mix(helper);
    let b = mix(helper ^ 0x5bd1e995);
    const add = (n: number): void => {
      a = mix(a ^ n);
      b = mix(Math.imul(b, 31) + n);
    };
    for (const arg of args) {
      add(Number(arg & 0xffff_ffffn));
      add(Number((arg >> 32n) & 0xffff_ffffn));
    }
    for (const [p, n] of places) {
      add(n);
      for (let i = 0; i < n; i++) add(bytes[p + i]!);
    }
    const digest = (a >>> 0) * 0x20_0000 + ((b >>> 0) & 0x1f_ffff);
    const index = this.arena.count(HEAD.CALLS);
    const expected = this.expected[this.arena.head(HEAD.TEST)];
    if (expected !== undefined && expected[index] !== digest) this.arena.count(HEAD.WRONG_CALLS);
    this.digests?.push(digest);
    this.calls?.push({ helper, args: [...args], bytes: places.map(([p, n]) => bytes.slice(p, p + n)) });
  }

  /** Prototype of a helper. */
  prototype(id: number): Helper {
    return helperById(id);
  }

  // The packet
  // ---------------------------------------------------------------------------------------------------

  /** Linear address of the packet's first byte. */
  get data(): number {
    return this.arena.at + this.arena.headOffset(HEAD.DATA);
  }
  get dataEnd(): number {
    return this.arena.at + this.arena.headOffset(HEAD.DATA_END);
  }
  get dataMeta(): number {
    return this.arena.at + this.arena.headOffset(HEAD.DATA_META);
  }
  /** Linear address of packet bytes [offset, offset + n), or -1 when they are not all there. */
  packet(offset: number, n: number): number {
    const p = this.data + offset;
    return offset >= 0 && n >= 0 && p + n <= this.dataEnd ? p : -1;
  }
  /** Moves one of the packet's pointers (HEAD.DATA, ...) to linear address `p`. */
  setPacketPointer(which: number, p: number): void {
    this.arena.setU32(this.arena.at + which, this.arena.baseLo + (p - this.arena.at));
  }
}

export function mix(n: number): number {
  let h = n | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Runs a helper. Throws HelperFault. */
export type HelperModel = (k: HelperCall) => Done;
/** Helper number -> model. */
export type HelperModels = Readonly<Record<number, HelperModel>>;
