/**
 * What must be equal after a window: the live bits of registers, live stack bytes, and every byte of other memory that either side wrote.
 * (A byte that neither wrote is equal because the memories were; so the written addresses are enough, known or not.)
 */
import { STACK_SIZE } from '../analysis/stack.ts';
import { MASKS, type Normalizer, Op, splitOffset, type Term } from '../solver/index.ts';
import type { WindowContext } from './context.ts';
import type { Exit, Run, Start } from './execute.ts';
import { depthOf, type Log, type MemoryReader } from './memory.ts';
import { Refused } from './unsupported.ts';

/** One equation. */
export interface Obligation {
  where: string;
  source: Term;
  candidate: Term;
}

export interface Comparison {
  normalizer: Normalizer;
  reader: MemoryReader;
  context: WindowContext;
  start: Start;
  /** Memory that holds the running frame, and the frame pointer's term. */
  stackMemory: string;
  framePointer: Term;
}

/** All equations between two runs of the same start; exits are matched by kind. */
export function obligations(c: Comparison, source: Run, candidate: Run): Obligation[] {
  const b = c.normalizer.build;
  const list: Obligation[] = [];
  for (const kind of ['end', 'exit'] as const) {
    const x = source.exits.find((e) => e.kind === kind);
    const y = candidate.exits.find((e) => e.kind === kind);
    if (x === undefined && y === undefined) continue;
    list.push({
      where: kind === 'end' ? 'reaching the end of the window' : 'leaving by exit',
      source: x?.condition ?? b.false,
      candidate: y?.condition ?? b.false,
    });
    if (x !== undefined && y !== undefined) exitObligations(c, kind, x, y, list);
  }
  return list;
}

function exitObligations(c: Comparison, kind: Exit['kind'], x: Exit, y: Exit, list: Obligation[]): void {
  const b = c.normalizer.build;
  // Under the exit's condition only; elsewhere another exit decides.
  const add = (where: string, source: Term, candidate: Term): void => {
    if (source === candidate) return;
    const only = (t: Term): Term => b.ite(x.condition, t, b.const(0n, b.store.width(t)));
    list.push({ where, source: only(source), candidate: only(candidate) });
  };
  for (let r = 0; r < 10; r++) {
    const mask = kind === 'end' ? c.context.liveRegisters[r]! : r === 0 ? c.context.returnBits : 0n;
    if (mask === 0n) continue;
    const [s, t] = [x.registers[r], y.registers[r]];
    if (s === undefined) continue;
    if (t === undefined) throw new Refused(`r${r} is read after the window but holds nothing`);
    add(`r${r}`, masked(c, s, mask), masked(c, t, mask));
  }
  for (const memory of new Set([...x.logs.keys(), ...y.logs.keys()]))
    memoryObligations(c, kind, memory, x, y, add);
}

function masked(c: Comparison, t: Term, mask: bigint): Term {
  const b = c.normalizer.build;
  if (mask === MASKS[64]) return t;
  for (const width of [8, 16, 32]) if (mask === MASKS[width]) return b.extract(t, 0, width);
  return b.binary(Op.And, t, b.const(mask, 64));
}

function memoryObligations(
  c: Comparison,
  kind: Exit['kind'],
  memory: string,
  x: Exit,
  y: Exit,
  add: (where: string, s: Term, t: Term) => void,
): void {
  const [lx, ly] = [x.logs.get(memory), y.logs.get(memory)];
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
      if (offset !== undefined && !isLive(c, kind, offset + k)) continue;
      compare(c.reader.offset(address, k));
    }
  }
  if (unknownPlace && kind === 'end')
    for (let i = 0; i < STACK_SIZE; i++)
      if (c.context.liveStack[i] === 1)
        compare(c.normalizer.add(c.framePointer, c.normalizer.build.const(BigInt(i - STACK_SIZE), 64)));
}

function written(c: Comparison, memory: string, x: Log, y: Log): { address: Term; size: number }[] {
  const floor = depthOf(c.start.logs.get(memory));
  const list: { address: Term; size: number }[] = [];
  for (const log of [x, y]) for (let w = log; depthOf(w) > floor; w = w!.prev) list.push(w!);
  return list;
}

/** Bytes above r10 - 512 when the address is the frame pointer plus a constant. */
function frameOffset(c: Comparison, address: Term): number | undefined {
  const { rest, offset } = splitOffset(c.normalizer.store, address);
  if (rest !== c.framePointer) return undefined;
  return Number(BigInt.asIntN(64, offset)) + STACK_SIZE;
}

function isLive(c: Comparison, kind: Exit['kind'], position: number): boolean {
  if (position < 0 || position >= STACK_SIZE) return true;
  return kind === 'end' && c.context.liveStack[position] === 1;
}

function placeName(c: Comparison, memory: string, address: Term): string {
  const { rest, offset } = splitOffset(c.normalizer.store, address);
  const o = BigInt.asIntN(64, offset);
  const name =
    rest !== undefined && c.normalizer.store.op(rest) === Op.Var ? c.normalizer.store.name(rest) : memory;
  return `${name}${o < 0n ? o : `+${o}`}`;
}
