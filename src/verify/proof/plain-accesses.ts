/**
 * Memory that others see keeps its concurrency: a candidate may drop reads, merge adjacent accesses, and make
 * a plain read-modify-write atomic; it may not add accesses, split them, or lose an atomic.
 */
import { splitOffset, type Term, type TermStore } from '../../solver/index.ts';
import type { SharedAccess } from '../symbolic/access.ts';

interface Range {
  access: SharedAccess;
  key: string;
  from: bigint;
  to: bigint;
  used: boolean;
}

/**
 * Why the candidate's accesses are not allowed in place of the source's; undefined when they are.
 * @param same terms of the candidate that are known to equal one of the source
 */
export function accessProblem(
  s: TermStore,
  source: readonly SharedAccess[],
  candidate: readonly SharedAccess[],
  same: ReadonlyMap<Term, Term> = new Map(),
): string | undefined {
  const known = candidate.map((a) => ({ ...a, condition: same.get(a.condition) ?? a.condition }));
  return problem(s, source, known);
}

function problem(
  s: TermStore,
  source: readonly SharedAccess[],
  candidate: readonly SharedAccess[],
): string | undefined {
  if ([...source, ...candidate].every((a) => a.kind === 'call')) return undefined;
  const [from, to] = [segments(source), segments(candidate)];
  const orders = (list: SharedAccess[][]): string =>
    list
      .slice(1)
      .map((x) => identity(x[0]!))
      .join(' ');
  if (from.length !== to.length || orders(from) !== orders(to))
    return 'ordered accesses to shared memory differ';
  for (const [i, segment] of from.entries()) {
    const found = segmentProblem(s, segment, to[i]!);
    if (found !== undefined) return found;
  }
  return undefined;
}

function identity(a: SharedAccess): string {
  return `${a.name}/${a.size}@${a.memory}:${a.address}/${a.condition}`;
}

/** Cut before each ordering access; the first segment has none at its start. */
function segments(list: readonly SharedAccess[]): SharedAccess[][] {
  const out: SharedAccess[][] = [[]];
  for (const a of list) {
    if (a.orders) out.push([]);
    out.at(-1)!.push(a);
  }
  return out;
}

function range(s: TermStore, access: SharedAccess): Range {
  const { rest, offset } = splitOffset(s, access.address);
  const from = BigInt.asIntN(64, offset);
  const key = `${access.memory}:${rest ?? ''}:${access.condition}`;
  return { access, key, from, to: from + BigInt(access.size), used: false };
}

function segmentProblem(
  s: TermStore,
  source: readonly SharedAccess[],
  candidate: readonly SharedAccess[],
): string | undefined {
  const have = source.map((a) => range(s, a));
  for (const a of candidate) {
    if (a.kind === 'call') continue;
    const want = range(s, a);
    const ok = a.kind === 'atomic' ? takeAtomic(have, want) : takeCover(have, want, a.kind) !== undefined;
    if (!ok) return `${article(a)} of ${a.size} bytes of shared memory that the source does not make`;
  }
  const lost = have.find((r) => r.access.kind === 'atomic' && !r.used);
  return lost === undefined ? undefined : 'an atomic operation on shared memory is lost';
}

function article(a: SharedAccess): string {
  return a.kind === 'atomic' ? 'an atomic operation' : `a ${a.kind}`;
}

function takeAtomic(have: Range[], want: Range): boolean {
  const same = have.find(
    (r) => !r.used && r.access.kind === 'atomic' && identity(r.access) === identity(want.access),
  );
  if (same !== undefined) {
    same.used = true;
    return true;
  }
  // A plain read-modify-write of exactly these bytes may become atomic.
  const loads = takeCover(have, want, 'load');
  if (loads === undefined) return false;
  if (takeCover(have, want, 'store') !== undefined) return true;
  for (const r of loads) r.used = false;
  return false;
}

/**
 * Marks unused accesses that together cover the wanted bytes: the ones inside it first, else one that
 * contains it.
 */
function takeCover(have: Range[], want: Range, kind: 'load' | 'store'): Range[] | undefined {
  const free = have.filter((r) => !r.used && r.access.kind === kind && r.key === want.key);
  const taken: Range[] = [];
  for (let at = want.from; at < want.to; ) {
    const covers = free.filter((r) => !taken.includes(r) && r.from <= at && at < r.to);
    const next =
      covers.find((r) => r.from >= want.from && r.to <= want.to) ??
      covers.find((r) => r.from <= want.from && r.to >= want.to) ??
      covers[0];
    if (next === undefined) return undefined;
    taken.push(next);
    at = next.to;
  }
  for (const r of taken) r.used = true;
  return taken;
}
