/**
 * What others may do to shared memory while a version runs, under the strict memory model: before each group
 * of accesses they may have changed all of it. The contents that a group meets are one unknown, named after
 * the group's number; both versions meet the same.
 *
 *   source      every access is a group, or belongs to the group of the access just before it (`joins`): as
 *               if nobody came between
 *   candidate   each of its accesses stands for one group of the source, and meets what that one meets
 *
 * That groups and accesses correspond is checked afterwards (proof/strict-accesses.ts), and that both leave
 * the same behind each.
 */
import type { Term } from '../../solver/index.ts';
import type { SharedAccess } from './access.ts';

/** The shared access that a state has made last, when nothing else that others notice came after it. */
export interface LastAccess {
  /** Index of its instruction in the program. */
  readonly at: number;
  readonly group: number;
  readonly memory: string;
  readonly condition: Term;
}

export type NewAccess = Omit<SharedAccess, 'group'>;

export interface Interference {
  /** The group of an access; `isNew`: others may have come before it. */
  enter(access: NewAccess, last: LastAccess | undefined): { group: number; isNew: boolean };
}

/** Pairs of instructions of the source whose accesses are one group when they follow each other. */
export type Joins = ReadonlySet<string>;
export const NO_JOINS: Joins = new Set();

export function joinKey(first: number, second: number): string {
  return `${first}>${second}`;
}

export class SourceInterference implements Interference {
  private readonly joins: Joins;
  private groups = 0;

  constructor(joins: Joins) {
    this.joins = joins;
  }

  enter(access: NewAccess, last: LastAccess | undefined): { group: number; isNew: boolean } {
    const isJoined =
      last !== undefined &&
      this.joins.has(joinKey(last.at, access.at)) &&
      last.memory === access.memory &&
      last.condition === access.condition;
    return isJoined ? { group: last.group, isNew: false } : { group: ++this.groups, isNew: true };
  }
}

export class CandidateInterference implements Interference {
  /** Groups of the source that no access stands for yet, by the first access of each. */
  private free: SharedAccess[];
  private strangers = 0;

  constructor(source: readonly SharedAccess[]) {
    const seen = new Set<number>();
    this.free = source.filter((a) => {
      if (a.group === undefined || seen.has(a.group)) return false;
      seen.add(a.group);
      return true;
    });
  }

  enter(access: NewAccess): { group: number; isNew: boolean } {
    const { free } = this;
    const alike = (a: SharedAccess): boolean =>
      a.kind === access.kind && a.size === access.size && a.memory === access.memory;
    const found =
      free.find((a) => a.condition === access.condition) ??
      free.find((a) => alike(a) && a.address === access.address) ??
      free.find(alike);
    if (found === undefined) return { group: -++this.strangers, isNew: true };
    this.free = free.filter((a) => a !== found);
    return { group: found.group!, isNew: true };
  }
}
