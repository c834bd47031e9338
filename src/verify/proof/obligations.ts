/**
 * What must be equal after a window: the live bits of registers, live stack bytes, and every byte of other
 * memory that either side wrote. (A byte that neither wrote is equal because the memories were; so the
 * written addresses are enough, known or not.)
 */
import { STACK_SIZE } from '../../analysis/domain/stack.ts';
import { MASKS, type Normalizer, Op, splitOffset, type Term } from '../../solver/index.ts';
import type { WindowContext } from '../context.ts';
import { Refused } from '../errors.ts';
import { type CallEvent, type CallPair, swapped } from '../symbolic/events.ts';
import { depthOf, type Log, type MemoryReader } from '../symbolic/memory.ts';
import type { SymbolicExit, SymbolicRun, SymbolicStart } from '../symbolic/run.ts';

/** One equation. */
export interface Obligation {
  where: string;
  source: Term;
  candidate: Term;
}

export interface ObligationInput {
  normalizer: Normalizer;
  reader: MemoryReader;
  context: WindowContext;
  start: SymbolicStart;
  /** Memory that holds the running frame, and the frame pointer's term. */
  stackMemory: string;
  framePointer: Term;
}

/**
 * All equations between two runs of the same start: of the calls, in order, then of the exits, matched by
 * kind.
 */
export function allObligations(
  c: ObligationInput,
  source: SymbolicRun,
  candidate: SymbolicRun,
): Obligation[] {
  const b = c.normalizer.build;
  const list: Obligation[] = callObligations(c, source.calls, candidate);
  groupObligations(c, source, candidate, list);
  for (const to of new Set([...source.exits, ...candidate.exits].map((e) => e.to))) {
    const x = source.exits.find((e) => e.to === to);
    const y = candidate.exits.find((e) => e.to === to);
    list.push({
      where:
        to === 0 ? 'reaching the end of the window' : to === 'exit' ? 'leaving by exit' : `jump to ${to}`,
      source: x?.condition ?? b.false,
      candidate: y?.condition ?? b.false,
    });
    if (x !== undefined && y !== undefined) exitObligations(c, demandAt(c.context, to), x, y, list);
  }
  return list;
}

/** The equations that normal forms leave open. @throws Refused */
export function openObligations(
  c: ObligationInput,
  source: SymbolicRun,
  candidate: SymbolicRun,
): Obligation[] {
  const { normalizer } = c;
  return allObligations(c, source, candidate).filter(
    (o) => o.source !== o.candidate && normalizer.normalize(o.source) !== normalizer.normalize(o.candidate),
  );
}

/** What each group of accesses to shared memory leaves there. */
function groupObligations(
  c: ObligationInput,
  source: SymbolicRun,
  candidate: SymbolicRun,
  list: Obligation[],
): void {
  for (const [group, x] of source.groups) {
    const y = candidate.groups.get(group);
    if (y === undefined) continue;
    const add = under(c, x.condition, list);
    compareMemory(c, ALL_STACK, x.memory, x.log, y.log, (where, s, t) => {
      add(`${where} in between`, s, t);
    });
  }
}

function callObligations(
  c: ObligationInput,
  reference: readonly CallEvent[],
  candidate: SymbolicRun,
): Obligation[] {
  const b = c.normalizer.build;
  const lost = candidate.missing.find((e) => !e.unobservable);
  if (lost !== undefined) throw new Refused(`a call of ${lost.name} is lost`);
  const list: Obligation[] = [];
  for (const [x, y] of swapped(c.normalizer, reference, candidate.pairs))
    list.push({
      where: `order of ${x.source.name} and ${y.source.name}`,
      source: b.and(x.source.condition, y.source.condition),
      candidate: b.false,
    });
  for (const p of candidate.pairs) pairObligations(c, p, list);
  return list;
}

function pairObligations(c: ObligationInput, { source, candidate }: CallPair, list: Obligation[]): void {
  const name = `call of ${source.name}`;
  list.push({ where: name, source: source.condition, candidate: candidate.condition });
  const add = under(c, source.condition, list);
  for (const i of source.inputs) {
    const other = candidate.inputs.find((x) => x.where === i.where);
    if (other !== undefined) add(`${name}: ${i.where}`, i.term, other.term);
  }
  for (const [n, x] of source.observed.entries()) {
    const y = candidate.observed[n]!;
    compareMemory(c, x.stack ? ALL_STACK : NO_STACK, x.memory, x.log, y.log, (where, s, t) => {
      add(`${name}: ${where}`, s, t);
    });
  }
}

/** Adds equations that must hold under a condition only. */
function under(c: ObligationInput, condition: Term, list: Obligation[]) {
  const b = c.normalizer.build;
  return (where: string, source: Term, candidate: Term): void => {
    if (source === candidate) return;
    const only = (t: Term): Term => b.ite(condition, t, b.const(0n, b.store.width(t)));
    list.push({ where, source: only(source), candidate: only(candidate) });
  };
}

/** What is observed at one way out. */
export interface LiveOut {
  /** Bits of each register. */
  registers: readonly bigint[];
  /** Per byte of the frame. */
  stack: Uint8Array;
}

const NO_STACK = new Uint8Array(STACK_SIZE);
const ALL_STACK = new Uint8Array(STACK_SIZE).fill(1);

/** @throws Refused when the source has no such way out */
export function demandAt(context: WindowContext, to: 'exit' | number): LiveOut {
  if (to === 'exit') return { registers: [context.returnBits], stack: NO_STACK };
  if (to === 0) return { registers: context.liveRegisters, stack: context.liveStack };
  const point = context.exits.find((e) => e.to === to);
  if (point === undefined) throw new Refused(`a jump to ${to}, where the source does not go`);
  return { registers: point.liveRegisters, stack: point.liveStack };
}

function exitObligations(
  c: ObligationInput,
  demand: LiveOut,
  x: SymbolicExit,
  y: SymbolicExit,
  list: Obligation[],
): void {
  // Elsewhere another exit decides.
  const add = under(c, x.condition, list);
  for (let r = 0; r < 10; r++) {
    const mask = demand.registers[r] ?? 0n;
    if (mask === 0n) continue;
    const [s, t] = [x.registers[r], y.registers[r]];
    if (s === undefined) continue;
    if (t === undefined) throw new Refused(`r${r} is read after the window but holds nothing`);
    add(`r${r}`, masked(c, s, mask), masked(c, t, mask));
  }
  for (const memory of new Set([...x.logs.keys(), ...y.logs.keys()]))
    compareMemory(c, demand.stack, memory, x.logs.get(memory), y.logs.get(memory), add);
}

function masked(c: ObligationInput, t: Term, mask: bigint): Term {
  const b = c.normalizer.build;
  if (mask === MASKS[64]) return t;
  for (const width of [8, 16, 32]) if (mask === MASKS[width]) return b.extract(t, 0, width);
  return b.binary(Op.And, t, b.const(mask, 64));
}

/** @param live 1 for the bytes of the running frame that count */
function compareMemory(
  c: ObligationInput,
  live: Uint8Array,
  memory: string,
  lx: Log,
  ly: Log,
  add: (where: string, s: Term, t: Term) => void,
): void {
  if (lx === ly) return;
  const isStack = memory === c.stackMemory;
  const done = new Set<Term>();
  const compare = (address: Term): void => {
    if (done.has(address)) return;
    done.add(address);
    add(
      placeName(c, memory, address),
      c.reader.byte(memory, lx, address),
      c.reader.byte(memory, ly, address),
    );
  };
  let unknownPlace = false;
  for (const { address, size } of written(c, memory, lx, ly)) {
    const offset = isStack ? frameOffset(c, address) : undefined;
    if (isStack && offset === undefined) {
      unknownPlace = true;
      // A merged memory holds more than this frame.
      if (c.stackMemory.startsWith('stack')) continue;
    }
    for (let k = 0; k < size; k++) {
      if (offset !== undefined && !isLive(live, offset + k)) continue;
      compare(c.reader.offset(address, k));
    }
  }
  if (unknownPlace)
    for (let i = 0; i < STACK_SIZE; i++)
      if (live[i] === 1)
        compare(c.normalizer.add(c.framePointer, c.normalizer.build.const(BigInt(i - STACK_SIZE), 64)));
}

function written(c: ObligationInput, memory: string, x: Log, y: Log): { address: Term; size: number }[] {
  const floor = depthOf(c.start.logs.get(memory));
  const list: { address: Term; size: number }[] = [];
  for (const log of [x, y])
    for (let w = log; depthOf(w) > floor; w = w!.prev) {
      // What was there before was compared when the call was made.
      if (w!.havoc !== undefined && w!.guard === undefined) break;
      if (w!.havoc === undefined) list.push(w!);
    }
  return list;
}

/** Bytes above r10 - 512 when the address is the frame pointer plus a constant. */
function frameOffset(c: ObligationInput, address: Term): number | undefined {
  const { rest, offset } = splitOffset(c.normalizer.store, address);
  if (rest !== c.framePointer) return undefined;
  return Number(BigInt.asIntN(64, offset)) + STACK_SIZE;
}

function isLive(live: Uint8Array, position: number): boolean {
  return position < 0 || position >= STACK_SIZE || live[position] === 1;
}

function placeName(c: ObligationInput, memory: string, address: Term): string {
  const { rest, offset } = splitOffset(c.normalizer.store, address);
  const o = BigInt.asIntN(64, offset);
  const name =
    rest !== undefined && c.normalizer.store.op(rest) === Op.Var ? c.normalizer.store.name(rest) : memory;
  return `${name}${o < 0n ? o : `+${o}`}`;
}
