/**
 * What a call does beyond its arguments: memory that it sees or may change, packet pointers that move,
 * versions of what has no bytes.
 */
import { region as regions } from '../../../analysis/domain/value.ts';
import type { Helper } from '../../../program/tables/helpers.ts';
import type { Normalizer, Term } from '../../../solver/index.ts';
import { ctxPointerAt } from '../context-load.ts';
import type { ObservedMemory } from '../events.ts';
import { memoryOf } from '../regions.ts';
import type { ExecutionEnv } from '../run.ts';
import { type State, VERSION_BITS } from '../state.ts';
import type { TheMap } from './map-argument.ts';

/** Effects after which anything about maps may have changed. */
const DISTURBS_MAPS = ['lock', 'sleep'] as const;

export class CallEffects {
  private readonly around: ExecutionEnv;
  private readonly n: Normalizer;

  constructor(around: ExecutionEnv) {
    this.around = around;
    this.n = around.normalizer;
  }

  /** Memory beyond the arguments that a helper sees, and may change. */
  see(h: Helper, map: TheMap | undefined, seen: Seen): void {
    const has = (...list: readonly Helper['effects'][number][]): boolean =>
      list.some((e) => h.effects.includes(e));
    const { merging } = this.around;
    const packet = memoryOf(regions.packet, merging);
    const ctx = memoryOf(regions.ctx, merging);
    if (has('packetRead')) seen.see([packet]);
    if (has('packetWrite', 'packetResize')) seen.wash([packet, ctx]);
    // Options of a socket, and which socket it is, are also read through the context and through socket
    // pointers.
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

  /** All that code which is not looked into can reach, but the stack. */
  everything(): string[] {
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
  movePacket(s: State, token: number): void {
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

  disturb(s: State, token: number): void {
    this.around.maps.forEach((_, i) => {
      for (const inner of ['', 'i']) s.versions.set(`map${i}${inner}`, this.version(token));
    });
  }

  changeVersions(h: Helper, map: TheMap | undefined, s: State, token: number): void {
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
}

/** Memories that a call sees, and those that it may change. */
export class Seen {
  readonly havocked = new Set<string>();
  private readonly all = new Map<string, boolean>();

  see(memories: readonly string[]): void {
    for (const m of memories) this.all.set(m, this.all.get(m) ?? false);
  }

  /** What is changed is compared whole, so that it is equal afterwards. */
  wash(memories: readonly string[], stack = false): void {
    for (const m of memories) {
      this.all.set(m, stack || m === 'memory' || (this.all.get(m) ?? false));
      this.havocked.add(m);
    }
  }

  list(s: State): ObservedMemory[] {
    return [...this.all].map(([memory, stack]) => ({ memory, log: s.logs.get(memory), stack }));
  }
}

export function versionKey(map: TheMap): string {
  return `map${map.region.map}${map.region.inner ? 'i' : ''}`;
}
