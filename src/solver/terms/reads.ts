/**
 * Memory without arrays. A solver sees each Read term as a variable of its own; what makes them a memory is
 * that equal addresses hold equal bytes, and that is stated for just those pairs whose distance is not a
 * known constant (Ackermann's reduction).
 */
import { Op } from './ops.ts';
import type { Term, TermStore } from './terms.ts';

/** t as `rest + offset`, offset constant; `rest` undefined when t itself is constant. */
export function splitOffset(s: TermStore, t: Term): { rest: Term | undefined; offset: bigint } {
  const c = s.constant(t);
  if (c !== undefined) return { rest: undefined, offset: c };
  if (s.op(t) === Op.Add) {
    const [ca, cb] = [s.constant(s.a(t)), s.constant(s.b(t))];
    if (cb !== undefined) return { rest: s.a(t), offset: cb };
    if (ca !== undefined) return { rest: s.b(t), offset: ca };
  }
  return { rest: t, offset: 0n };
}

/** Pairs of Read terms of one memory whose addresses may be equal for all that their shape tells. */
export function mayAliasPairs(s: TermStore, order: readonly Term[]): [Term, Term][] {
  const byMemory = new Map<number, Term[]>();
  for (const t of order)
    if (s.op(t) === Op.Read) {
      const list = byMemory.get(s.b(t));
      if (list === undefined) byMemory.set(s.b(t), [t]);
      else list.push(t);
    }
  const pairs: [Term, Term][] = [];
  for (const reads of byMemory.values()) {
    const places = reads.map((t) => splitOffset(s, s.a(t)));
    for (let i = 0; i < reads.length; i++)
      for (let j = 0; j < i; j++) if (places[i]!.rest !== places[j]!.rest) pairs.push([reads[j]!, reads[i]!]);
  }
  return pairs;
}
