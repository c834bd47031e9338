/**
 * The reference page of opcodes: encoding, text, meaning, first kernel. Meanings are computed over a text
 * algebra.
 */
import { formatInsn } from '../../isa/disasm.ts';
import { insn } from '../../isa/insn.ts';
import { isaName } from '../../isa/levels.ts';
import { OPS, type OpSpec } from '../../isa/semantics.ts';
import { code, head, hexByte, table, version } from './page.ts';
import { atom, textAlgebra } from './text-algebra.ts';

const [DST, SRC, IMM] = [atom('dst'), atom('src'), atom('imm')];

/** What an instruction of the row does; `mem` are the bytes at the address. */
export function meaningOf(spec: OpSpec): string {
  switch (spec.kind) {
    case 'alu': {
      const value = spec.eval(textAlgebra, DST, spec.operand === 'K' ? IMM : SRC).text;
      return `dst = ${value}`;
    }
    case 'ldimm64':
      return 'dst = 64-bit immediate, map, map value, BTF variable or function address, by src';
    case 'load':
      return `dst = ${spec.signed ? 'sign' : 'zero'}-extended ${bytes(spec.size)} at src + off${spec.acquire ? ', acquire' : ''}`;
    case 'store':
      return `${bytes(spec.size)} at dst + off = ${spec.operand === 'K' ? 'imm' : 'src'}${spec.release ? ', release' : ''}`;
    case 'atomic': {
      const value = spec.eval(textAlgebra, atom('mem'), SRC, atom('r0')).text;
      const old = spec.result === 'none' ? '' : `; ${spec.result} = old mem`;
      return `mem = ${value}${old}`;
    }
    case 'ldabs':
      return `r0 = ${bytes(spec.size)} of the packet at ${spec.indirect ? 'src + imm' : 'imm'}, in network order; r1 to r5 are lost; outside of the packet the program ends`;
    case 'jump':
      return `if ${spec.eval(textAlgebra, DST, spec.operand === 'K' ? IMM : SRC).text}, jump by off slots`;
    case 'goto':
      return `jump by ${spec.distance} slots`;
    case 'maygoto':
      return "falls through until the kernel's budget for loops is used up, then jumps by off slots";
    case 'call':
      return {
        helper: 'calls helper number imm',
        local: 'calls the subprogram that starts imm slots further on',
        kfunc: 'calls the kernel function with BTF id imm',
      }[spec.target];
    case 'exit':
      return 'returns r0';
    case 'cast':
      return 'dst = src as an address of another address space (arenas)';
  }
}

function bytes(n: number): string {
  return n === 1 ? '1 byte' : `${n} bytes`;
}

/** An instruction of the row, as `k2 disasm` prints it. */
function exampleOf(spec: OpSpec): string {
  const src = spec.src ?? ('operand' in spec && spec.operand !== 'X' ? 0 : 2);
  const dst = spec.kind === 'ldabs' || spec.kind === 'exit' ? 0 : 1;
  const hasSrc = !['ldimm64', 'goto', 'maygoto', 'exit', 'call'].includes(spec.kind);
  const isPlainLoad = spec.kind === 'ldabs' && !spec.indirect;
  const usesDst = !['goto', 'maygoto', 'exit', 'call', 'ldabs'].includes(spec.kind);
  const off =
    spec.off ?? (['load', 'store', 'atomic', 'jump', 'maygoto'].includes(spec.kind) || isOff(spec) ? 8 : 0);
  const imm = spec.imm ?? (usesImm(spec) ? 1 : 0);
  return formatInsn(
    insn(spec.op, usesDst ? dst : 0, hasSrc && !isPlainLoad ? src : (spec.src ?? 0), off, imm),
  );
}

function isOff(spec: OpSpec): boolean {
  return spec.kind === 'goto' && spec.distance === 'off';
}

function usesImm(spec: OpSpec): boolean {
  if (spec.kind === 'ldimm64' || spec.kind === 'call' || spec.kind === 'ldabs' || spec.kind === 'cast')
    return true;
  if (spec.kind === 'goto') return spec.distance === 'imm';
  return 'operand' in spec && spec.operand === 'K';
}

/** The opcode byte, and the other fields that select the row. */
function encodingOf(spec: OpSpec): string {
  const fields = (['off', 'imm', 'src'] as const).flatMap((field) => {
    const value = spec[field];
    return value === undefined || (field === 'off' && value === 0) ? [] : [`${field} ${value}`];
  });
  return [hexByte(spec.op), ...fields].join(', ');
}

const GROUPS: readonly [title: string, kinds: readonly OpSpec['kind'][]][] = [
  ['Arithmetic, moves and byte order', ['alu']],
  ['Loads and stores', ['load', 'store']],
  ['Atomic operations', ['atomic']],
  ['Jumps', ['jump', 'goto', 'maygoto']],
  ['Calls and exit', ['call', 'exit']],
  ['Addresses and legacy packet loads', ['ldimm64', 'cast', 'ldabs']],
];

export function opcodesPage(): string {
  const parts = GROUPS.map(([title, kinds]) => {
    const rows = OPS.filter((spec) => kinds.includes(spec.kind)).map((spec) => [
      encodingOf(spec),
      code(spec.name),
      code(exampleOf(spec)),
      meaningOf(spec),
      isaName(spec.level),
      version(spec.linux),
    ]);
    return `## ${title}\n\n${table(['encoding', 'row', 'example', 'meaning', 'clang', 'Linux'], rows)}\n`;
  });
  const text = `
All ${OPS.length} rows of the one semantics table. Both interpreters, the symbolic executor and the abstract transfer
functions compute with these rows; the meanings below are the rows evaluated over text.

Values have the width of the row (64 or 32 bits). A 32-bit result is zero-extended into the register, and \`imm\` is
sign-extended to the width of the operation. \`s/\`, \`s%\`, \`s<\` and \`s>>\` are signed, all others unsigned. The columns
\`clang\` and \`Linux\` say which \`-mcpu\` level first emits the instruction and which Linux first accepts it.`;
  return [head('Opcodes', ['src/isa/semantics.ts'], text), ...parts].join('\n');
}
