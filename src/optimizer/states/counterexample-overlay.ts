/**
 * A counterexample laid over a state that a test reached.
 *
 *   MachineState, WindowContext, Counterexample --Overlay--> MachineState that shows the same difference, if
 *     all goes well
 *
 * The unknowns of a proof are taken over where the machine has them: numbers, bytes behind pointers, where
 * the packet ends, what lookups find, which object a register of unknown kind points into.
 */

import type { Scalar } from '../../analysis/domain/scalar.ts';
import { STACK_SIZE } from '../../analysis/domain/stack.ts';
import { isSingle, type Pointer } from '../../analysis/domain/value.ts';
import type { WindowContext } from '../../verify/index.ts';
import type { Counterexample } from '../../verify/types.ts';
import type { MissedKey } from '../../vm/helpers/index.ts';
import { HEAD } from '../../vm/memory/layout.ts';
import type { MachineState } from '../../vm/memory/machine-state.ts';
import { StateEditor } from '../../vm/memory/state-editor.ts';
import { endPacket } from './packet-end.ts';

/** So far from its start a number counts as an address in an object. */
const NEAR = 4096n;
/** Values of a map that get the bytes behind a pointer into it that only a call inside the window gives. */
const MOST_VALUES = 64;

/** Names of objects and places, as the verifier gives them (verify/symbolic/regions.ts, replay.ts). */
const MAP_VALUE = /^map_value:(\d+)#(.+)$/;
/** A register of which nothing is known, or a number. */
const NUMBER = /^(r|n)\d/;
const OFFSET = /^(.*?)([+-]\d+)?$/;
const ADDRESS = /^(.*)@0x([0-9a-f]+)$/;

export class Overlay {
  private readonly context: WindowContext;
  private readonly found: Counterexample;
  private readonly unknowns: ReadonlyMap<string, bigint>;
  private readonly draft: StateEditor;

  constructor(state: MachineState, context: WindowContext, found: Counterexample) {
    this.context = context;
    this.found = found;
    this.unknowns = found.unknowns ?? new Map();
    this.draft = new StateEditor(state);
  }

  /** Numbers and bytes only. */
  plain(): MachineState {
    this.numbers();
    this.memory();
    return this.draft.state;
  }

  /** All that the machine has. */
  whole(): MachineState {
    this.numbers();
    this.pointers();
    this.packetEnd();
    for (const map of this.fruitless()) this.draft.empty(map);
    this.memory();
    return this.draft.state;
  }

  /**
   * After `whole`: with entries for keys that were looked up in vain, where the counterexample does not say
   * that.
   */
  finding(missed: readonly MissedKey[]): MachineState | undefined {
    const fruitless = this.fruitless();
    const inserted = missed.filter((m) => !fruitless.has(m.map) && this.draft.insert(m));
    if (inserted.length === 0) return undefined;
    this.memory();
    return this.draft.state;
  }

  /** Maps in which every lookup of the window gives NULL, as far as the counterexample says. */
  private fruitless(): Set<number> {
    const maps = new Set<number>();
    const found = new Set<number>();
    for (const [name, value] of this.unknowns) {
      const [, map, id] = MAP_VALUE.exec(name) ?? [];
      if (id?.startsWith('call') === true) (value === 0n ? maps : found).add(Number(map));
    }
    return new Set([...maps].filter((map) => !found.has(map)));
  }

  private numbers(): void {
    for (const [r, value] of this.found.registers) {
      const v = this.context.registers[r];
      // Of an earlier version of the program, it may be none that comes here now.
      if (v?.kind === 'scalar' && allows(v, value)) this.draft.registers[r] = value;
    }
  }

  private pointers(): void {
    const { registers } = this.draft;
    for (const [r, value] of this.found.registers) {
      const v = this.context.registers[r];
      if (v?.kind === 'any') registers[r] = this.unknownKind(r, value);
      else if (v?.kind === 'pointer') registers[r] = this.pointer(r, v, value);
    }
  }

  /** What may be a number or a pointer: an address in the object that the counterexample has it in. */
  private unknownKind(r: number, value: bigint): bigint {
    const now = this.draft.registers[r]!;
    const kept = this.draft.holds(now) ? now : value;
    // Zero is what a solver gives to what does not matter.
    if (value === 0n) return kept;
    for (const [name, base] of this.unknowns) {
      const distance = BigInt.asIntN(64, value - base);
      const [low, high] = name.startsWith('stack') ? [-BigInt(STACK_SIZE), 0n] : [0n, NEAR];
      if (NUMBER.test(name) || distance < low || distance >= high) continue;
      const object = this.addressOf(name);
      if (object !== undefined) return BigInt.asUintN(64, object + distance);
    }
    return kept;
  }

  private pointer(r: number, v: Pointer, value: bigint): bigint {
    const now = this.draft.registers[r]!;
    if (!v.nullable) return this.moved(r, v, value, now);
    if (value === 0n) return 0n;
    if (now !== 0n || v.region.kind !== 'map_value' || v.region.inner) return now;
    const [first] = this.draft.values(v.region.map, 1);
    return first === undefined ? now : BigInt.asUintN(64, first + BigInt(v.off));
  }

  /** A pointer with an offset that is not constant. */
  private moved(r: number, v: Pointer, value: bigint, now: bigint): bigint {
    if (v.variable.tnum.mask === 0n) return now;
    const name = nameOf(r, v);
    const [base, object] = [this.unknowns.get(name), this.addressOf(name)];
    return base === undefined || object === undefined ? now : BigInt.asUintN(64, object + (value - base));
  }

  /** The packet ends where it does in the counterexample, or right away, if that is before its start. */
  private packetEnd(): void {
    const [start, end] = [this.unknowns.get('packet'), this.unknowns.get('packet_end')];
    if (start === undefined || end === undefined) return;
    const length = BigInt.asIntN(64, end - start);
    endPacket(this.draft, this.context, length < 0n ? 0 : Number(length));
  }

  private memory(): void {
    for (const [name, byte] of this.found.memory)
      for (const address of this.addressesOf(name)) this.draft.put(address, byte);
  }

  /** Where the machine has a byte of the counterexample. */
  private addressesOf(name: string): bigint[] {
    const [, region, at] = ADDRESS.exec(name) ?? [];
    if (region !== undefined) {
      const [base, object] = [this.unknowns.get(region), this.addressOf(region)];
      return base === undefined || object === undefined ? [] : [object + BigInt(`0x${at}`) - base];
    }
    const [, object = '', offset = '0'] = OFFSET.exec(name) ?? [];
    const start = this.addressOf(object);
    if (start !== undefined) return [start + BigInt(offset)];
    const map = MAP_VALUE.exec(object)?.[1];
    if (map === undefined) return [];
    return this.draft.values(Number(map), MOST_VALUES).map((value) => value + BigInt(offset));
  }

  /** Start of an object by the name of its base, or the value of a register of unknown kind. */
  private addressOf(name: string): bigint | undefined {
    const { draft, context } = this;
    if (name === 'packet') return draft.head(HEAD.DATA);
    if (name === 'packet_end') return draft.head(HEAD.DATA_END);
    if (name === 'ctx') return draft.head(HEAD.R1);
    if (name === `stack:${context.frame}`) return draft.registers[10];
    for (const [r, v] of context.registers.entries()) {
      if (name === `r${r}`) return draft.registers[r];
      if (v.kind !== 'pointer' || v.variable.tnum.mask !== 0n || draft.registers[r] === 0n) continue;
      if (name === nameOf(r, v)) return draft.registers[r]! - BigInt(v.off) - v.variable.tnum.value;
    }
    return undefined;
  }
}

/** Name of the base of a register's object. */
function nameOf(r: number, { region, id }: Pointer): string {
  return isSingle(region) ? region.key : `${region.key}#${id === 0 ? `r${r}` : id}`;
}

function allows({ tnum, umin, umax }: Scalar, value: bigint): boolean {
  return (value & ~tnum.mask) === tnum.value && value >= umin && value <= umax;
}
