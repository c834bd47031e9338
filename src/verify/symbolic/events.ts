/**
 * Calls whose meaning is not computed: both versions must make the same ones, and get the same results.
 *
 *   source      its calls in order, each with everything that its result can depend on (CallEvent)
 *   candidate   each of its calls stands for one call of the source (`matchCall`) and gets that one's
 *               results;
 *               that the two have equal inputs is proven afterwards (obligations.ts)
 *
 * By induction over the order of calls, equal inputs then mean equal results.
 */
import type { Normalizer, Term } from '../../solver/index.ts';
import { Op } from '../../solver/index.ts';
import { Refused } from '../errors.ts';
import type { Log } from './memory.ts';

/**
 * One value that a call depends on, in normal form. Inputs of calls with one signature have the same names.
 */
export interface CallInput {
  readonly where: string;
  readonly term: Term;
}

/** Memory that a call can see beyond the bytes among its inputs. */
export interface ObservedMemory {
  readonly memory: string;
  readonly log: Log;
  /** Also the bytes of the running frame. */
  readonly stack: boolean;
}

export interface CallEvent {
  readonly name: string;
  /** Function, map and sizes. */
  readonly signature: string;
  readonly inputs: readonly CallInput[];
  /** Path condition, in normal form. */
  readonly condition: Term;
  readonly observed: readonly ObservedMemory[];
  /** Nobody notices when it is not made. */
  readonly unobservable: boolean;
  /** The result depends on signature and inputs alone: equal ones have equal results, in any order. */
  readonly pure: boolean;
  /** Names its results. */
  readonly token: number;
}

/** A call before it has its token. */
export type Call = Omit<CallEvent, 'token'>;

/** A candidate's call and the source's call that it stands for. */
export interface CallPair {
  readonly source: CallEvent;
  readonly candidate: CallEvent;
}

export function keyOf(c: Call): string {
  return `${c.signature}(${c.inputs.map((i) => `${i.where}=${i.term}`).join(',')})`;
}

/** Gives calls their tokens; one per run. */
export class CallLog {
  readonly events: CallEvent[] = [];
  readonly pairs: CallPair[] = [];
  private readonly reference: readonly CallEvent[] | undefined;
  private readonly used = new Set<CallEvent>();
  private readonly pure = new Map<string, number>();

  private readonly number: (n: number) => number;

  /**
   * @param reference the source's calls, when this is the candidate's run
   * @param number token of the source's n-th call
   */
  constructor(reference?: readonly CallEvent[], number = (n: number): number => n) {
    this.reference = reference;
    this.number = number;
  }

  get isSource(): boolean {
    return this.reference === undefined;
  }

  /** @throws Refused when the source makes no such call */
  add(c: Call): CallEvent {
    if (this.reference === undefined) {
      const key = c.pure ? keyOf(c) : '';
      const token = (c.pure ? this.pure.get(key) : undefined) ?? this.number(this.events.length + 1);
      if (c.pure) this.pure.set(key, token);
      const event = { ...c, token };
      this.events.push(event);
      return event;
    }
    const source = this.counterpart(this.reference, c);
    if (source === undefined) throw new Refused(`a call of ${c.name} that the source does not make`);
    this.used.add(source);
    const event = { ...c, token: source.token };
    this.events.push(event);
    this.pairs.push({ source, candidate: event });
    return event;
  }

  /** Calls of the source that this run does not make. */
  missing(): CallEvent[] {
    return (this.reference ?? []).filter((e) => !this.used.has(e));
  }

  private counterpart(reference: readonly CallEvent[], c: Call): CallEvent | undefined {
    const free = reference.filter((e) => !this.used.has(e) && fits(e, c));
    const key = keyOf(c);
    const exact = free.filter((e) => keyOf(e) === key);
    return (
      exact.find((e) => e.condition === c.condition) ??
      free.find((e) => e.condition === c.condition) ??
      exact[0] ??
      free[0]
    );
  }
}

/** Every input of the source's call is there. */
function fits(source: CallEvent, c: Call): boolean {
  return (
    source.signature === c.signature &&
    source.inputs.every((i) => c.inputs.some((x) => x.where === i.where)) &&
    source.observed.length === c.observed.length &&
    source.observed.every((o, n) => o.memory === c.observed[n]!.memory)
  );
}

/**
 * Pairs that the candidate makes in another order than the source although the order matters; each may only
 * hold alone.
 */
export function swapped(
  n: Normalizer,
  reference: readonly CallEvent[],
  pairs: readonly CallPair[],
): [CallPair, CallPair][] {
  const position = new Map(reference.map((e, i) => [e, i]));
  const list: [CallPair, CallPair][] = [];
  const ordered = pairs.filter((p) => !p.source.pure);
  ordered.forEach((late, i) => {
    for (const early of ordered.slice(0, i)) {
      if (position.get(early.source)! < position.get(late.source)!) continue;
      const both = n.normalize(n.build.binary(Op.And, early.source.condition, late.source.condition));
      if (n.store.constant(both) !== 0n) list.push([late, early]);
    }
  });
  return list;
}
