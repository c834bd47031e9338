/**
 * Instructions as the C macros of the kernel, libbpf and the selftests (linux/filter.h): printed, and read
 * back.
 *
 * One table drives both ways. A macro is an instruction with some parts open; it prints an instruction when
 * filling its open parts from it gives that instruction again. What fits no macro is `BPF_RAW_INSN`; an
 * `ld_imm64`, `BPF_LD_IMM64_RAW_FULL`.
 */

import { AsmError } from '../asm/lexer.ts';
import { type Insn, OP_LD_IMM64, sameInsn } from '../insn.ts';
import { evaluate } from './expression.ts';
import { fill, MACROS, type Macro, type MacroNames, type Param } from './macro-table.ts';

export type { MacroNames } from './macro-table.ts';

export interface ReadMacroOptions {
  /** Number of a helper by name, e.g. `bpf_map_lookup_elem`. */
  helper?(name: string): number | undefined;
  /** Place of a member of a context, for `offsetof(struct __sk_buff, mark)`. */
  offsetOf?(struct: string, member: string): number | undefined;
}

const BY_NAME: ReadonlyMap<string, Macro> = new Map(MACROS.map((m) => [m.name, m]));

/** The macro call for one instruction, without a comma. */
export function formatMacro(i: Insn, names: MacroNames = {}): string {
  for (const m of MACROS) {
    if (!m.prints(i)) continue;
    const values = m.params.map((p) => p.get(i));
    if (!sameInsn(fill(m, values), i)) continue;
    return `${m.name}(${m.params.map((p, n) => p.print(values[n]!, names)).join(', ')})`;
  }
  throw new Error(`no macro holds ${JSON.stringify(i)}: its immHi cannot be encoded`);
}

/** One macro call per line, each with a comma, as between the braces of a `struct bpf_insn[]`. */
export function formatMacros(insns: readonly Insn[], names: MacroNames = {}): string {
  return insns.map((i) => `${formatMacro(i, names)},\n`).join('');
}

/**
 * Reads macro calls separated by commas, with C comments, over any number of lines; lines that start with `;`
 * are comments, too. `BPF_RAW_INSN` may also spell the two slots of an `ld_imm64`.
 * @throws AsmError with line and column
 */
export function readMacros(text: string, options: ReadMacroOptions = {}): Insn[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|^[ \t]*;[^\n]*/gm, (comment) =>
    comment.replace(/[^\n]/g, ' '),
  );
  const insns: Insn[] = [];
  /** An `ld_imm64` in raw form that still lacks its second slot. */
  let open = false;
  let at = 0;
  const fail = (what: string, where = at): never => {
    const before = code.slice(0, where).split('\n');
    throw new AsmError(what, before.length, before[before.length - 1]!.length + 1);
  };
  const skip = (pattern: RegExp) => {
    pattern.lastIndex = at;
    at += pattern.exec(code)?.[0].length ?? 0;
  };
  for (skip(/[\s,]+/y); at < code.length; skip(/[\s,]+/y)) {
    const start = at;
    skip(/\w*/y);
    const name = code.slice(start, at);
    const unknown = name === '' ? 'expected a macro' : `${name} is not a macro of an instruction`;
    const m = BY_NAME.get(name) ?? fail(unknown, start);
    const args = argumentsAt(code, at) ?? fail(`${name} lacks its parentheses`);
    at = args.end;
    if (args.list.length !== m.params.length)
      fail(`${name} takes ${m.params.length} arguments, found ${args.list.length}`, start);
    const i = fill(
      m,
      args.list.map((arg, n) => argumentValue(arg.text, m.params[n]!, options, (e) => fail(e, arg.at))),
    );
    if (open) {
      if (m.name !== 'BPF_RAW_INSN' || i.op !== 0 || i.dst !== 0 || i.src !== 0 || i.off !== 0)
        fail('expected the second slot of ld_imm64: BPF_RAW_INSN(0, 0, 0, 0, ...)', start);
      insns.push({ ...insns.pop()!, immHi: i.imm });
      open = false;
    } else {
      insns.push(i);
      open = m.name === 'BPF_RAW_INSN' && i.op === OP_LD_IMM64;
    }
  }
  if (open) fail('the second slot of ld_imm64 is missing');
  return insns;
}

function argumentValue(
  text: string,
  param: Param,
  options: ReadMacroOptions,
  fail: (what: string) => never,
): bigint {
  const value = evaluate(
    text,
    (name) =>
      name.startsWith('BPF_FUNC_') ? options.helper?.(name.replace('BPF_FUNC_', 'bpf_')) : undefined,
    options.offsetOf,
  );
  if (typeof value === 'string') return fail(value);
  if (param.mask !== undefined && (value & ~param.mask) !== 0n)
    fail(`${text.trim()} has bits that do not belong here`);
  if (value < param.low || value > param.high)
    fail(`${text.trim()} does not fit in ${param.low} to ${param.high}`);
  return value;
}

/** The arguments in the parentheses at `start`, each with its place, and where they end. */
function argumentsAt(
  code: string,
  start: number,
): { list: { text: string; at: number }[]; end: number } | undefined {
  let at = start;
  while (/\s/.test(code[at] ?? '')) at++;
  if (code[at] !== '(') return undefined;
  const list: { text: string; at: number }[] = [];
  let depth = 0;
  let from = at + 1;
  for (; at < code.length; at++) {
    const c = code[at]!;
    if (c === '(') depth++;
    if (c === ')') depth--;
    if ((c === ',' && depth === 1) || depth === 0) {
      const text = code.slice(from, at);
      if (text.trim() !== '' || c === ',' || list.length > 0)
        list.push({ text, at: from + (text.length - text.trimStart().length) });
      from = at + 1;
    }
    if (depth === 0) return { list, end: at + 1 };
  }
  return undefined;
}
