/**
 * Which memory an address belongs to. A pointer is `base + offset` with one variable per object as its base:
 * an unknown 64-bit number, so arithmetic on its bits cannot be confused with arithmetic on offsets.
 *
 *   none   every region is a memory of its own
 *   maps   all map values are one memory: a pointer into an inner map may point into any map
 *   all    one memory: some pointer's region is not known
 */
import { isSingle, type Region, SOME_VALUE } from '../../analysis/domain/value.ts';
import { isFrozen } from '../../program/contracts/shared-memory.ts';
import type { MapDef } from '../../program/program.ts';
import { MapTypeId } from '../../program/tables/maps.ts';
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

  /** The base of an address in normal form; undefined when it has none, or not just one. */
  baseOf(address: Term): Term | undefined {
    const atoms = [...polyOf(this.normalizer, address).monomials.values()].flatMap((m) => m.atoms);
    const found = atoms.filter((t) => this.isBase(t));
    return found.length === 1 ? found[0] : undefined;
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
  const loose = list.some((r) => r?.kind === 'opaque' || (r?.kind === 'memory' && r.what !== 'ringbuf_mem'));
  const apart = [...keys].filter((k) => !k.startsWith('stack'));
  if (loose && apart.length > 1) return 'all';
  const inner = list.some((r) => r?.kind === 'map_value' && r.inner);
  return inner ? 'maps' : 'none';
}

/** What decides whether memory is shared. */
export interface Sharing {
  readonly maps: readonly MapDef[];
  /** Somebody else may hold the packet. */
  readonly packetShared: boolean;
}

/** Others can change it, or see it change, while the program runs. */
export function isShared(region: Region | undefined, { maps, packetShared }: Sharing): boolean {
  switch (region?.kind) {
    case 'stack':
    case 'ctx':
      return false;
    case 'map_value': {
      const map = region.inner ? undefined : maps[region.map];
      return map === undefined || !isFrozen(map);
    }
    case 'memory':
      // A record of a ring buffer is the program's own until it is submitted.
      return region.what !== 'ringbuf_mem';
    case 'packet':
    case 'packet_meta':
    case 'packet_end':
      return packetShared;
    default:
      return true;
  }
}

/**
 * Tells whether the byte at an address is one that only the program itself sees; false where that is not
 * known.
 */
export function privateIn(around: Sharing & { readonly bases: Bases }): (address: Term) => boolean {
  return (address) => {
    const region = around.bases.regionOf(address);
    return region !== undefined && !isShared(region, around);
  };
}

/** The kernel aligns values of maps to 8 bytes, but those of tries, which follow the key. */
const VALUE_ALIGNMENT = 8n;

/** Tells whether an access to a map's value is aligned to its size; false where that is not known. */
export function isAligned(around: Sharing & { readonly bases: Bases; readonly normalizer: Normalizer }) {
  return ({ address, size }: { address: Term; size: number }): boolean => {
    if (size === 1) return true;
    const { bases, maps, normalizer } = around;
    const region = bases.regionOf(address);
    const map = region?.kind === 'map_value' ? maps[region.map] : undefined;
    const type = region?.kind === 'map_value' && region.inner ? map?.inner?.type : map?.type;
    if (type === undefined || type === MapTypeId.LPM_TRIE || BigInt(size) > VALUE_ALIGNMENT) return false;
    const { constant, monomials } = polyOf(normalizer, address);
    return (
      constant % BigInt(size) === 0n &&
      [...monomials.values()].every(
        ({ factor, atoms }) =>
          factor % BigInt(size) === 0n || (factor === 1n && atoms.length === 1 && bases.isBase(atoms[0]!)),
      )
    );
  };
}
