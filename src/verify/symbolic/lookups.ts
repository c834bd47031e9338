/**
 * What is known of the pointers that map lookups give: arrays have every key in range, entries of one map do
 * not overlap, and one key leads to one entry. All of it as assumptions about the variables that stand for
 * the pointers.
 */
import type { MapDef } from '../../program/program.ts';
import { mapType } from '../../program/tables/maps.ts';
import { type Normalizer, Op, type Term } from '../../solver/index.ts';
import type { CallInput } from './events.ts';
import type { AddressSpan } from './memory.ts';

interface LookupResult {
  base: Term;
  key: readonly Term[];
  map: Term | undefined;
  version: Term | undefined;
  valueSize: number;
}

/** Pairs beyond this many lookups of one map are not related. */
const MAX_RELATED = 12;

export class LookupFacts {
  private readonly n: Normalizer;
  private readonly assumptions: Term[];
  private readonly nonNull = new Set<Term>();
  private readonly lookups = new Map<string, LookupResult[]>();
  /** Pairs of bases whose values do not overlap, with the values' size. */
  private readonly separate = new Map<string, number>();

  /** @param assumptions receives what may be assumed */
  constructor(normalizer: Normalizer, assumptions: Term[]) {
    this.n = normalizer;
    this.assumptions = assumptions;
  }

  neverNull(base: Term): void {
    if (this.nonNull.has(base)) return;
    this.nonNull.add(base);
    const b = this.n.build;
    this.assumptions.push(b.not(b.eq(base, b.const(0n, 64))));
  }

  /**
   * Truth of a branch condition in normal form that asks whether such a pointer is NULL; undefined for all
   * others.
   */
  decide(condition: Term): boolean | undefined {
    const s = this.n.store;
    if (s.op(condition) === Op.Not) {
      const inner = this.decide(s.a(condition));
      return inner === undefined ? undefined : !inner;
    }
    if (s.op(condition) !== Op.Eq) return undefined;
    const [x, y] = [s.a(condition), s.b(condition)];
    const isNull = (p: Term, zero: Term): boolean => s.constant(zero) === 0n && this.nonNull.has(p);
    return isNull(x, y) || isNull(y, x) ? false : undefined;
  }

  /** A map lookup. `inputs` are the call's: the bytes of the key are r2[...]. */
  lookup(
    region: string,
    def: MapDef,
    inner: boolean,
    base: Term,
    inputs: readonly CallInput[],
    keySize: number,
  ): void {
    const of = (where: string): Term | undefined => inputs.find((i) => i.where === where)?.term;
    const key = inputs.filter((i) => i.where.startsWith('r2[')).map((i) => i.term);
    const type = mapType(def.type);
    if (type?.isArrayLike === true && !inner && keySize === 4 && key.length === 1) {
      const k = this.n.store.constant(key[0]!);
      if (k !== undefined && k < BigInt(def.maxEntries)) this.neverNull(base);
    }
    let list = this.lookups.get(region);
    if (list === undefined) this.lookups.set(region, (list = []));
    if (list.some((l) => l.base === base) || list.length >= MAX_RELATED) return;
    const now = { base, key, map: of('r1'), version: of('version'), valueSize: def.valueSize };
    // Prefixes: other keys may lead to the same entry.
    if (type?.lookup === 'value' && type.name !== 'lpm_trie' && !inner)
      for (const before of list) this.relate(before, now, type.isArrayLike);
    list.push(now);
  }

  private relate(x: LookupResult, y: LookupResult, always: boolean): void {
    const b = this.n.build;
    if (x.key.length !== y.key.length || x.map !== y.map) return;
    if (!always && x.version !== y.version) return;
    const same = x.key.reduce((all, k, i) => b.and(all, b.eq(k, y.key[i]!)), b.true);
    const either = this.n.normalize(same);
    const implies = (p: Term, q: Term): Term => b.or(b.not(p), q);
    const assume = (t: Term): void => {
      if (!b.store.isConst(t)) this.assumptions.push(t);
    };
    // Entries of different keys lie apart.
    if (b.store.constant(either) === 0n) this.separate.set(pairKey(x.base, y.base), x.valueSize);
    assume(implies(either, b.eq(x.base, y.base)));
  }

  /** Two accesses that cannot meet: inside values that were looked up under different keys. */
  apart(x: AddressSpan, y: AddressSpan): boolean {
    if (this.separate.size === 0 || x.rest === undefined || y.rest === undefined) return false;
    const size = this.separate.get(pairKey(x.rest, y.rest));
    const inside = (p: AddressSpan): boolean =>
      size !== undefined && p.offset >= 0n && p.offset + BigInt(p.size) <= BigInt(size);
    return inside(x) && inside(y);
  }
}

function pairKey(x: Term, y: Term): string {
  return x < y ? `${x}/${y}` : `${y}/${x}`;
}
