/**
 * Text to instructions: reads all that `disassemble` prints, the kernel verifier's log lines, lines of
 * `llvm-objdump -d` (by their raw bytes: its text says less, e.g. `call 5` for a local call), and what people
 * write by hand:
 *
 *     ; a line that starts with ; is a comment, and what stands behind // or a free-standing #
 *     r1 = 5; r2 = r1                ; separates instructions
 *     start:                         a label, alone or before an instruction
 *     if r1 s> 5 goto out            distances: a label, pc+3, or +3
 *     r2 = 0x1122334455667788 ll     64-bit immediates end in ll
 *     call bpf_map_lookup_elem       by number (#1) or by a name that the options know
 *     call subprog                   a label: a local call
 *     r3 = subprog[callback]         a label: a function's address
 *
 * Steps: 1 each line to an instruction and what it still refers to; 2 labels to slots; 3 distances filled in.
 */
import { decode } from '../codec.ts';
import { slotOffsets } from '../flow.ts';
import { type Insn, insn, OP_CALL, OP_EXIT, OP_JA, OP_JA32, OP_JCOND, PseudoCall } from '../insn.ts';
import { opNamed } from '../semantics.ts';
import { AsmError, statements, type Token, TokenReader } from './lexer.ts';
import type { AssembleOptions } from './options.ts';
import {
  readAssignment,
  readLock,
  readRaw,
  readRegister,
  readStore,
  readStoreRelease,
} from './statements.ts';
import { invert, JUMP_SYMBOL } from './syntax.ts';

export { AsmError } from './lexer.ts';

/** A name whose meaning is only known once all labels are. */
interface PendingLabel {
  name: string;
  token: Token;
  field: 'off' | 'imm';
  /** A `call` of a name: a helper when no label has that name. */
  call: boolean;
}
interface Item {
  i: Insn;
  line: number;
  pending?: PendingLabel;
}

const JUMP_BY_SYMBOL = invert(JUMP_SYMBOL);
const S16 = [-0x8000n, 0x7fffn] as const;
const S32 = [-0x8000_0000n, 0x7fff_ffffn] as const;

/** @throws AsmError with line and column */
export function assemble(text: string, options: AssembleOptions = {}): Insn[] {
  const items: Item[] = [];
  const labels = new Map<string, number>();
  for (const [n, line] of text.split('\n').entries()) {
    const listed = listedInsn(line);
    if (listed !== undefined) {
      items.push({ i: listed, line: n + 1 });
      continue;
    }
    const define = (name: string, column: number): void => {
      if (labels.has(name)) throw new AsmError(`label ${name} is defined twice`, n + 1, column);
      labels.set(name, items.length);
    };
    const copy = COPIED_NAME.exec(line)?.[1];
    if (copy !== undefined) {
      define(copy, 1);
      continue;
    }
    for (const piece of statements(line)) {
      const reader = new TokenReader(piece, n + 1);
      while (reader.next.kind === 'word' && reader.afterNext.text === ':') {
        const token = reader.take();
        define(token.text, token.column);
        reader.expect(':');
      }
      if (reader.done) continue;
      items.push(statement(reader, options));
      if (!reader.done) reader.fail(`${JSON.stringify(reader.next.text)} after the end of the instruction`);
    }
  }
  const offsets = slotOffsets(items.map((item) => item.i));
  return items.map((item, index) => link(item, index, offsets, labels, options));
}

/** The label of a function whose name others have too, with its section and place: `helper@.text+0xf8:`. */
const COPIED_NAME = /^\s*([A-Za-z_.$][\w.$]*@\S+):\s*$/;

/** Slot number, then the 8 or 16 bytes of an instruction, as llvm-objdump prints them. */
const LISTING = /^\s*\d+:\s+((?:[0-9a-f]{2} ){7}[0-9a-f]{2}(?: (?:[0-9a-f]{2} ){7}[0-9a-f]{2})?)\s/;

function listedInsn(line: string): Insn | undefined {
  const hex = LISTING.exec(line)?.[1];
  if (hex === undefined) return undefined;
  const decoded = decode(Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16)));
  return decoded.ok && decoded.insns.length === 1 ? decoded.insns[0] : undefined;
}

function link(
  item: Item,
  index: number,
  offsets: Int32Array,
  labels: ReadonlyMap<string, number>,
  options: AssembleOptions,
): Insn {
  const { i, pending, line } = item;
  if (pending === undefined) return i;
  const { name, token, field, call } = pending;
  const target = labels.get(name);
  if (target === undefined) {
    const helper = call ? options.helper?.(name) : undefined;
    if (helper !== undefined) return { ...i, src: PseudoCall.HELPER, imm: helper };
    const what = call ? 'is neither a label nor a known helper' : 'is not a label of this text';
    throw new AsmError(`${name} ${what}`, line, token.column);
  }
  const distance = offsets[target]! - (offsets[index]! + 1);
  if (field === 'off' && (distance < S16[0] || distance > S16[1]))
    throw new AsmError(`${name} is ${distance} slots away, too far for 16 bits`, line, token.column);
  return { ...i, [field]: distance };
}

function statement(r: TokenReader, options: AssembleOptions): Item {
  const { line } = r;
  if (r.accept('exit')) return { i: insn(OP_EXIT), line };
  if (r.accept('goto')) return jump(r, insn(OP_JA), 'off');
  if (r.accept('gotol')) return jump(r, insn(OP_JA32), 'imm');
  if (r.accept('may_goto')) return jump(r, insn(OP_JCOND), 'off');
  if (r.accept('if')) return condition(r);
  if (r.accept('call')) return call(r);
  if (r.accept('lock')) return { i: readLock(r), line };
  if (r.accept('store_release')) return { i: readStoreRelease(r), line };
  if (r.accept('.insn')) return { i: readRaw(r), line };
  if (r.next.text === '*') return { i: readStore(r), line };
  const { insn: i, callee } = readAssignment(r, options);
  if (callee === undefined) return { i, line };
  return { i, line, pending: { name: callee.text, token: callee, field: 'imm', call: false } };
}

/** `pc+3`, `+3` or a label, into `field`. */
function jump(r: TokenReader, i: Insn, field: 'off' | 'imm'): Item {
  const { line } = r;
  const [low, high] = field === 'off' ? S16 : S32;
  const signed = (token: Token) => token.text === '+' || token.text === '-';
  if (r.next.text === 'pc' && signed(r.afterNext)) r.take();
  if (signed(r.next)) return { i: { ...i, [field]: Number(r.integer('distance', low, high)) }, line };
  const token = r.next;
  const name = r.word('a label or a distance like pc+3');
  return { i, line, pending: { name, token, field, call: false } };
}

function condition(r: TokenReader): Item {
  const dst = readRegister(r);
  const symbol = r.take();
  const mnemonic = JUMP_BY_SYMBOL.get(symbol.text);
  if (mnemonic === undefined) r.fail(`${JSON.stringify(symbol.text)} is not a comparison`, symbol);
  let i: Insn;
  if (r.next.kind === 'word') {
    const src = readRegister(r, dst.width);
    i = insn(opNamed(`${mnemonic}${dst.width}.x`).op, dst.number, src.number);
  } else {
    // The verifier prints the 32 bits of the immediate as unsigned, so both readings are accepted.
    const imm = Number(r.integer('immediate', S32[0], 0xffff_ffffn));
    i = insn(opNamed(`${mnemonic}${dst.width}.k`).op, dst.number, 0, 0, imm);
  }
  r.expect('goto');
  return jump(r, i, 'off');
}

/** `call name#7`, `call #7`, `call 7`, `call kernel-function [name]#7 [off:2]`, `call pc+3`, `call label`. */
function call(r: TokenReader): Item {
  const { line } = r;
  const first = r.next;
  const after = r.afterNext.text;
  if (first.text === 'pc' && (after === '+' || after === '-'))
    return jump(r, insn(OP_CALL, 0, PseudoCall.LOCAL), 'imm');
  if (first.kind === 'word' && first.text !== 'kernel-function' && after !== '#') {
    r.take();
    const pending: PendingLabel = { name: first.text, token: first, field: 'imm', call: true };
    return { i: insn(OP_CALL, 0, PseudoCall.LOCAL), line, pending };
  }
  if (first.kind === 'word') r.take();
  // Its name is for the reader: instructions have the number only.
  if (first.text === 'kernel-function' && r.next.kind === 'word') r.take();
  r.accept('#');
  const imm = Number(r.integer('number of a helper or kernel function', S32[0], S32[1]));
  if (first.text !== 'kernel-function') return { i: insn(OP_CALL, 0, PseudoCall.HELPER, 0, imm), line };
  let off = 0;
  if (r.accept('off')) {
    r.expect(':');
    off = Number(r.integer('offset', S16[0], S16[1]));
  }
  return { i: insn(OP_CALL, 0, PseudoCall.KFUNC, off, imm), line };
}
