/**
 * Which memory an address belongs to. A pointer is `base + offset` with one variable per object as its base:
 * an unknown 64-bit number, so arithmetic on its bits cannot be confused with arithmetic on offsets.
 *
 *   none   every region is a memory of its own
 *   maps   all map values are one memory: a pointer into an inner map may point into any map
 *   all    one memory: some pointer's region is not known
 */
import { isSingle, type Region, SOME_VALUE } from '../../analysis/domain/value.ts';
import { Op, type Term, type TermStore } from '../../solver/index.ts';
import type { Normalizer } from '../../solver/simplify/index.ts';
import { polyOf } from '../../solver/simplify/poly.ts';

export type AliasPartition = 'none' | 'maps' | 'all';

/** Bases of one window: variable -> region. */
export class Bases {
  private readonly regions = new Map<Term, Region>();
  /** Answers for if-then-else terms, which share their parts. */
  private readonly known = new Map<Term, Region | undefined>();
  private readonly normalizer: Normalizer;
  private readonly store: TermStore;

  constructor(normalizer: Normalizer) {
    this.normalizer = normalizer;
    this.store = normalizer.store;
  }

  /** Base address of an object; `id` tells objects of one region apart. */
  base(region: Region, id: string): Term {
    const t = this.store.var(isSingle(region) ? region.key : `${region.key}#${id}`, 64);
    this.regions.set(t, region);
    return t;
  }

  /** Another base address of a region, e.g. of the packet after it was moved. */
  fresh(region: Region, name: string): Term {
    const t = this.store.var(name, 64);
    this.regions.set(t, region);
    return t;
  }

  isBase(t: Term): boolean {
    return this.regions.has(t);
  }

  /** An address in normal form that is one of two, by a condition; undefined when it is not of that shape. */
  alternatives(address: Term): { condition: Term; yes: Term; no: Term } | undefined {
    const s = this.store;
    for (const m of polyOf(this.normalizer, address).monomials.values()) {
      const atom = m.atoms[0]!;
      if (m.factor !== 1n || m.atoms.length !== 1 || s.op(atom) !== Op.Ite) continue;
      const other = this.normalizer.add(address, this.normalizer.scale(atom, -1n));
      const condition = s.a(atom);
      return {
        condition,
        yes: this.normalizer.add(other, s.b(atom)),
        no: this.normalizer.add(other, s.c(atom)),
      };
    }
    return undefined;
  }

  /** Region of an address in normal form; undefined when its provenance is not known. */
  regionOf(address: Term): Region | undefined {
    if (this.known.has(address)) return this.known.get(address);
    const found = this.findRegion(address);
    this.known.set(address, found);
    return found;
  }

  private findRegion(address: Term): Region | undefined {
    const s = this.store;
    if (s.op(address) === Op.Ite) {
      const [t, e] = [s.b(address), s.c(address)];
      // Nobody follows a NULL pointer.
      if (s.constant(t) === 0n) return this.regionOf(e);
      if (s.constant(e) === 0n) return this.regionOf(t);
      const [x, y] = [this.regionOf(t), this.regionOf(e)];
      if (x?.kind === 'map_value' && y?.kind === 'map_value' && x.key !== y.key) return SOME_VALUE;
      return x !== undefined && x.key === y?.key ? x : undefined;
    }
    let found: Region | undefined;
    for (const m of polyOf(this.normalizer, address).monomials.values()) {
      for (const atom of m.atoms) {
        const region = this.regions.get(atom) ?? (s.op(atom) === Op.Ite ? this.regionOf(atom) : undefined);
        if (region === undefined) continue;
        if (found !== undefined || m.factor !== 1n || m.atoms.length !== 1) return undefined;
        found = region;
      }
    }
    return found;
  }
}

/** Name of the memory that holds a region's bytes; undefined when no program can access them. */
export function memoryOf(region: Region | undefined, merging: AliasPartition): string {
  if (merging === 'all' || region === undefined) return 'memory';
  if (merging === 'maps' && region.kind === 'map_value') return 'map_values';
  if (region.kind === 'packet_meta' || region.kind === 'packet_end') return 'packet';
  return region.kind === 'memory' || region.kind === 'opaque' ? region.kind : region.key;
}

/** How far apart the regions that two windows touch can be kept. */
export function mergingFor(touched: Iterable<Region | undefined>): AliasPartition {
  const list = [...touched];
  if (list.length > 1 && list.some((r) => r === undefined)) return 'all';
  const keys = new Set(list.map((r) => memoryOf(r, 'none')));
  // Memory that a helper handed out, and kernel objects, may be anything but the stack; kept simple: one
  // memory.
  const loose = list.some((r) => r?.kind === 'opaque' || (r?.kind === 'memory' && r.what !== 'ringbuf'));
  const apart = [...keys].filter((k) => !k.startsWith('stack'));
  if (loose && apart.length > 1) return 'all';
  const inner = list.some((r) => r?.kind === 'map_value' && r.inner);
  return inner ? 'maps' : 'none';
}

/** Others can access it while the program runs. */
export function isShared(region: Region | undefined, packetShared: boolean): boolean {
  switch (region?.kind) {
    case 'stack':
    case 'ctx':
      return false;
    case 'packet':
    case 'packet_meta':
    case 'packet_end':
      return packetShared;
    default:
      return true;
  }
}
