/** The symbolic state between two instructions, and how states that meet become one. */
import type { Region } from '../../analysis/domain/value.ts';
import { R10 } from '../../isa/insn.ts';
import { type Normalizer, Op, type Term } from '../../solver/index.ts';
import { Refused } from '../errors.ts';
import type { LastAccess } from './interference.ts';
import { type Log, mergeLogs } from './memory.ts';
import type { Bases } from './regions.ts';

export interface State {
  /** Conjunction of what the branches taken mean, oldest first. */
  path: readonly Term[];
  regs: (Term | undefined)[];
  logs: Map<string, Log>;
  /** Packet pointers in the context that a call moved, by region key. */
  moved: Map<string, { region: Region; value: Term }>;
  /**
   * Token of the call that last changed something that has no bytes here (which keys a map has, ...); 0 =
   * none did.
   */
  versions: Map<string, Term>;
  /** SharedAccess to shared memory after which came nothing that others notice. */
  last: LastAccess | undefined;
}

/** Bits of a version: tokens are smaller. */
export const VERSION_BITS = 24;

export function firstState(regs: readonly (Term | undefined)[], logs: ReadonlyMap<string, Log>): State {
  return {
    path: [],
    regs: [...regs],
    logs: new Map(logs),
    moved: new Map(),
    versions: new Map(),
    last: undefined,
  };
}

/** A copy that can go its own way. */
export function fork(s: State, path: readonly Term[]): State {
  return {
    path,
    regs: [...s.regs],
    logs: new Map(s.logs),
    moved: new Map(s.moved),
    versions: new Map(s.versions),
    last: s.last,
  };
}

/** @throws Refused when the register holds nothing */
export function readRegister(s: State, r: number): Term {
  const t = s.regs[r];
  if (t === undefined) throw new Refused(`r${r} is read but holds nothing`);
  return t;
}

/** @throws Refused for r10 */
export function writeRegister(s: State, r: number, t: Term): void {
  if (r >= R10) throw new Refused(`r${r} is written`);
  s.regs[r] = t;
}

/** An operand of 32 or 64 bits. */
export function lowBits(n: Normalizer, s: State, r: number, width: 32 | 64): Term {
  return n.build.extract(readRegister(s, r), 0, width);
}

export function conjunction(n: Normalizer, path: readonly Term[]): Term {
  return path.reduce((x, y) => n.build.binary(Op.And, x, y), n.build.true);
}

export function versionOf(n: Normalizer, s: State, what: string): Term {
  return s.versions.get(what) ?? n.build.const(0n, VERSION_BITS);
}

/** One state for several; undefined for none. */
export function mergeAll(n: Normalizer, bases: Bases, states: readonly State[]): State | undefined {
  if (states.length === 0) return undefined;
  // In an order that does not depend on where the code lies, so that equal programs give equal terms.
  return [...states].sort(byPath).reduce((a, b) => merge(n, bases, a, b));
}

function byPath(x: State, y: State): number {
  for (let k = 0; k < x.path.length && k < y.path.length; k++)
    if (x.path[k] !== y.path[k]) return x.path[k]! - y.path[k]!;
  return x.path.length - y.path.length;
}

/** Name of the variable for it. */
export function lostName(r: number): string {
  return `r${r} lost`;
}

/**
 * What a register holds that a call left unreadable, or that was never written: any number, in both versions
 * the same.
 */
function lost(n: Normalizer, r: number): Term {
  return n.store.var(lostName(r), 64);
}

function merge(n: Normalizer, bases: Bases, x: State, y: State): State {
  const b = n.build;
  let common = 0;
  while (common < x.path.length && x.path[common] === y.path[common]) common++;
  const [rx, ry] = [x.path.slice(common), y.path.slice(common)];
  const takenX = n.normalize(conjunction(n, rx));
  const either = n.normalize(b.binary(Op.Or, takenX, conjunction(n, ry)));
  const path = x.path.slice(0, common);
  if (n.store.constant(either) !== 1n) path.push(either);
  const regs = x.regs.map((t, r) => {
    const u = y.regs[r];
    if (t === undefined && u === undefined) return undefined;
    // Code behind may know which branch was taken, and read what that one left.
    return b.ite(takenX, t ?? lost(n, r), u ?? lost(n, r));
  });
  const logs = new Map<string, Log>();
  for (const memory of new Set([...x.logs.keys(), ...y.logs.keys()]))
    logs.set(memory, mergeLogs(n, x.logs.get(memory), y.logs.get(memory), takenX));
  const moved: State['moved'] = new Map();
  for (const [key, { region }] of [...x.moved, ...y.moved]) {
    const of = (s: State): Term => s.moved.get(key)?.value ?? bases.base(region, '');
    moved.set(key, { region, value: b.ite(takenX, of(x), of(y)) });
  }
  const versions = new Map<string, Term>();
  for (const key of new Set([...x.versions.keys(), ...y.versions.keys()]))
    versions.set(key, b.ite(takenX, versionOf(n, x, key), versionOf(n, y, key)));
  return { path, regs, logs, moved, versions, last: x.last === y.last ? x.last : undefined };
}
