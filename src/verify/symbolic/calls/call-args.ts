/**
 * Arguments of helper calls: what the call's result can depend on, and which bytes it reaches.
 *
 *   in:   the prototype (program/tables/helpers.ts), the state before the call
 *   out:  inputs (terms that must be equal in both versions), reached bytes (read, overwritten), memories
 *         seen as a whole
 */
import { type Region, region as regions } from '../../../analysis/domain/value.ts';
import type { MapDef } from '../../../program/program.ts';
import { type Helper, type HelperArg, mapArgOf, memOfArg } from '../../../program/tables/helpers.ts';
import type { Normalizer, Term } from '../../../solver/index.ts';
import { Refused, Unsupported } from '../../errors.ts';
import type { CallInput } from '../events.ts';
import type { MemoryReader } from '../memory.ts';
import { memoryOf } from '../regions.ts';
import type { ExecutionEnv } from '../run.ts';
import type { State } from '../state.ts';
import type { Seen } from './call-effects.ts';
import type { TheMap } from './map-argument.ts';

/** Largest memory argument, in bytes. */
const MAX_BYTES = 512;

/** Bytes behind an argument. */
export interface Reach {
  arg: number;
  address: Term;
  memory: string;
  region: Region | undefined;
  size: number;
  reads: boolean;
  writes: boolean;
}

export class CallArguments {
  private readonly around: ExecutionEnv;
  private readonly n: Normalizer;
  private readonly reader: MemoryReader;
  private readonly touched: Set<Region | undefined>;

  constructor(around: ExecutionEnv, reader: MemoryReader, touched: Set<Region | undefined>) {
    this.around = around;
    this.n = around.normalizer;
    this.reader = reader;
    this.touched = touched;
  }

  mapOf(h: Helper, s: State): TheMap | undefined {
    const at = mapArgOf(h);
    if (at === undefined) return undefined;
    const t = s.regs[at + 1];
    if (t === undefined) throw new Refused(`r${at + 1} is read but holds nothing`);
    const region = this.around.bases.regionOf(this.n.normalize(t));
    if (region?.kind !== 'map') throw new Unsupported(`${h.name} with a map that is not known`);
    const outer = this.around.maps[region.map];
    const def = region.inner ? outer?.inner : outer;
    if (def === undefined) throw new Unsupported(`${h.name} with a map that is not described`);
    return { region, def };
  }

  argument(
    h: Helper,
    arg: HelperArg,
    n: number,
    s: State,
    map: MapDef | undefined,
    inputs: CallInput[],
    reached: Reach[],
    seen: Seen,
  ): void {
    const where = `r${n + 1}`;
    const value = s.regs[n + 1];
    if (value === undefined) {
      if (arg.optional) return;
      throw new Refused(`${where} is read but holds nothing`);
    }
    if (arg.kind === 'unknown' || arg.kind === 'func') throw new Unsupported(`${h.name} has no model`);
    const t = this.n.normalize(value);
    const mem = memOfArg(h, n, map?.type);
    if (mem === undefined || arg.kind === 'ringbuf_mem' || arg.kind === 'spin_lock') {
      this.input(inputs, where, t);
      this.handedOver(h, t, arg, seen);
      return;
    }
    const isNull = this.n.normalize(this.n.build.eq(t, this.n.build.const(0n, 64)));
    if (arg.nullable) this.input(inputs, `${where} is NULL`, isNull);
    if (this.n.store.constant(isNull) === 1n) return;
    const size = this.sizeOf(h, arg, s, map);
    const region = this.around.bases.regionOf(t);
    if (region?.kind === 'ctx' || region?.kind === 'map')
      throw new Unsupported(`${h.name} with such a pointer`);
    this.touched.add(region);
    const memory = memoryOf(region, this.around.merging);
    reached.push({
      arg: n + 1,
      address: t,
      memory,
      region,
      size,
      reads: mem.reads || mem.partial || !mem.uninit,
      writes: mem.writes,
    });
  }

  /** An argument that is a number, or whose bytes the call sees as a whole. */
  private handedOver(h: Helper, t: Term, arg: HelperArg, seen: Seen): void {
    const region = this.around.bases.regionOf(t);
    if (region === undefined || region.kind === 'map') return;
    if (region.kind === 'stack')
      throw new Unsupported(`${h.name} is given a pointer to the stack as a number`);
    if (region.kind === 'ctx') {
      seen.see([memoryOf(region, this.around.merging), memoryOf(regions.packet, this.around.merging)]);
      return;
    }
    if (arg.kind === 'ringbuf_mem') this.touched.add(region);
    seen.see([memoryOf(region, this.around.merging)]);
  }

  private sizeOf(h: Helper, arg: HelperArg, s: State, map: MapDef | undefined): number {
    const by = arg.mem!.size;
    const size = ((): number | undefined => {
      switch (by.by) {
        case 'key':
          return map?.keySize;
        case 'value':
          return map?.valueSize;
        case 'fixed':
          return by.bytes;
        case 'arg': {
          const t = s.regs[by.arg + 1];
          const c = t === undefined ? undefined : this.n.store.constant(this.n.normalize(t));
          return c === undefined ? undefined : Number(BigInt.asUintN(32, c));
        }
        default:
          return undefined;
      }
    })();
    if (size === undefined) throw new Unsupported(`${h.name} with a size that is not a constant`);
    if (size > MAX_BYTES) throw new Unsupported(`${h.name} with ${size} bytes`);
    return size;
  }

  inputBytes(r: Reach, s: State, inputs: CallInput[]): void {
    if (!r.reads) return;
    for (const { at, bytes } of chunks(r.size))
      this.input(
        inputs,
        `r${r.arg}[${at}]`,
        this.reader.load(r.memory, s.logs.get(r.memory), this.reader.offset(r.address, at), bytes),
      );
  }

  private input(inputs: CallInput[], where: string, t: Term): void {
    inputs.push({ where, term: this.n.normalize(t) });
  }
}

/** Cuts a size into pieces of 8, 4, 2 and 1 bytes. */
export function chunks(size: number): { at: number; bytes: number }[] {
  const list: { at: number; bytes: number }[] = [];
  for (let at = 0; at < size; ) {
    const bytes = [8, 4, 2, 1].find((k) => at + k <= size)!;
    list.push({ at, bytes });
    at += bytes;
  }
  return list;
}
