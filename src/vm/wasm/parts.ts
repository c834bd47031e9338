/**
 * Pieces of code that the interpreter's functions share: locals, fields of a decoded instruction, registers,
 * shadow.
 */
import { CELL, CODE, FaultCode, HEAD, poison, RECORD, REGS, SHADOW } from '../memory/layout.ts';
import type { Code } from './assembler.ts';
import * as w from './assembler.ts';

/** What is counted besides the result. */
export interface Variant {
  /** Add up the price of every executed instruction. */
  latency: boolean;
  /** Count executions of every instruction and how often each jump is taken. */
  coverage: boolean;
  /** Runs start with the arena's WINDOW_REGS, and all live registers are compared instead of r0. */
  window: boolean;
}

/** Numbers of the imported and the module's own functions. */
export const FN = {
  /** (helper) -> 0, a fault code, or HELPER_EXIT */
  helper: 0,
  /** () -> distance of map contents whose structure changed */
  structure: 1,
  /** (p, n) -> 0 or a fault code: makes `n` bytes at linear address p ready to be written */
  prepare: 2,
  /** (p, n, register) -> 0 or a fault code: a load that is no plain one */
  slowLoad: 3,
  /** (address: i64) -> fault code of an address outside the arena */
  outside: 4,
  /** (r10: i64) -> opens a stack frame below it; (r10: i64) -> closes it */
  openFrame: 5,
  closeFrame: 6,
  /** (steps) -> ends a run at CELL.PC */
  exec: 7,
  undo: 8,
  distance: 9,
  evaluate: 10,
  measure: 11,
} as const;

/** Locals of `exec`; parameter 0 is the arena. */
export const L = {
  arena: 0,
  pc: 1,
  p: 2,
  status: 3,
  steps: 4,
  start: 5,
  depth: 6,
  limit: 7,
  scratch32: 8,
  budget: 9,
  relative: 10,
  base: 11,
  size: 12,
  scratch64: 13,
  poison: 14,
  value: 15,
} as const;
export const EXEC_LOCALS = [...Array<number>(9).fill(w.I32), ...Array<number>(6).fill(w.I64)];

/** Fields of the current instruction. */
export const field = {
  handler: w.load32u16(w.get(L.pc), 0),
  dst: w.load32u8(w.get(L.pc), 2),
  src: w.load32u8(w.get(L.pc), 3),
  off32: w.load32(w.get(L.pc), 4),
  off64: w.load64s32(w.get(L.pc), 4),
  imm32: w.load32(w.get(L.pc), 8),
  imm64: w.load64(w.get(L.pc), 8),
};

/** Register whose byte offset is `at`. */
export const reg64 = (at: Code): Code => w.load64(at, REGS);
export const reg32 = (at: Code): Code => w.load32(at, REGS);
export const setReg64 = (at: Code, value: Code): Code => w.store64(at, value, REGS);
export const setReg32 = (at: Code, value: Code): Code => setReg64(at, w.extendU(value));
export const r = (n: number): Code => w.load64(w.i32(0), REGS + n * 8);
export const setR = (n: number, value: Code): Code => w.store64(w.i32(0), value, REGS + n * 8);
export const poisonRegister = (n: number): Code => setR(n, w.add64(w.get(L.poison), w.i64(poison(n))));

export const cell = (address: number): Code => w.load32(w.i32(0), address);
export const setCell = (address: number, value: Code): Code => w.store32(w.i32(0), value, address);
export const head32 = (offset: number): Code => w.load32(w.get(L.arena), offset);
export const head64 = (offset: number): Code => w.load64(w.get(L.arena), offset);

/** The same shadow bits in `n` bytes. */
export const every = (bits: number, n: number): bigint =>
  BigInt.asUintN(n * 8, 0x0101_0101_0101_0101n * BigInt(bits));

/** True when all of `n` bytes at `p` have all of `bits`. */
export function hasShadow(p: Code, n: number, bits: number, delta: number): Code {
  const want = every(bits, n);
  if (n === 8) return w.eq64(w.and64(w.load64(p, delta), w.i64(want)), w.i64(want));
  const load = { 1: w.load32u8, 2: w.load32u16, 4: w.load32 }[n as 1 | 2 | 4];
  const mask = w.i32(Number(want));
  return w.eq32(w.and32(load(p, delta), mask), mask);
}

/** Address of an instruction's 8-byte entry in a table that starts where `cell` says. */
export function tableEntry(table: number): Code {
  return w.add32(cell(table), w.shru32(w.sub32(w.get(L.pc), w.i32(CODE)), w.i32(1)));
}

/** Steps, in bytes of decoded instructions, with the current instruction. */
export const stepsNow = w.add32(w.get(L.steps), w.add32(w.sub32(w.get(L.pc), w.get(L.start)), w.i32(RECORD)));

/** Leaves `exec` at the current instruction with a status. */
export function finish(status: Code): Code {
  return w.seq(
    w.set(L.status, status),
    setCell(CELL.PC, w.get(L.pc)),
    setCell(CELL.STEPS, stepsNow),
    w.ret(w.get(L.status)),
  );
}

/** Goes to the instruction `distance` bytes away, unless the stretch that ends here passes the step limit. */
export function jump(distance: Code, variant: Variant, next: Code): Code {
  return w.seq(
    w.set(L.steps, stepsNow),
    variant.coverage ? increment(w.add32(tableEntry(CELL.COVERAGE), w.i32(4))) : [],
    w.when(
      w.gtu32(w.get(L.steps), w.get(L.limit)),
      w.seq(
        setCell(CELL.PC, w.get(L.pc)),
        setCell(CELL.STEPS, w.get(L.steps)),
        w.ret(w.i32(FaultCode.STEP_LIMIT)),
      ),
    ),
    w.set(L.pc, w.add32(w.get(L.pc), distance)),
    w.set(L.start, w.get(L.pc)),
    next,
  );
}

export function increment(address: Code): Code {
  return w.store32(w.tee(L.scratch32, address), w.add32(w.load32(w.get(L.scratch32)), w.i32(1)));
}

export { CELL, HEAD, REGS as REGS_ADDRESS, SHADOW };

/**
 * What a handler needs to know of its surroundings. `next(n)` dispatches again from `n` blocks further in.
 */
export interface Site {
  next: (depth: number) => Code;
  variant: Variant;
  delta: number;
}

/** Leaves `exec` with a fault. */
export const fail = (code: number): Code => finish(w.i32(code));
/** Goes on with the next instruction. */
export const advance = (site: Site, depth = 0): Code =>
  w.seq(w.set(L.pc, w.add32(w.get(L.pc), w.i32(RECORD))), site.next(depth));

/** r1 to r5 become unreadable. */
export const clobber = w.seq(...[1, 2, 3, 4, 5].map(poisonRegister));
