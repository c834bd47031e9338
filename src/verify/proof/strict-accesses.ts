/**
 * The strict memory model: do the candidate's accesses to shared memory stand for the source's, each for one
 * or for neighbours?
 *
 *   in:   the accesses of both in program order, those of the source in groups (interference.ts)
 *   out:  what is wrong with them, if anything; and the neighbours of the source that the candidate makes one
 *         access of, if they are
 *         no group yet (`joins`): the source then runs again with these groups
 *
 * On every path both make the same accesses in the same order, but that neighbours of the source - one after
 * the other, nothing that others notice between - may be one access of the same place: as if nobody had come
 * between. A single access is atomic, so what is wider than each of the neighbours must lie inside one
 * aligned word.
 */
import { type Normalizer, Op, splitOffset, type Term } from '../../solver/index.ts';
import type { SharedAccess } from '../symbolic/access.ts';
import { joinKey } from '../symbolic/interference.ts';

export interface Alignment {
  problem?: string;
  joins: readonly string[];
}

/** Says of an access whether its address is a multiple of its size. */
export type Aligned = (a: Pick<SharedAccess, 'address' | 'size'>) => boolean;

/** Accesses that become one. */
const MOST_JOINED = 16;

/** A group of the source, or one access of the candidate. */
interface Unit {
  accesses: readonly SharedAccess[];
  condition: Term;
  /** In its list. */
  position: number;
}

interface Range {
  key: string;
  from: bigint;
  to: bigint;
}

/** @param same conditions of the candidate that are known to equal one of the source */
export function alignAccesses(
  n: Normalizer,
  aligned: Aligned,
  source: readonly SharedAccess[],
  candidate: readonly SharedAccess[],
  same: ReadonlyMap<Term, Term> = new Map(),
): Alignment {
  const theirs = unitsOf(source);
  const mine = unitsOf(candidate.map((a) => ({ ...a, condition: same.get(a.condition) ?? a.condition })));
  const joins: string[] = [];
  const pairs: [Unit, Unit][] = [];
  let problem: string | undefined;
  for (const condition of new Set([...theirs, ...mine].map((u) => u.condition))) {
    const under = (list: readonly Unit[]): Unit[] => list.filter((u) => u.condition === condition);
    const found = alignUnder(n, aligned, theirs, under(theirs), under(mine));
    if (typeof found === 'string') problem ??= found;
    else
      for (const [units, one] of found) {
        pairs.push([units[0]!, one]);
        units.slice(1).forEach((u, k) => {
          joins.push(joinKey(units[k]!.accesses.at(-1)!.at, u.accesses[0]!.at));
        });
      }
  }
  problem ??= orderProblem(n, pairs);
  if (problem === undefined && joins.length === 0 && pairs.some(([x, y]) => !isCounterpart(x, y)))
    problem = 'accesses to shared memory that do not correspond';
  return { ...(problem === undefined ? {} : { problem }), joins };
}

/** Did both meet the same contents? */
function isCounterpart(x: Unit, y: Unit): boolean {
  return x.accesses[0]!.group === y.accesses[0]!.group;
}

function unitsOf(list: readonly SharedAccess[]): Unit[] {
  const groups = new Map<number, SharedAccess[]>();
  const units: Unit[] = [];
  list.forEach((a, position) => {
    const known = a.group === undefined ? undefined : groups.get(a.group);
    if (known !== undefined) {
      known.push(a);
      return;
    }
    const accesses = [a];
    if (a.group !== undefined) groups.set(a.group, accesses);
    units.push({ accesses, condition: a.condition, position });
  });
  return units;
}

/**
 * Which units of the source each of the candidate's stands for, under one condition; or why that cannot be
 * said.
 */
function alignUnder(
  n: Normalizer,
  aligned: Aligned,
  all: readonly Unit[],
  source: readonly Unit[],
  candidate: readonly Unit[],
): [Unit[], Unit][] | string {
  const follows = source.map((u, k) => k > 0 && areNeighbours(n, all, source[k - 1]!, u));
  // Of the first i and j: how many of the source's last units the candidate's last one stands for; 0 = it
  // cannot be.
  const taken: Uint8Array[] = Array.from(
    { length: source.length + 1 },
    () => new Uint8Array(candidate.length + 1),
  );
  const possible = (i: number, j: number): boolean => (i === 0 ? j === 0 : j > 0 && taken[i]![j]! > 0);
  for (let i = 1; i <= source.length; i++)
    for (let j = Math.max(1, candidate.length - (source.length - i)); j <= Math.min(i, candidate.length); j++)
      for (let k = 1; k <= Math.min(i, MOST_JOINED); k++) {
        const group = source.slice(i - k, i);
        if (possible(i - k, j - 1) && isOneOf(n, aligned, group, candidate[j - 1]!)) {
          taken[i]![j] = k;
          break;
        }
        if (!follows[i - k]) break;
      }
  if (!possible(source.length, candidate.length)) return mismatch(source, candidate);
  const pairs: [Unit[], Unit][] = [];
  for (let [i, j] = [source.length, candidate.length]; j > 0; j--) {
    const k = taken[i]![j]!;
    pairs.unshift([source.slice(i - k, i), candidate[j - 1]!]);
    i -= k;
  }
  return pairs;
}

function mismatch(source: readonly Unit[], candidate: readonly Unit[]): string {
  if (candidate.length < source.length) return 'an access to shared memory is lost';
  if (candidate.length > source.length) return 'an access to shared memory that the source does not make';
  return 'accesses to shared memory differ';
}

/** Nothing that others notice comes between two units of one condition. */
function areNeighbours(n: Normalizer, all: readonly Unit[], x: Unit, y: Unit): boolean {
  return !all.some(
    (u) => u.position > x.position && u.position < y.position && !areDisjoint(n, u.condition, x.condition),
  );
}

function areDisjoint(n: Normalizer, x: Term, y: Term): boolean {
  return x !== y && n.store.constant(n.normalize(n.build.binary(Op.And, x, y))) === 0n;
}

/** Two pairs whose order is another in the candidate, though one path makes both. */
function orderProblem(n: Normalizer, pairs: readonly [Unit, Unit][]): string | undefined {
  const sorted = [...pairs].sort(([x], [y]) => x.position - y.position);
  for (const [k, [x, u]] of sorted.entries())
    for (const [y, v] of sorted.slice(k + 1))
      if (u.position > v.position && !areDisjoint(n, x.condition, y.condition))
        return 'accesses to shared memory are made in another order';
  return undefined;
}

function rangeOf(n: Normalizer, a: SharedAccess): Range {
  const { rest, offset } = splitOffset(n.store, a.address);
  const from = BigInt.asIntN(64, offset);
  return { key: `${a.memory}:${rest ?? ''}`, from, to: from + BigInt(a.size) };
}

/** May the candidate's access stand for these neighbours? What values go where is proven elsewhere. */
function isOneOf(n: Normalizer, aligned: Aligned, units: readonly Unit[], one: Unit): boolean {
  const list = units.flatMap((u) => u.accesses);
  const b = one.accesses[0]!;
  const [first] = list;
  if (one.accesses.length !== 1 || first === undefined) return false;
  if (list.some((a) => a.kind === 'call') || b.kind === 'call')
    return list.length === 1 && first.kind === b.kind && first.token === b.token;
  if (list.length === 1 && isSame(first, b)) return true;
  if (b.orders || list.some((a) => a.orders || a.kind === 'atomic')) return false;
  const want = rangeOf(n, b);
  const ranges = list.map((a) => rangeOf(n, a));
  const overlaps = (r: Range): boolean => r.key === want.key && r.from < want.to && want.from < r.to;
  if (!ranges.every(overlaps)) return false;
  const of = (kind: SharedAccess['kind']): Range[] => ranges.filter((_, k) => list[k]!.kind === kind);
  const [loads, stores] = [of('load'), of('store')];
  if (!isCovered(want, b.kind === 'load' ? loads : stores)) return false;
  const exactly = (r: Range): boolean => r.from === want.from && r.to === want.to;
  const inside = (r: Range): boolean => r.from >= want.from && r.to <= want.to;
  if (b.kind === 'atomic') return loads.length > 0 && ranges.every(exactly);
  if (b.kind === 'load' && stores.length > 0) return false;
  if (b.kind === 'store' && list.length > 1 && !stores.every(inside) && loads.length === 0) return false;
  return list.some((a) => a.size >= b.size) || aligned(b);
}

function isSame(x: SharedAccess, y: SharedAccess): boolean {
  return (
    x.kind === y.kind &&
    (x.name === y.name || (x.kind !== 'atomic' && !x.orders && !y.orders)) &&
    x.size === y.size &&
    x.memory === y.memory &&
    x.address === y.address
  );
}

/** Every byte lies in one of the ranges. */
function isCovered(want: Range, ranges: readonly Range[]): boolean {
  for (let at = want.from; at < want.to; at++)
    if (!ranges.some((r) => r.from <= at && at < r.to)) return false;
  return true;
}
