/** The assembler's statements other than control flow: loads, stores, atomics and everything `rN = ...`. */
import { type Insn, insn, OP_LD_IMM64, PseudoLd } from '../insn.ts';
import { type Bytes, opNamed } from '../semantics.ts';
import type { Token, TokenReader } from './lexer.ts';
import type { AssembleOptions } from './options.ts';
import { ALU_SYMBOL, invert, LOCK_SYMBOL, SIZE_LETTER } from './syntax.ts';

export interface Register {
  number: number;
  width: 32 | 64;
}
interface Memory {
  base: number;
  off: number;
  size: Bytes;
  signed: boolean;
}
/** An instruction, and the label of the function whose address it loads. */
interface ParsedAssignment {
  insn: Insn;
  callee?: Token;
}

const ALU_BY_SYMBOL = invert(ALU_SYMBOL);
const LOCK_BY_SYMBOL = invert(LOCK_SYMBOL);
const S32 = [-0x8000_0000n, 0x7fff_ffffn] as const;

/** `r0`..`r10`, or `w0`..`w10` for the lower half; `width` demands one of them. */
export function readRegister(r: TokenReader, width?: 32 | 64): Register {
  const token = r.next;
  const match = /^([rw])(\d|10)$/.exec(token.text);
  if (match === null) r.fail(`expected a register, found ${r.found()}`);
  r.take();
  const register: Register = { number: Number(match[2]), width: match[1] === 'w' ? 32 : 64 };
  if (width !== undefined && register.width !== width)
    r.fail(`expected ${width === 32 ? 'w' : 'r'}${register.number}, found ${token.text}`, token);
  return register;
}

function r64(r: TokenReader): number {
  return readRegister(r, 64).number;
}

/**
 * A 32-bit immediate. 32-bit operations also take it as an unsigned number; at 64 bits that would be another
 * value.
 */
function immediate(r: TokenReader, width: number): number {
  return Number(r.integer('immediate', S32[0], width === 64 ? S32[1] : 0xffff_ffffn)) | 0;
}

function s32(r: TokenReader, what: string): number {
  return Number(r.integer(what, S32[0], S32[1]));
}

/** `u8`..`u64`, `s8`..`s32`, and the ` *)` behind it. */
function readType(r: TokenReader): { size: Bytes; signed: boolean } {
  const token = r.next;
  const match = /^([us])(8|16|32|64)$/.exec(r.word('a type such as u32'));
  if (match === null) r.fail(`${JSON.stringify(token.text)} is not a type such as u32`, token);
  r.expect('*', ')');
  return { size: (Number(match[2]) / 8) as Bytes, signed: match[1] === 's' };
}

/** `(u32 *)(r1 +4)` */
function readMemory(r: TokenReader): Memory {
  r.expect('(');
  const type = readType(r);
  r.expect('(');
  return { ...type, ...readAddress(r) };
}

/** `r1 +4)` */
function readAddress(r: TokenReader): { base: number; off: number } {
  const base = r64(r);
  const off = r.next.text === ')' ? 0 : Number(r.integer('offset', -0x8000n, 0x7fffn));
  r.expect(')');
  return { base, off };
}

/** `lock *(u64 *)(r1 +0) += r2`, after `lock`. */
export function readLock(r: TokenReader): Insn {
  r.expect('*');
  const place = r.next;
  const m = readMemory(r);
  wordSized(r, m, place);
  const symbol = r.take();
  const mnemonic = LOCK_BY_SYMBOL.get(symbol.text);
  if (mnemonic === undefined) r.fail(`${JSON.stringify(symbol.text)} is not an atomic operation`, symbol);
  return atomic(mnemonic, m, readRegister(r).number);
}

/** `store_release((u64 *)(r1 +0), r2)`, after the name. */
export function readStoreRelease(r: TokenReader): Insn {
  r.expect('(');
  const m = unsigned(r);
  r.expect(',');
  const i = named(`store_release.${SIZE_LETTER[m.size]}`, m.base, readRegister(r).number, m.off);
  r.expect(')');
  return i;
}

/** `*(u32 *)(r1 +4) = r2` or `= 7`; clang may write the value as `w2`. */
export function readStore(r: TokenReader): Insn {
  r.expect('*');
  const m = unsigned(r);
  r.expect('=');
  const letter = SIZE_LETTER[m.size];
  if (r.next.kind !== 'word') return named(`st.${letter}`, m.base, 0, m.off, immediate(r, m.size * 8));
  const token = r.next;
  const src = readRegister(r);
  if (src.width === 32 && m.size === 8) r.fail(`a u64 is stored from r${src.number}`, token);
  return named(`stx.${letter}`, m.base, src.number, m.off);
}

/** `.insn opcode, dst, src, off, imm[, immHi]`, after `.insn`. */
export function readRaw(r: TokenReader): Insn {
  const field = (what: string, low: number, high: number, last = false) => {
    const value = Number(r.integer(what, BigInt(low), BigInt(high)));
    if (!last) r.expect(',');
    return value;
  };
  const op = field('opcode', 0, 255);
  const dst = field('dst', 0, 15);
  const src = field('src', 0, 15);
  const off = field('off', -0x8000, 0x7fff);
  const imm = field('imm', -0x8000_0000, 0xffff_ffff, true);
  const wide = r.accept(',') ? field('immHi', -0x8000_0000, op === OP_LD_IMM64 ? 0xffff_ffff : 0, true) : 0;
  return insn(op, dst, src, off, imm, wide);
}

/** `rN = ...` and `rN op= ...`. */
export function readAssignment(r: TokenReader, options: AssembleOptions): ParsedAssignment {
  if (r.next.kind === 'word' && !/^[rw](\d|10)$/.test(r.next.text))
    r.fail(`${JSON.stringify(r.next.text)} is not an instruction`);
  const place = r.next;
  const dst = readRegister(r);
  const symbol = r.take();
  const mnemonic = ALU_BY_SYMBOL.get(symbol.text);
  if (mnemonic === undefined) r.fail(`expected = or an operation such as +=, found ${quote(symbol)}`, symbol);
  if (mnemonic !== 'mov') return { insn: binary(r, mnemonic, dst) };

  const { text, kind } = r.next;
  if (text === '*') return { insn: load(r, dst, place) };
  if (text === '(') return { insn: signExtend(r, dst) };
  if (text === '-' && r.afterNext.kind === 'word') return { insn: negate(r, dst) };
  if (kind !== 'word') return { insn: constant(r, dst, place) };
  if (/^[rw](\d|10)$/.test(text)) return { insn: binary(r, 'mov', dst) };
  const swap = /^(?:be|le|bswap)(?:16|32|64)$/.test(text);
  if (swap) return { insn: byteSwap(r, dst) };
  if (text.startsWith('atomic')) return { insn: fetch(r, dst, place) };
  if (dst.width === 32) r.fail(`${quote(r.next)} needs a 64-bit register`);
  if (r.accept('load_acquire')) return { insn: loadAcquire(r, dst.number) };
  if (r.accept('addr_space_cast')) return { insn: addressCast(r, dst.number) };
  if (r.accept('map')) return { insn: mapReference(r, dst.number, options) };
  if (r.accept('btf')) return { insn: btfReference(r, dst.number) };
  if (r.accept('subprog')) return functionAddress(r, dst.number);
  r.fail(`${JSON.stringify(text)} is not a value`);
}

function quote(token: Token): string {
  return token.kind === 'end' ? 'the end of the line' : JSON.stringify(token.text);
}

function named(name: string, dst = 0, src = 0, off = 0, imm = 0): Insn {
  const spec = opNamed(name);
  return insn(spec.op, dst, src, spec.off ?? off, spec.imm ?? imm);
}

function atomic(mnemonic: string, m: Memory, src: number): Insn {
  return named(`atomic.${mnemonic}.${SIZE_LETTER[m.size]}`, m.base, src, m.off);
}

function unsigned(r: TokenReader): Memory {
  const place = r.next;
  const m = readMemory(r);
  if (m.signed) r.fail('only plain loads have a signed type', place);
  return m;
}

function wordSized(r: TokenReader, m: Memory, place: Token): void {
  if (m.signed || m.size < 4) r.fail('atomic operations work on u32 and u64', place);
}

function binary(r: TokenReader, mnemonic: string, dst: Register): Insn {
  if (r.next.kind === 'word') {
    const src = readRegister(r, dst.width).number;
    return named(`${mnemonic}${dst.width}.x`, dst.number, src);
  }
  return named(`${mnemonic}${dst.width}.k`, dst.number, 0, 0, immediate(r, dst.width));
}

/** `-r1` of `r1 = -r1` */
function negate(r: TokenReader, dst: Register): Insn {
  r.expect('-');
  sameRegister(r, dst);
  return named(`neg${dst.width}`, dst.number);
}

function sameRegister(r: TokenReader, dst: Register): void {
  const token = r.next;
  if (readRegister(r, dst.width).number !== dst.number)
    r.fail('this instruction has one register, on both sides', token);
}

/** `5`, or `0x5 ll` for the wide form. */
function constant(r: TokenReader, dst: Register, place: Token): Insn {
  const token = r.next;
  const value = r.integer('value', -(1n << 63n), (1n << 64n) - 1n);
  if (r.accept('ll')) {
    if (dst.width === 32) r.fail('a 64-bit immediate needs a 64-bit register', place);
    const low = Number(BigInt.asIntN(32, value));
    return insn(OP_LD_IMM64, dst.number, 0, 0, low, Number(BigInt.asIntN(32, value >> 32n)));
  }
  const high = dst.width === 64 ? S32[1] : 0xffff_ffffn;
  if (value < S32[0] || value > high)
    r.fail(`${value} does not fit in a signed 32-bit immediate: write "ll" after it`, token);
  return named(`mov${dst.width}.k`, dst.number, 0, 0, Number(value));
}

/** `(s8)r2` */
function signExtend(r: TokenReader, dst: Register): Insn {
  r.expect('(');
  const token = r.next;
  const match = /^s(8|16|32)$/.exec(r.word('a signed type'));
  if (match === null || (dst.width === 32 && match[1] === '32'))
    r.fail(`expected ${dst.width === 32 ? 's8 or s16' : 's8, s16 or s32'}`, token);
  r.expect(')');
  return named(`movsx${match[1]}_${dst.width}.x`, dst.number, readRegister(r, dst.width).number);
}

function byteSwap(r: TokenReader, dst: Register): Insn {
  const token = r.take();
  if (dst.width === 32) r.fail(`${token.text} needs a 64-bit register`, token);
  sameRegister(r, dst);
  return named(token.text, dst.number);
}

/** `*(u32 *)(r1 +4)` or `*(u16 *)skb[r1 + 12]`; clang may load up to 32 bits into `wN`. */
function load(r: TokenReader, dst: Register, place: Token): Insn {
  r.expect('*', '(');
  const type = readType(r);
  const letter = SIZE_LETTER[type.size];
  if (r.accept('skb')) {
    r.expect('[');
    if (dst.number !== 0 || dst.width !== 64) r.fail('packet loads go to r0', place);
    if (type.signed || type.size === 8) r.fail('packet loads are u8, u16 or u32', place);
    const indirect = r.next.kind === 'word';
    const src = indirect ? r64(r) : 0;
    if (indirect) r.accept('+');
    const i = named(`${indirect ? 'ldind' : 'ldabs'}.${letter}`, 0, src, 0, s32(r, 'packet offset'));
    r.expect(']');
    return i;
  }
  r.expect('(');
  const { base, off } = readAddress(r);
  if (type.signed && type.size === 8) r.fail('there is no s64 load', place);
  if (dst.width === 32 && (type.signed || type.size === 8))
    r.fail('this load sets all 64 bits: write rN', place);
  return named(`${type.signed ? 'ldxsx' : 'ldx'}.${letter}`, dst.number, base, off);
}

/**
 * `atomic64_fetch_add((u64 *)(r1 +0), r2)`, `atomic_xchg(...)`, `atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)`
 */
function fetch(r: TokenReader, dst: Register, place: Token): Insn {
  const token = r.take();
  const match = /^atomic(64)?_(fetch_(?:add|or|and|xor)|xchg|cmpxchg)$/.exec(token.text);
  if (match === null) r.fail(`${JSON.stringify(token.text)} is not an atomic operation`, token);
  r.expect('(');
  const where = r.next;
  const m = readMemory(r);
  wordSized(r, m, where);
  if (match[1] !== undefined && m.size !== 8) r.fail(`${token.text} works on u64`, where);
  r.expect(',');
  const compare = match[2] === 'cmpxchg';
  if (compare) {
    sameRegister(r, { number: 0, width: dst.width });
    r.expect(',');
  }
  const src = readRegister(r, dst.width).number;
  r.expect(')');
  const result = compare ? 0 : src;
  if (dst.number !== result) r.fail(`the old value goes to r${result}`, place);
  return atomic(match[2]!, m, src);
}

function loadAcquire(r: TokenReader, dst: number): Insn {
  r.expect('(');
  const m = unsigned(r);
  r.expect(')');
  return named(`load_acquire.${SIZE_LETTER[m.size]}`, dst, m.base, m.off);
}

function addressCast(r: TokenReader, dst: number): Insn {
  r.expect('(');
  const src = r64(r);
  r.expect(',');
  const to = Number(r.integer('address space', 0n, 0xffffn));
  r.expect(',');
  const from = Number(r.integer('address space', 0n, 0xffffn));
  r.expect(')');
  return named('addr_space_cast', dst, src, 0, (to << 16) | from);
}

/** `[id:3]`, `[id:3][0]+8`, `[idx:3]`, `[idx:3]+8`, `[name]`, `[name][0]+8` */
function mapReference(r: TokenReader, dst: number, options: AssembleOptions): Insn {
  r.expect('[');
  const token = r.next;
  const name = r.word('id:, idx: or the name of a map');
  const numbered = (name === 'id' || name === 'idx') && r.accept(':');
  const imm = numbered ? s32(r, 'map number') : options.map?.(name);
  if (imm === undefined)
    r.fail(
      `no map is named ${name}: define it by a line such as "; map ${name}: type 1, key 4, value 8, 16 entries"`,
      token,
    );
  r.expect(']');
  const wide = (kind: number, offset = 0) => insn(OP_LD_IMM64, dst, kind, 0, imm, offset);
  if (numbered && name === 'idx')
    return r.done ? wide(PseudoLd.MAP_IDX) : wide(PseudoLd.MAP_IDX_VALUE, s32(r, 'offset'));
  if (!r.accept('[')) return wide(PseudoLd.MAP_FD);
  r.expect('0', ']');
  return wide(PseudoLd.MAP_VALUE, s32(r, 'offset'));
}

/** `[id:7]`, `[id:7][fd:3]` */
function btfReference(r: TokenReader, dst: number): Insn {
  r.expect('[', 'id', ':');
  const imm = s32(r, 'BTF id');
  r.expect(']');
  let fd = 0;
  if (r.accept('[')) {
    r.expect('fd', ':');
    fd = s32(r, 'file descriptor');
    r.expect(']');
  }
  return insn(OP_LD_IMM64, dst, PseudoLd.BTF_ID, 0, imm, fd);
}

/** `[+5]` or `[label]` */
function functionAddress(r: TokenReader, dst: number): ParsedAssignment {
  r.expect('[');
  const callee = r.next.kind === 'word' ? r.take() : undefined;
  const imm = callee === undefined ? s32(r, 'distance') : 0;
  r.expect(']');
  return { insn: insn(OP_LD_IMM64, dst, PseudoLd.FUNC, 0, imm), callee };
}
