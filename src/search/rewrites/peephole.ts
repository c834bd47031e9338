/**
 * Rewrites that are known to pay, found by looking at each place once: what the chains would find in most programs, at the
 * price of one proof each. Like everything here they are proposals.
 */

import { registersRead, registersWritten } from '../../isa/effects.ts';
import { indexOfSlot, jumpTarget, jumpTargets, slotOffsets } from '../../isa/flow.ts';
import { operandsSwapped } from '../../isa/forms.ts';
import { type Insn, imm64, insn, OP_LD_IMM64, PseudoLd, Source, sizeInSlots } from '../../isa/insn.ts';
import { allowed, type Target } from '../../isa/levels.ts';
import { type OpSpec, specOf } from '../../isa/semantics.ts';
import { pinOf } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import { readingElsewhere, storedValue } from '../edit.ts';
import { MOV32_K, MOV32_X, MOV64_K, MOV64_X } from '../opcodes.ts';

export interface Peephole {
  window: Window;
  replacement: readonly Insn[];
}

/** Instructions from `at` on, to be replaced by fewer or shorter ones; `count` of them. */
type Rule = (insns: readonly Insn[], at: number) => { count: number; replacement: Insn[] } | undefined;

const [AND64_K, AND64_X, LSH64_K, RSH64_K, ADD64_K, ADD64_X] = [0x57, 0x5f, 0x67, 0x77, 0x07, 0x0f];
const [JEQ_K, JNE_K, JSET_K] = [0x15, 0x55, 0x45];
const [ARSH64_K, LOAD64] = [0xc7, 0x79];
const ATOMIC_ADD: ReadonlyMap<number, number> = new Map([
  [4, 0xc3],
  [8, 0xdb],
]);
/** Most instructions of code that only runs when a test fails. */
const LONGEST_ARM = 40;
/** Farthest that a rule looks for the other half of what it changes. */
const FAR = 10;

/** The constant that a register holds before `at`, where the code right before says so. */
function constantBefore(insns: readonly Insn[], at: number, register: number): bigint | undefined {
  for (let p = at - 1; p >= Math.max(0, at - 4 * FAR); p--) {
    const i = insns[p]!;
    const kind = specOf(i)?.kind;
    if (kind === 'jump' || kind === 'goto' || kind === 'exit') return undefined;
    if (((registersWritten(i) >> register) & 1) === 0) continue;
    if (i.op === OP_LD_IMM64 && i.src === PseudoLd.IMM64) return imm64(i);
    if (i.op === MOV64_K) return BigInt.asUintN(64, BigInt(i.imm));
    return i.op === MOV32_K ? BigInt.asUintN(32, BigInt(i.imm)) : undefined;
  }
  return undefined;
}

/** `(x & mask) >> k`, where the mask keeps what a 32-bit move keeps of what the shift leaves: `(u32) x >> k`. */
const maskedShift: Rule = (insns, at) => {
  const moves = insns[at]!.op === MOV64_X && insns[at]!.off === 0;
  const and = insns[at + (moves ? 1 : 0)];
  const shift = insns[at + (moves ? 2 : 1)];
  if (and === undefined || shift?.op !== RSH64_K || shift.dst !== and.dst) return undefined;
  if (moves && insns[at]!.dst !== and.dst) return undefined;
  // The move is part of it.
  const before = insns[at - 1];
  if (!moves && before?.op === MOV64_X && before.off === 0 && before.dst === and.dst) return undefined;
  const from = moves ? insns[at]!.src : and.dst;
  const made = (value: number, mask: bigint | undefined): ReturnType<Rule> => {
    const k = BigInt(shift.imm);
    if (mask === undefined || mask >> k !== 0xffff_ffffn >> k) return undefined;
    return { count: moves ? 3 : 2, replacement: [insn(MOV32_X, and.dst, value), shift] };
  };
  if (and.op === AND64_K) return made(from, BigInt.asUintN(64, BigInt(and.imm)));
  if (and.op !== AND64_X) return undefined;
  const place = at + (moves ? 1 : 0);
  return (
    made(from, constantBefore(insns, place, and.src)) ?? made(and.src, constantBefore(insns, place, and.dst))
  );
};

/** Load, add, store of one place: an atomic addition. */
const counter: Rule = (insns, at) => {
  const load = insns[at]!;
  const spec = specOf(load);
  const op = spec?.kind === 'load' && !spec.signed ? ATOMIC_ADD.get(spec.size) : undefined;
  if (op === undefined || spec?.kind !== 'load') return undefined;
  const replacement: Insn[] = [];
  let addend: number | undefined;
  let sum = load.dst;
  for (let p = at + 1; p < Math.min(insns.length, at + FAR); p++) {
    const i = insns[p]!;
    const kind = specOf(i);
    if (kind === undefined || kind.kind === 'jump' || kind.kind === 'call' || kind.kind === 'exit')
      return undefined;
    if (kind.kind === 'store' && kind.size === spec.size && kind.operand === 'X' && i.src === sum) {
      if (i.dst !== load.src || i.off !== load.off || addend === undefined) return undefined;
      return { count: p + 1 - at, replacement: [...replacement, { ...i, op, src: addend }] };
    }
    if (addend === undefined && i.op === ADD64_K && i.dst === load.dst) {
      replacement.push(insn(MOV64_K, i.dst, 0, 0, i.imm));
      addend = i.dst;
    } else if (addend === undefined && i.op === ADD64_X && i.dst === load.dst && i.src !== i.dst)
      addend = i.src;
    else if (addend === undefined && i.op === ADD64_X && i.src === load.dst && i.dst !== i.src)
      addend = sum = i.dst;
    else if (((registersRead(i) | registersWritten(i)) >> load.dst) & 1) return undefined;
    else if ((registersWritten(i) >> load.src) & 1) return undefined;
    else replacement.push(i);
  }
  return undefined;
};

/** A constant that needs no second slot. */
const shortConstant: Rule = (insns, at) => {
  const i = insns[at]!;
  if (i.op !== OP_LD_IMM64 || i.src !== PseudoLd.IMM64) return undefined;
  const op = i.immHi === i.imm >> 31 ? MOV64_K : i.immHi === 0 ? MOV32_K : undefined;
  return op === undefined ? undefined : { count: 1, replacement: [insn(op, i.dst, 0, 0, i.imm)] };
};

/** `x <<= 32; x >>= 32`: a 32-bit move, or, before a test, a 32-bit test. */
const lowHalf: Rule = (insns, at) => {
  const [up, down, test] = [insns[at]!, insns[at + 1], insns[at + 2]];
  if (up.op !== LSH64_K || up.imm !== 32 || down?.op !== RSH64_K || down.imm !== 32 || down.dst !== up.dst)
    return undefined;
  const spec = test && specOf(test);
  if (spec?.kind === 'jump' && spec.width === 64 && spec.operand === 'K' && test!.dst === up.dst)
    return { count: 3, replacement: [{ ...test!, op: test!.op + 1 }] };
  return { count: 2, replacement: [insn(MOV32_X, up.dst, up.dst)] };
};

/** `x = constant; if x > y`: `if y < constant`. */
const constantTest: Rule = (insns, at) => {
  const [set, test] = [insns[at]!, insns[at + 1]];
  const spec = test && specOf(test);
  if (set.op !== MOV64_K || spec?.kind !== 'jump' || spec.operand !== 'X' || test!.src === test!.dst)
    return undefined;
  const asked = test!.src === set.dst ? test! : test!.dst === set.dst ? operandsSwapped(test!) : undefined;
  if (asked === undefined) return undefined;
  const dst = test!.src === set.dst ? test!.dst : test!.src;
  return { count: 2, replacement: [{ ...asked, op: asked.op & ~Source.X, dst, src: 0, imm: set.imm }] };
};

/** `x &= constant; if x != 0`: `if x & constant`. */
const bitTest: Rule = (insns, at) => {
  const [and, test] = [insns[at]!, insns[at + 1]];
  if (and.op !== AND64_K || test?.op !== JNE_K || test.imm !== 0 || test.dst !== and.dst) return undefined;
  return { count: 2, replacement: [{ ...test, op: JSET_K, imm: and.imm }] };
};

/** A register's constant that is stored: an immediate store. */
const storedConstant: Rule = (insns, at) => {
  const i = insns[at]!;
  const spec = specOf(i);
  if (spec?.kind !== 'store' || spec.operand !== 'X' || spec.release) return undefined;
  const constant = constantBefore(insns, at, i.src);
  const signed = constant === undefined ? undefined : BigInt.asIntN(64, constant);
  if (signed === undefined || signed !== BigInt.asIntN(32, signed)) return undefined;
  return { count: 1, replacement: [{ ...i, op: i.op - 1, src: 0, imm: Number(signed) }] };
};

/** `x = a; if c goto +1; x = b; *p = x`: each value is stored where it is known. */
const storedChoice: Rule = (insns, at) => {
  const [first, test, second, store] = [insns[at]!, insns[at + 1], insns[at + 2], insns[at + 3]];
  if (store === undefined || specOf(test!)?.kind !== 'jump' || test!.off !== 1) return undefined;
  const [a, b] = [storedValue(store, first), storedValue(store, second!)];
  if (a === undefined || b === undefined || ((registersRead(test!) >> store.src) & 1) === 1) return undefined;
  return { count: 4, replacement: [a, test!, b] };
};

/**
 * `y = x; x = 0; if y == 0 goto L; ...; L:` as compilers write it for the result of a lookup: where `x` is 0 in any case,
 * it need not be set, so that it can be used itself: `if x == 0 goto L; ...; x = 0; L:`.
 */
const zeroLate: Rule = (insns, at) => {
  const [copy, zero, test] = [insns[at]!, insns[at + 1], insns[at + 2]];
  if (copy.op !== MOV64_X || copy.off !== 0 || test?.op !== JEQ_K || test.imm !== 0 || test.dst !== copy.dst)
    return undefined;
  if (zero === undefined || ![MOV64_K, MOV32_K].includes(zero.op) || zero.imm !== 0 || zero.dst !== copy.src)
    return undefined;
  const [start, slots] = [at + 3, slotOffsets(insns)];
  const end = indexOfSlot(slots, slots[start]! + test.off);
  if (end === undefined || end <= start || end - at > LONGEST_ARM) return undefined;
  const body: Insn[] = [];
  let holds = true;
  for (let p = start; p < end; p++) {
    const i = insns[p]!;
    const target = jumpTarget(insns, p, slots);
    if (target !== undefined && (target <= p || target > end)) return undefined;
    if ((((registersRead(i) | registersWritten(i)) >> copy.src) & 1) === 1) return undefined;
    body.push(holds ? readingElsewhere(i, copy.dst, copy.src) : i);
    const writes = ((registersWritten(i) >> copy.dst) & 1) === 1;
    if (writes && ((registersRead(i) >> copy.dst) & 1) === 1) return undefined;
    holds &&= !writes;
  }
  return {
    count: end - at,
    replacement: [{ ...test, dst: copy.src, off: test.off + 1 }, ...body, zero],
  };
};

/** A load of 4 bytes that is sign-extended further on: the upper half of a load of 8. */
const signedHalf: Rule = (insns, at) => {
  const load = insns[at]!;
  const spec = specOf(load);
  if (spec?.kind !== 'load' || spec.size !== 4 || spec.signed || spec.acquire || (load.off & 7) !== 4)
    return undefined;
  const replacement: Insn[] = [{ ...load, op: LOAD64, off: load.off - 4 }];
  let isUp = false;
  for (let p = at + 1; p < Math.min(insns.length, at + FAR); p++) {
    const i = insns[p]!;
    const kind = specOf(i)?.kind;
    if (kind === undefined || kind === 'jump' || kind === 'goto' || kind === 'call' || kind === 'exit')
      return undefined;
    const touches = (((registersRead(i) | registersWritten(i)) >> load.dst) & 1) === 1;
    if (!touches || isUp) replacement.push(i);
    if (!touches) continue;
    if (isUp) return i.op === ARSH64_K && i.imm >= 32 ? { count: p + 1 - at, replacement } : undefined;
    if (i.op !== LSH64_K || i.imm !== 32) return undefined;
    isUp = true;
  }
  return undefined;
};

/** `if x == 0 goto L; ...; L: x = y`, where `y` may be 0: behind it. What set `y` before may then be needless. */
const skippedZero: Rule = (insns, at) => {
  const test = insns[at]!;
  if (test.op !== JEQ_K || test.imm !== 0 || test.off <= 0) return undefined;
  const slots = slotOffsets(insns);
  const target = indexOfSlot(slots, slots[at + 1]! + test.off);
  const there = target === undefined ? undefined : insns[target];
  if (target === undefined || there?.dst !== test.dst || target - at > LONGEST_ARM) return undefined;
  const sets =
    (there.op === MOV64_X && there.off === 0) || ([MOV64_K, MOV32_K].includes(there.op) && there.imm === 0);
  if (!sets) return undefined;
  return {
    count: target + 1 - at,
    replacement: [{ ...test, off: test.off + 1 }, ...insns.slice(at + 1, target + 1)],
  };
};

const RULES: readonly Rule[] = [
  maskedShift,
  counter,
  shortConstant,
  lowHalf,
  constantTest,
  bitTest,
  storedConstant,
  signedHalf,
  storedChoice,
  zeroLate,
  skippedZero,
];

/** All places where a rule fits, last first; they may overlap. Those of one place: what saves most first. */
export function peepholes(program: Program, target: Target): Peephole[] {
  const { insns } = program;
  const targets = jumpTargets(insns);
  /** First and last instruction that jumps to a place. */
  const entered = new Map<number, [first: number, last: number]>();
  for (const [from, to] of targets.entries())
    if (to !== undefined) entered.set(to, [entered.get(to)?.[0] ?? from, from]);
  const isEntered = (p: number, start: number, end: number): boolean => {
    const [first, last] = entered.get(p) ?? [start, start];
    return first < start || last >= end;
  };
  const found: (Peephole & { saved: number })[] = [];
  for (let at = insns.length - 1; at >= 0; at--) {
    const here = RULES.flatMap((rule) => {
      const made = rule(insns, at);
      if (made === undefined || !made.replacement.every((i) => isAllowed(i, target))) return [];
      const end = at + made.count;
      for (let p = at; p < end; p++)
        if (pinOf(program, p) !== undefined || (p > at && isEntered(p, at, end))) return [];
      const old = insns.slice(at, end);
      const moved = old.at(-1)!;
      const saved = sizeInSlots(old) - sizeInSlots(made.replacement);
      // A jump backwards at the end has come nearer.
      const last = made.replacement.at(-1)!;
      if (specOf(moved)?.kind === 'jump' && moved.off < 0)
        made.replacement[made.replacement.length - 1] = { ...last, off: last.off + saved };
      return [{ window: { start: at, end }, replacement: made.replacement, saved }];
    });
    found.push(...here.sort((a, b) => b.saved - a.saved));
  }
  return found;
}

function isAllowed(i: Insn, target: Target): boolean {
  const spec: OpSpec | undefined = specOf(i);
  return spec !== undefined && allowed(spec, target);
}
