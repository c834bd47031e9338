/**
 * Instructions to text, in the syntax of the kernel verifier's log (kernel/bpf/disasm.c, Linux 6.18).
 *
 * The kernel's text does not say everything; where it cannot be read back, this differs:
 * - `ld_imm64` of a number ends in `ll`, as clang writes it: `r1 = 0x5 ll` (the kernel's `r1 = 0x5` is also a
 *   mov);
 * - other `ld_imm64`: bpftool's `map[id:3]` (the number in `imm`), `map[id:3][0]+8`, `map[idx:3]`,
 *   `map[idx:3]+8`, `subprog[+5]`, and `btf[id:7]` or `btf[id:7][fd:3]`; with a name table `map[counters]`,
 *   `map[counters][0]+8`;
 * - a kernel function has its name, where it is known, before its number: `call kernel-function
 *   bpf_iter_new#77`, and one of a module shows its `off`: `call kernel-function#77 off:2`;
 * - whatever `fieldError` refuses is `.insn opcode, dst, src, off, imm, immHi` with numbers.
 */

import { ALU_SYMBOL, JUMP_SYMBOL, LOCK_SYMBOL, memoryType, mnemonicOf } from './asm/syntax.ts';
import { fieldError } from './fields.ts';
import { slotOffsets } from './flow.ts';
import { type Insn, imm64, PseudoLd } from './insn.ts';
import { type AluOp, type AtomicOp, type OpSpec, specOf } from './semantics.ts';

/** Names for the numbers in instructions; what a function does not know stays a number. */
export interface Names {
  /** Helper by its number, e.g. `bpf_map_lookup_elem`. */
  helper?(id: number): string | undefined;
  /** Map by the number in an `ld_imm64` of kind MAP_FD or MAP_VALUE. */
  map?(index: number): string | undefined;
  /** Kernel function that an instruction calls: its number is only known to the kernel. */
  kernelFunction?(i: Insn): string | undefined;
}

export interface DisassembleOptions {
  names?: Names;
  /** Print the slot number before each instruction, as the kernel does. Default true. */
  slots?: boolean;
  /** Print the opcode byte, `(b7)`, as the kernel does. Default false. */
  opcodes?: boolean;
}

/**
 * One line per instruction, each ending in a newline. `assemble` reads it back, with or without the prefixes.
 */
export function disassemble(insns: readonly Insn[], options: DisassembleOptions = {}): string {
  const { names = {}, slots = true, opcodes = false } = options;
  const offsets = slotOffsets(insns);
  return insns
    .map((i, index) => {
      const slot = slots ? `${offsets[index]}: ` : '';
      const opcode = opcodes ? `(${i.op.toString(16).padStart(2, '0')}) ` : '';
      return `${slot}${opcode}${formatInsn(i, names)}\n`;
    })
    .join('');
}

/** Text of one instruction, without slot number. */
export function formatInsn(i: Insn, names: Names = {}): string {
  const spec = specOf(i);
  if (spec === undefined || fieldError(i) !== undefined) return raw(i);
  return format(i, spec, names);
}

function raw(i: Insn): string {
  const op = `0x${i.op.toString(16).padStart(2, '0')}`;
  return `.insn ${[op, i.dst, i.src, i.off, i.imm, i.immHi].join(', ')}`;
}

function plus(n: number): string {
  return n < 0 ? `${n}` : `+${n}`;
}

function named(name: string | undefined): string {
  return name === undefined ? '' : ` ${name}`;
}

function hex(n: bigint): string {
  return `0x${n.toString(16)}`;
}

function format(i: Insn, spec: OpSpec, names: Names): string {
  const dst = `r${i.dst}`;
  const src = `r${i.src}`;
  switch (spec.kind) {
    case 'alu':
      return alu(i, spec);
    case 'ldimm64':
      return `${dst} = ${wide(i, names)}`;
    case 'load': {
      const memory = `(${memoryType(spec.size, spec.signed)} *)(${src} ${plus(i.off)})`;
      return spec.acquire ? `${dst} = load_acquire(${memory})` : `${dst} = *${memory}`;
    }
    case 'store': {
      const memory = `(${memoryType(spec.size, false)} *)(${dst} ${plus(i.off)})`;
      const value = spec.operand === 'X' ? src : `${i.imm}`;
      return spec.release ? `store_release(${memory}, ${value})` : `*${memory} = ${value}`;
    }
    case 'atomic':
      return atomic(i, spec);
    case 'ldabs':
      return `r0 = *(${memoryType(spec.size, false)} *)skb[${spec.indirect ? `${src} + ` : ''}${i.imm}]`;
    case 'jump': {
      const r = spec.width === 32 ? 'w' : 'r';
      const value = spec.operand === 'X' ? `${r}${i.src}` : `0x${(i.imm >>> 0).toString(16)}`;
      return `if ${r}${i.dst} ${JUMP_SYMBOL[mnemonicOf(spec)]} ${value} goto pc${plus(i.off)}`;
    }
    case 'goto':
      return spec.distance === 'imm' ? `gotol pc${plus(i.imm)}` : `goto pc${plus(i.off)}`;
    case 'maygoto':
      return `may_goto pc${plus(i.off)}`;
    case 'call':
      if (spec.target === 'local') return `call pc${plus(i.imm)}`;
      if (spec.target === 'helper') return `call ${names.helper?.(i.imm) ?? 'unknown'}#${i.imm}`;
      return `call kernel-function${named(names.kernelFunction?.(i))}#${i.imm}${i.off === 0 ? '' : ` off:${i.off}`}`;
    case 'exit':
      return 'exit';
    case 'cast':
      return `${dst} = addr_space_cast(${src}, ${i.imm >>> 16}, ${i.imm & 0xffff})`;
  }
}

function alu(i: Insn, spec: AluOp): string {
  const r = spec.width === 32 ? 'w' : 'r';
  const dst = `${r}${i.dst}`;
  const mnemonic = mnemonicOf(spec);
  if (mnemonic === 'neg') return `${dst} = -${dst}`;
  if (spec.operand === 'none') return `${dst} = ${mnemonic} ${dst}`;
  if (mnemonic.startsWith('movsx')) return `${dst} = (s${mnemonic.slice('movsx'.length)})${r}${i.src}`;
  return `${dst} ${ALU_SYMBOL[mnemonic]} ${spec.operand === 'X' ? `${r}${i.src}` : i.imm}`;
}

function atomic(i: Insn, spec: AtomicOp): string {
  const memory = `(${memoryType(spec.size, false)} *)(r${i.dst} ${plus(i.off)})`;
  const mnemonic = mnemonicOf(spec);
  if (spec.result === 'none') return `lock *${memory} ${LOCK_SYMBOL[mnemonic]} r${i.src}`;
  const name = `atomic${spec.size === 8 ? '64' : ''}_${mnemonic}`;
  return spec.result === 'r0'
    ? `r0 = ${name}(${memory}, r0, r${i.src})`
    : `r${i.src} = ${name}(${memory}, r${i.src})`;
}

function wide(i: Insn, names: Names): string {
  const map = names.map?.(i.imm) ?? `id:${i.imm}`;
  switch (i.src) {
    case PseudoLd.MAP_FD:
      return `map[${map}]`;
    case PseudoLd.MAP_VALUE:
      return `map[${map}][0]${plus(i.immHi)}`;
    case PseudoLd.MAP_IDX:
      return `map[idx:${i.imm}]`;
    case PseudoLd.MAP_IDX_VALUE:
      return `map[idx:${i.imm}]${plus(i.immHi)}`;
    case PseudoLd.BTF_ID:
      return `btf[id:${i.imm}]${i.immHi === 0 ? '' : `[fd:${i.immHi}]`}`;
    case PseudoLd.FUNC:
      return `subprog[${plus(i.imm)}]`;
    default:
      return `${hex(imm64(i))} ll`;
  }
}
