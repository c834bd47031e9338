/**
 * Bytes of x86-64 machine code per BPF instruction, as Linux's just-in-time compiler emits it
 * (arch/x86/net/bpf_jit_comp.c, 6.18): facts about its choices, one function per kind of instruction.
 *
 *   instruction --sizeOf--> bytes; a jump's own bytes are left to the layout (layout.ts), its comparison is
 *     counted here
 */
import type { Insn } from '../../isa/insn.ts';
import { PseudoLd } from '../../isa/insn.ts';
import type { AluOp, AtomicOp, JumpOp, LoadOp, OpSpec, StoreOp } from '../../isa/opspec.ts';
import { isDivision, isShift } from '../../isa/semantics.ts';

/** What of the machine changes the code. */
export interface CpuFeatures {
  /** shlx, shrx and sarx: shifts by a register in one instruction. */
  bmi2: boolean;
}

/**
 * BPF registers in x86 registers that need a prefix byte: r8, r13, r14, r15, and r10 for the kernel's own.
 */
const EXTENDED: ReadonlySet<number> = new Set([5, 7, 8, 9, 11]);
/** Those whose lowest byte needs one, too: rdi, rsi, rbp. */
const NEEDS_BYTE_PREFIX: ReadonlySet<number> = new Set([...EXTENDED, 1, 2, 10]);
const R0 = 0;
const R3 = 3;
const R4 = 4;

const isByte = (n: number): boolean => n >= -128 && n <= 127;
const isExtended = (...registers: number[]): number => (registers.some((r) => EXTENDED.has(r)) ? 1 : 0);
/** ModRM and displacement. */
const address = (off: number): number => (isByte(off) ? 2 : 5);
/** The prefix: always for 64 bits, else for the registers that need one. */
const prefix = (width: 32 | 64, ...registers: number[]): number =>
  width === 64 ? 1 : isExtended(...registers);

/** Bytes of an instruction; of a jump, its comparison only. Exits and jumps are the layout's. */
export function sizeOf(i: Insn, spec: OpSpec, cpu: CpuFeatures): number {
  switch (spec.kind) {
    case 'alu':
      return aluSize(i, spec, cpu);
    case 'ldimm64':
      return constantSize(i);
    case 'load':
      return loadSize(i, spec);
    case 'store':
      return storeSize(i, spec);
    case 'atomic':
      return atomicSize(i, spec);
    case 'jump':
      return comparisonSize(i, spec);
    case 'call':
      return CALL;
    default:
      return 0;
  }
}

/** `call` with a 32-bit distance. */
export const CALL = 5;

/** A 64-bit move of a register to itself is left out. */
const moveRegister = (width: 32 | 64, dst: number, src: number): number =>
  width === 64 && dst === src ? 0 : 2 + prefix(width, dst, src);

/** `mov dst, imm`: the shortest of xor, 32-bit move and sign-extended move. */
function moveConstant(dst: number, imm: number, isSigned: boolean): number {
  if (isSigned && imm < 0) return 7;
  return (imm === 0 ? 2 : 5) + isExtended(dst);
}

function constantSize(i: Insn): number {
  switch (i.src) {
    case PseudoLd.IMM64:
      if (i.immHi === 0) return moveConstant(i.dst, i.imm, false);
      return i.immHi === -1 && i.imm < 0 ? 7 : 10;
    // A function's address has its upper half set.
    case PseudoLd.FUNC:
      return 7;
    default:
      return 10;
  }
}

function aluSize(i: Insn, spec: AluOp, cpu: CpuFeatures): number {
  const { width, mnemonic } = spec;
  const isConstant = spec.operand === 'K';
  if (mnemonic === 'mov')
    return isConstant ? moveConstant(i.dst, i.imm, width === 64) : moveRegister(width, i.dst, i.src);
  if (mnemonic === 'movsx') {
    if (width === 64) return spec.bits === 32 ? 3 : 4;
    const needs =
      spec.bits === 8
        ? NEEDS_BYTE_PREFIX.has(i.src) || isExtended(i.dst) === 1
        : isExtended(i.dst, i.src) === 1;
    return 3 + (needs ? 1 : 0);
  }
  if (mnemonic === 'neg') return 2 + prefix(width, i.dst);
  if (mnemonic === 'be' || mnemonic === 'bswap' || mnemonic === 'le')
    return byteOrderSize(i.dst, mnemonic, spec.bits ?? 64);
  if (isDivision(mnemonic)) return divisionSize(i, spec);
  if (isShift(mnemonic)) return shiftSize(i, spec, cpu);
  if (mnemonic === 'mul') {
    const of = prefix(width, i.dst, isConstant ? i.dst : i.src);
    return isConstant ? (isByte(i.imm) ? 3 : 6) + of : 3 + of;
  }
  return isConstant ? immediateSize(i, width) : 2 + prefix(width, i.dst, i.src);
}

/** add, sub, and, or, xor and cmp-like with a constant; rax has a form of its own. */
function immediateSize(i: Insn, width: 32 | 64): number {
  const of = prefix(width, i.dst);
  if (isByte(i.imm)) return 3 + of;
  return (i.dst === R0 ? 5 : 6) + of;
}

function byteOrderSize(dst: number, mnemonic: 'be' | 'le' | 'bswap', bits: number): number {
  const x = isExtended(dst);
  if (mnemonic === 'le') return bits === 64 ? 0 : bits === 32 ? 2 + x : 3 + x;
  if (bits === 16) return 7 + 2 * x;
  return bits === 64 ? 3 : 2 + x;
}

/**
 * rax and rdx are saved unless they take the result; the divisor goes to r11 unless it is in a free register.
 */
function divisionSize(i: Insn, { width, operand, mnemonic }: AluOp): number {
  const isRemainder = mnemonic === 'mod' || mnemonic === 'smod';
  const isSigned = mnemonic === 'sdiv' || mnemonic === 'smod';
  const saved = (i.dst === R0 ? 0 : 2) + (i.dst === R3 ? 0 : 2);
  const isMoved = operand === 'K' || i.src === R0 || i.src === R3;
  const divisor = operand === 'K' ? 7 : isMoved ? 3 : 0;
  const inR11 = isMoved ? 1 : isExtended(i.src);
  const dividend = i.dst === R0 ? 0 : moveRegister(width, R0, i.dst);
  const upper = isSigned ? (width === 64 ? 2 : 1) : 2;
  const divide = 2 + (width === 64 ? 1 : inR11);
  const from = isRemainder ? R3 : R0;
  const result = i.dst === from ? 0 : moveRegister(width, i.dst, from);
  return saved + divisor + dividend + upper + divide + result;
}

function shiftSize(i: Insn, { width, operand }: AluOp, cpu: CpuFeatures): number {
  if (operand === 'K') return (i.imm === 1 ? 2 : 3) + prefix(width, i.dst);
  if (i.src === R4) return i.dst === R4 ? 3 + 3 + 3 : 2 + prefix(width, i.dst);
  if (cpu.bmi2) return 5;
  // rcx is kept in r11, or, when it is shifted itself, shifted there.
  const around = i.dst === R4 ? 3 + 1 + 3 + 1 + 3 : 1 + 3 + 1;
  return around + 2 + (i.dst === R4 ? 1 : prefix(width, i.dst));
}

function loadSize(i: Insn, { size, signed, acquire }: LoadOp): number {
  void acquire;
  const x = isExtended(i.dst, i.src);
  const opcode = signed ? (size === 4 ? 2 : 3) : size === 4 ? 1 + x : size === 8 ? 2 : 3;
  return opcode + address(i.off);
}

function storeSize(i: Insn, { size, operand, release }: StoreOp): number {
  void release;
  const at = address(i.off);
  if (operand === 'K') {
    const x = isExtended(i.dst);
    const opcode = size === 8 ? 2 : (size === 2 ? 2 : 1) + x;
    return opcode + at + Math.min(size, 4);
  }
  const x = isExtended(i.dst, i.src);
  if (size === 1) return 1 + (x === 1 || NEEDS_BYTE_PREFIX.has(i.src) ? 1 : 0) + at;
  return (size === 8 ? 2 : (size === 2 ? 2 : 1) + x) + at;
}

/** `lock`, prefix, opcode, address. The bitwise ones that return the old value loop around cmpxchg. */
function atomicSize(i: Insn, { mnemonic, size, result }: AtomicOp): number {
  const width = size === 8 ? 64 : 32;
  const locked = (opcode: number): number => 1 + prefix(width, i.dst, i.src) + opcode + address(i.off);
  const returnsOld = result !== 'none';
  if (mnemonic === 'cmpxchg') return locked(2);
  if (mnemonic === 'xchg') return locked(1);
  if (!returnsOld) return locked(1);
  if (mnemonic.includes('add')) return locked(2);
  const load = (width === 64 ? 2 : 1 + isExtended(i.dst)) + address(i.off);
  return 3 + load + 3 + (2 + prefix(width, i.src)) + locked(2) + 2 + 3 + 3;
}

function comparisonSize(i: Insn, { width, operand, relation }: JumpOp): number {
  if (operand === 'X') return 2 + prefix(width, i.dst, i.src);
  const of = prefix(width, i.dst);
  if (relation === 'set') return 6 + of;
  if (i.imm === 0) return 2 + of;
  return (isByte(i.imm) ? 3 : 6) + of;
}
