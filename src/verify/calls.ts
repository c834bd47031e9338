/**
 * Helper calls and opaque calls during a symbolic run.
 *
 *   in:   the state before the call, the prototype (program/helpers.ts)
 *   out:  the state after it: r0 and written bytes hold unknowns named after the call, r1 to r5 nothing,
 *         memory that it may have changed elsewhere is unknown; and a CallEvent that says what all that depends on
 *
 * Meaning beyond that: lookups of one map with equal keys and no change of the map between give the same pointer; a lookup in an array with a
 * constant key in range never gives NULL; different keys lead to different values.
 */
import { type Region, region as regions } from '../analysis/values.ts';
import {
  type Helper,
  type HelperArg,
  helperById,
  invalidatesPacket,
  isSilent,
  mapArgOf,
  memOfArg,
} from '../program/helpers.ts';
import { mapType } from '../program/maps.ts';
import type { MapDef } from '../program/program.ts';
import type { Normalizer, Term } from '../solver/index.ts';
import type { Access } from './accesses.ts';
import { ctxPointerAt } from './ctxload.ts';
import { type Call, type CallEvent, type CallInput, CallLog, type Observed } from './events.ts';
import type { Surroundings } from './execute.ts';
import type { LookupFacts } from './lookups.ts';
import { type MemoryReader, wash, write } from './memory.ts';
import { memoryOf } from './regions.ts';
import { conjunction, type State, VERSION_BITS, versionOf } from './state.ts';
import { Refused, Unsupported } from './unsupported.ts';

/** Largest memory argument, in bytes. */
const MAX_BYTES = 512;
const LOOKUPS: ReadonlySet<number> = new Set([1, 195]);
/** Effects after which anything about maps may have changed. */
const DISTURBS_MAPS = ['lock', 'sleep'] as const;

/** Bytes behind an argument. */
interface Reach {
  arg: number;
  address: Term;
  memory: string;
  region: Region | undefined;
  size: number;
  reads: boolean;
  writes: boolean;
}

interface TheMap {
  region: Region & { kind: 'map' };
  def: MapDef;
}

export class Calls {
  readonly log: CallLog;
  private readonly around: Surroundings;
  private readonly n: Normalizer;
  private readonly reader: MemoryReader;
  private readonly facts: LookupFacts;
  private readonly accesses: Access[];
  private readonly touched: Set<Region | undefined>;

  constructor(
    around: Surroundings,
    reader: MemoryReader,
    facts: LookupFacts,
    accesses: Access[],
    touched: Set<Region | undefined>,
    reference: readonly CallEvent[] | undefined,
  ) {
    this.around = around;
    this.n = around.normalizer;
    this.reader = reader;
    this.facts = facts;
    this.accesses = accesses;
    this.touched = touched;
    this.log = new CallLog(reference);
  }

  /** @throws Unsupported for helpers and arguments that are not modelled; Refused for calls that the source does not make */
  helper(id: number, s: State): void {
    const h = helperById(id);
    if (!h.known) throw new Unsupported(`helper ${h.name} has no model`);
    if (h.effects.includes('callback')) throw new Unsupported(`helper ${h.name} calls back`);
    const map = this.mapOf(h, s);
    const inputs: CallInput[] = [];
    const reached: Reach[] = [];
    const seen = new Seen();
    h.args.forEach((arg, n) => {
      this.argument(h, arg, n, s, map?.def, inputs, reached, seen);
    });
    for (const r of reached) this.inputBytes(r, s, inputs);
    const silent = isSilent(h) && !h.effects.includes('random') && !h.effects.includes('time');
    const isLookup = LOOKUPS.has(id) && map !== undefined;
    const functional = silent && (isLookup || h.effects.every((e) => e === 'pure' || e === 'runConstant'));
    if (isLookup) this.input(inputs, 'version', versionOf(this.n, s, versionKey(map)));
    this.effects(h, map, seen);
    const event = this.record(s, {
      name: h.name,
      signature: `${id} ${reached.map((r) => `${r.arg}:${r.size}`).join(' ')}`,
      inputs,
      condition: this.condition(s),
      observed: seen.list(s),
      silent: silent && !(isLookup && mapType(map.def.type)?.isLru === true),
      functional,
    });
    for (const r of reached) if (r.writes) this.overwrite(r, s, event.token);
    for (const memory of seen.washed)
      s.logs.set(memory, wash(s.logs.get(memory), `${memory}@${event.token}`));
    if (invalidatesPacket(h)) this.movePacket(s, event.token);
    this.changeVersions(h, map, s, event.token);
    s.regs.fill(undefined, 1, 6);
    s.regs[0] = this.result(h, map, inputs, reached, event);
  }

  /** A call of code that is not looked into. `name` is equal for calls of the same function. */
  opaque(name: string, s: State): void {
    const inputs: CallInput[] = [];
    const seen = new Seen();
    let stack = false;
    for (let r = 1; r <= 5; r++) {
      const t = s.regs[r];
      if (t === undefined) continue;
      this.input(inputs, `r${r}`, t);
      const address = this.n.normalize(t);
      const to = this.around.bases.regionOf(address);
      stack ||= to?.kind === 'stack' || (to === undefined && !this.n.store.isConst(address));
    }
    seen.wash(this.everything());
    if (stack)
      for (let d = 0; d <= this.around.frame; d++)
        seen.wash([memoryOf(regions.stack(d), this.around.merging)], true);
    const event = this.record(s, {
      name,
      signature: name,
      inputs,
      condition: this.condition(s),
      observed: seen.list(s),
      silent: false,
      functional: false,
    });
    for (const memory of seen.washed)
      s.logs.set(memory, wash(s.logs.get(memory), `${memory}@${event.token}`));
    this.movePacket(s, event.token);
    this.disturb(s, event.token);
    s.regs.fill(undefined, 1, 6);
    s.regs[0] = this.variable(event.token, 'r0', 64);
  }

  private condition(s: State): Term {
    return this.n.normalize(conjunction(this.n, s.path));
  }

  private input(inputs: CallInput[], where: string, t: Term): void {
    inputs.push({ where, term: this.n.normalize(t) });
  }

  private variable(token: number, what: string, width: number): Term {
    return this.n.store.var(`call${token}.${what}`, width);
  }

  private record(s: State, c: Call): CallEvent {
    const event = this.log.add(c);
    if (!c.silent)
      this.accesses.push({
        kind: 'call',
        name: c.name,
        memory: '',
        address: this.n.build.const(0n, 64),
        size: 0,
        orders: true,
        condition: this.condition(s),
      });
    return event;
  }

  private mapOf(h: Helper, s: State): TheMap | undefined {
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

  private argument(
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

  private inputBytes(r: Reach, s: State, inputs: CallInput[]): void {
    if (!r.reads) return;
    for (const { at, bytes } of chunks(r.size))
      this.input(
        inputs,
        `r${r.arg}[${at}]`,
        this.reader.load(r.memory, s.logs.get(r.memory), this.reader.offset(r.address, at), bytes),
      );
  }

  private overwrite(r: Reach, s: State, token: number): void {
    for (const { at, bytes } of chunks(r.size)) {
      const value = this.variable(token, `r${r.arg}[${at}]`, bytes * 8);
      s.logs.set(r.memory, write(s.logs.get(r.memory), this.reader.offset(r.address, at), bytes, value));
    }
  }

  /** Memory beyond the arguments that a helper sees, and may change. */
  private effects(h: Helper, map: TheMap | undefined, seen: Seen): void {
    const has = (...list: readonly Helper['effects'][number][]): boolean =>
      list.some((e) => h.effects.includes(e));
    const { merging } = this.around;
    const packet = memoryOf(regions.packet, merging);
    const ctx = memoryOf(regions.ctx, merging);
    if (has('packetRead')) seen.see([packet]);
    if (has('packetWrite', 'packetResize')) seen.wash([packet, ctx]);
    // Options of a socket, and which socket it is, are also read through the context and through socket pointers.
    if (has('ctxWrite', 'kernelState')) seen.wash([ctx]);
    if (has('kernelState')) seen.wash([memoryOf(regions.opaque(''), merging)]);
    if (has('tailCall')) seen.see([packet, ctx, ...this.mapMemories()]);
    if (has(...DISTURBS_MAPS)) seen.wash(this.mapMemories());
    if (has('mapWrite'))
      seen.wash(
        map === undefined || map.region.inner
          ? this.mapMemories()
          : [memoryOf(regions.mapValue(map.region.map), merging)],
      );
  }

  private mapMemories(): string[] {
    const { maps, merging } = this.around;
    return maps.flatMap((m, i) =>
      m.readonly === true && m.initial !== undefined
        ? []
        : [false, true].map((inner) => memoryOf(regions.mapValue(i, inner), merging)),
    );
  }

  private everything(): string[] {
    const { merging } = this.around;
    return [
      memoryOf(regions.packet, merging),
      memoryOf(regions.ctx, merging),
      memoryOf(regions.memory('', 0), merging),
      memoryOf(regions.opaque(''), merging),
      ...this.mapMemories(),
    ];
  }

  /** Packet pointers have other values from now on. */
  private movePacket(s: State, token: number): void {
    for (const f of this.around.ctxFields) {
      const p = f.pointer === undefined ? undefined : ctxPointerAt(this.around.ctxFields, f.offset, f.size);
      if (p === undefined || !p.region.kind.startsWith('packet')) continue;
      const value = this.around.bases.fresh(p.region, `${p.region.key}@${token}`);
      s.moved.set(p.region.key, { region: p.region, value });
    }
    s.versions.set('skb', this.version(token));
  }

  private version(token: number): Term {
    return this.n.build.const(BigInt(token), VERSION_BITS);
  }

  private disturb(s: State, token: number): void {
    this.around.maps.forEach((_, i) => {
      for (const inner of ['', 'i']) s.versions.set(`map${i}${inner}`, this.version(token));
    });
  }

  private changeVersions(h: Helper, map: TheMap | undefined, s: State, token: number): void {
    const has = (e: Helper['effects'][number]): boolean => h.effects.includes(e);
    if (has('packetWrite') || has('packetResize')) s.versions.set('skb', this.version(token));
    if (DISTURBS_MAPS.some(has) || (has('mapWrite') && (map === undefined || map.region.inner)))
      this.disturb(s, token);
    else if (has('mapWrite') && map !== undefined) {
      s.versions.set(versionKey(map), this.version(token));
      // What an outer map leads to may be this one.
      this.around.maps.forEach((_, i) => {
        s.versions.set(`map${i}i`, this.version(token));
      });
    }
  }

  private result(
    h: Helper,
    map: TheMap | undefined,
    inputs: readonly CallInput[],
    reached: readonly Reach[],
    event: CallEvent,
  ): Term | undefined {
    const { bases } = this.around;
    const id = `call${event.token}`;
    switch (h.ret) {
      case 'void':
        return undefined;
      case 'integer':
        return this.n.build.zext(this.variable(event.token, 'r0', h.retBits), 64);
      case 'map_value':
      case 'map_value_or_null': {
        if (map === undefined) throw new Unsupported(`${h.name} without a map`);
        const kind = mapType(map.def.type)?.lookup ?? 'value';
        if (kind === 'map') return bases.base(regions.map(map.region.map, true), id);
        if (kind === 'sock' || kind === 'xdp_sock') return bases.base(regions.opaque('sock'), id);
        const base = bases.base(regions.mapValue(map.region.map, map.region.inner), id);
        // Of the source only: a candidate's inputs are not proven yet.
        if (!this.log.isSource) return base;
        if (h.ret === 'map_value') this.facts.neverNull(base);
        else if (event.functional && h.id === 1)
          this.facts.lookup(map.region.key, map.def, map.region.inner, base, inputs, reached[0]?.size ?? 0);
        return base;
      }
      case 'sock_or_null':
      case 'sock_common_or_null':
      case 'tcp_sock_or_null':
        return bases.base(regions.opaque('sock'), id);
      case 'mem_or_null':
        return bases.base(regions.memory('allocated', undefined), id);
      case 'kernel':
      case 'kernel_or_null':
        return bases.base(regions.opaque('kernel'), id);
      case 'unknown':
        return this.variable(event.token, 'r0', 64);
    }
  }
}

/** Memories that a call sees, and those that it may change. */
class Seen {
  readonly washed = new Set<string>();
  private readonly all = new Map<string, boolean>();

  see(memories: readonly string[]): void {
    for (const m of memories) this.all.set(m, this.all.get(m) ?? false);
  }

  /** What is changed is compared whole, so that it is equal afterwards. */
  wash(memories: readonly string[], stack = false): void {
    for (const m of memories) {
      this.all.set(m, stack || m === 'memory' || (this.all.get(m) ?? false));
      this.washed.add(m);
    }
  }

  list(s: State): Observed[] {
    return [...this.all].map(([memory, stack]) => ({ memory, log: s.logs.get(memory), stack }));
  }
}

function versionKey(map: TheMap): string {
  return `map${map.region.map}${map.region.inner ? 'i' : ''}`;
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
