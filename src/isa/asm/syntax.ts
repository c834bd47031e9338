/**
 * The spelling of each operation in the kernel verifier's text (kernel/bpf/disasm.c), keyed by the first part
 * of the semantics rows' names. Shared by the disassembler and the assembler.
 */
import type { Bytes, OpSpec } from '../semantics.ts';

/** Two-operand ALU: `r1 += r2`. */
export const ALU_SYMBOL: Readonly<Record<string, string>> = {
  add: '+=',
  sub: '-=',
  mul: '*=',
  div: '/=',
  sdiv: 's/=',
  mod: '%=',
  smod: 's%=',
  or: '|=',
  and: '&=',
  xor: '^=',
  lsh: '<<=',
  rsh: '>>=',
  arsh: 's>>=',
  mov: '=',
};

/** `if r1 == r2 goto`. */
export const JUMP_SYMBOL: Readonly<Record<string, string>> = {
  jeq: '==',
  jne: '!=',
  jgt: '>',
  jge: '>=',
  jlt: '<',
  jle: '<=',
  jset: '&',
  jsgt: 's>',
  jsge: 's>=',
  jslt: 's<',
  jsle: 's<=',
};

/** `lock *(u64 *)(r1 +0) += r2`. */
export const LOCK_SYMBOL: Readonly<Record<string, string>> = { add: '+=', or: '|=', and: '&=', xor: '^=' };

/** Letter of a size in the rows' names. */
export const SIZE_LETTER: Readonly<Record<Bytes, string>> = { 1: 'b', 2: 'h', 4: 'w', 8: 'dw' };

/** `u32`, `s8`: the C type of a memory access. */
export function memoryType(size: Bytes, signed: boolean): string {
  return `${signed ? 's' : 'u'}${size * 8}`;
}

/** How an operation is called in the text: `add`, `fetch_or`, `movsx8`, `bswap32`. */
export function mnemonicOf(spec: OpSpec): string {
  return spec.kind === 'alu' ? `${spec.mnemonic}${spec.bits ?? ''}` : spec.mnemonic;
}

export function invert(table: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(table).map(([key, value]) => [value, key]));
}
