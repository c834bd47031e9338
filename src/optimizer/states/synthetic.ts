/**
 * Start states for windows that no test reaches, made from what the analysis knows there: numbers within
 * their bounds, pointers to the objects that they point to. They only guide the search; what may be kept is
 * the verifier's to say.
 *
 *   a test's state at the program's start, WindowContext --synthesise--> a state at the window's start
 */

import type { Scalar } from '../../analysis/domain/scalar.ts';
import { BYTE_UNKNOWN, STACK_SIZE } from '../../analysis/domain/stack.ts';
import type { Pointer, Value } from '../../analysis/domain/value.ts';
import type { Rng } from '../../base/random.ts';
import type { WindowContext } from '../../verify/index.ts';
import { HEAD, MAP, MAP_BYTES, MAPS, MapKind, SHADOW } from '../../vm/memory/layout.ts';
import type { MachineState } from '../../vm/memory/machine-state.ts';

const DRAWS = 16;
/** Of a keyed map's slot: what precedes the key (maps.ts). */
const SLOT_HEADER = 8;
const READABLE = SHADOW.READ | SHADOW.WRITE;
const pad8 = (n: number): number => (n + 7) & ~7;

/** @returns undefined where something would have to be pointed to that a test's memory does not have */
export function synthesiseStates(
  start: MachineState,
  context: WindowContext,
  rng: Rng,
): MachineState | undefined {
  if (context.frame !== 0) return undefined;
  return new Synthesis(start, rng).run(context);
}

class Synthesis {
  private readonly start: MachineState;
  private readonly rng: Rng;
  private readonly bytes: Uint8Array;
  private readonly shadow: Uint8Array;
  private readonly view: DataView;
  private readonly base: bigint;
  private readonly numbers = new Map<number, bigint>();

  constructor(start: MachineState, rng: Rng) {
    this.start = start;
    this.rng = rng;
    this.bytes = start.bytes.slice();
    this.shadow = start.shadow.slice();
    this.view = new DataView(this.bytes.buffer);
    this.base = this.head(HEAD.BASE);
  }

  run(context: WindowContext): MachineState | undefined {
    const registers: bigint[] = [];
    for (const [r, v] of context.registers.entries()) {
      const value = r === 10 ? this.start.registers[10] : this.value(v);
      if (value === undefined) return undefined;
      registers.push(value);
    }
    const frame = Number((registers[10] ?? 0n) - this.base) - STACK_SIZE;
    for (let k = 0; k < STACK_SIZE; k++) {
      this.bytes[frame + k] = this.rng.below(256);
      this.shadow[frame + k]! |= READABLE;
    }
    for (const [n, slot] of context.stack.entries()) {
      if (slot === undefined) continue;
      slot.bytes.forEach((byte, k) => {
        if (byte > BYTE_UNKNOWN) this.bytes[frame + 8 * n + k] = byte;
      });
      const spilled = slot.spill === undefined ? undefined : this.value(slot.spill);
      if (spilled === undefined) continue;
      for (let k = 0; k < slot.spillSize; k++)
        this.bytes[frame + 8 * n + k] = Number((spilled >> BigInt(8 * k)) & 0xffn);
    }
    return { test: this.start.test, registers, bytes: this.bytes, shadow: this.shadow };
  }

  private head(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }

  private value(v: Value): bigint | undefined {
    switch (v.kind) {
      case 'scalar':
        return this.number(v);
      case 'pointer':
        return this.pointer(v);
      default:
        return this.rng.u64();
    }
  }

  /** The same number for the same id. */
  private number(s: Scalar): bigint {
    const known = s.id === 0 ? undefined : this.numbers.get(s.id);
    if (known !== undefined) return known;
    let drawn = s.umin;
    for (let n = 0; n < DRAWS; n++) {
      const random = this.rng.chance(0.5) ? this.rng.u64() : BigInt(this.rng.below(256));
      const x = s.tnum.value | (random & s.tnum.mask);
      const within = x >= s.umin && x <= s.umax ? x : s.umin + (x % (s.umax - s.umin + 1n));
      if ((within & ~s.tnum.mask) !== s.tnum.value) continue;
      drawn = within;
      break;
    }
    if (s.id !== 0) this.numbers.set(s.id, drawn);
    return drawn;
  }

  private pointer(p: Pointer): bigint | undefined {
    if (p.nullable && this.rng.chance(0.3)) return 0n;
    const object = this.object(p);
    if (object === undefined) return undefined;
    return BigInt.asUintN(64, object + BigInt(p.off) + this.number(p.variable));
  }

  private object({ region, id }: Pointer): bigint | undefined {
    switch (region.kind) {
      case 'stack':
        return region.frame === 0 ? this.start.registers[10] : undefined;
      case 'ctx':
        return this.head(HEAD.R1);
      case 'packet':
        return this.head(HEAD.DATA);
      case 'packet_end':
        return this.head(HEAD.DATA_END);
      case 'packet_meta':
        return this.head(HEAD.DATA_META);
      case 'map':
        return region.inner ? undefined : this.base + BigInt(MAPS + region.map * MAP_BYTES);
      case 'map_value':
        return region.inner ? undefined : this.mapValue(region.map, id);
      default:
        return undefined;
    }
  }

  /** Some value of the map: of an entry that the test has, or of one that it might have. */
  private mapValue(map: number, id: number): bigint | undefined {
    const field = (at: number): number => this.view.getUint32(MAPS + map * MAP_BYTES + at, true);
    const dense = field(MAP.KIND) === MapKind.DENSE;
    const places = dense ? field(MAP.MAX_ENTRIES) : field(MAP.CAPACITY);
    if (field(MAP.KIND) === MapKind.NONE || places === 0) return undefined;
    const slot = field(MAP.OFFSET) + (Math.abs(id) % places) * field(MAP.STRIDE);
    const at = dense ? slot : slot + SLOT_HEADER + pad8(field(MAP.KEY_SIZE));
    for (let k = 0; k < field(MAP.VALUE_SIZE); k++) {
      if ((this.shadow[at + k]! & READABLE) !== READABLE) this.bytes[at + k] = this.rng.below(256);
      this.shadow[at + k]! |= READABLE | SHADOW.OUTPUT;
    }
    return this.base + BigInt(at);
  }
}
