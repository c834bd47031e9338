/** Which fields of an instruction mean something, and what is wrong with a single instruction. */
import { Class, classOf, type Insn, Mode, modeOf, OP_JCOND, PseudoLd, R10 } from './insn.ts';
import { type AluMnemonic, isDivision, isShift, OPS, type OpSpec, specOf } from './semantics.ts';

/** Fields that an instruction of a row may choose freely; all others are fixed by the row or must be zero. */
export interface Fields {
  dst: boolean;
  src: boolean;
  off: boolean;
  imm: boolean;
  immHi: boolean;
}

function fields(...names: (keyof Fields)[]): Fields {
  const used = { dst: false, src: false, off: false, imm: false, immHi: false };
  for (const name of names) used[name] = true;
  return used;
}

function freeFields(spec: OpSpec): Fields {
  switch (spec.kind) {
    case 'alu':
      if (spec.operand === 'none') return fields('dst');
      return fields('dst', spec.operand === 'X' ? 'src' : 'imm');
    case 'ldimm64':
      return fields('dst', 'src', 'imm', 'immHi');
    case 'load':
    case 'atomic':
      return fields('dst', 'src', 'off');
    case 'store':
    case 'jump':
      return fields('dst', 'off', spec.operand === 'X' ? 'src' : 'imm');
    case 'ldabs':
      return spec.indirect ? fields('src', 'imm') : fields('imm');
    case 'goto':
      return fields(spec.distance);
    case 'maygoto':
      return fields('off');
    case 'call':
      // A kernel function's `off` selects the module's BTF in fd_array.
      return spec.target === 'kfunc' ? fields('imm', 'off') : fields('imm');
    case 'exit':
      return fields();
    case 'cast':
      return fields('dst', 'src', 'imm');
  }
}

const FREE: readonly Fields[] = OPS.map(freeFields);
const OPCODES: ReadonlySet<number> = new Set(OPS.map((spec) => spec.op));

export function fieldsOf(spec: OpSpec): Fields {
  return FREE[spec.id]!;
}

/** How the kernel verifier complains of reserved fields. */
function reserved(i: Insn): string {
  return i.op === OP_JCOND ? `invalid may_goto imm ${i.imm}` : `${family(i)} uses reserved fields`;
}

/** What the kernel verifier calls the family of an instruction in that complaint. */
function family(i: Insn): string {
  const row = OPS.find((spec) => spec.op === i.op);
  switch (row?.kind) {
    case 'ldimm64':
      return 'BPF_LD_IMM64';
    case 'ldabs':
      return 'BPF_LD_[ABS|IND]';
    case 'alu':
      return ALU_FAMILY[row.mnemonic] ?? 'BPF_ALU';
    case 'goto':
      return 'BPF_JA';
    case 'call':
      return 'BPF_CALL';
    case 'exit':
      return 'BPF_EXIT';
    case 'jump':
      return 'BPF_JMP/JMP32';
    default:
      return CLASS_NAME[classOf(i.op)]!;
  }
}

const ALU_FAMILY: Partial<Record<AluMnemonic, string>> = {
  neg: 'BPF_NEG',
  le: 'BPF_END',
  be: 'BPF_END',
  bswap: 'BPF_END',
  mov: 'BPF_MOV',
};
const CLASS_NAME: Readonly<Record<number, string>> = {
  [Class.LDX]: 'BPF_LDX',
  [Class.ST]: 'BPF_ST',
  [Class.STX]: 'BPF_STX',
};

function noSuchInsn(i: Insn): string {
  const hex = (n: number) => n.toString(16).padStart(2, '0');
  if (!OPCODES.has(i.op)) {
    // The verifier looks at the mode of LDX before it looks up the opcode.
    const mode = modeOf(i.op);
    const oddLoad = classOf(i.op) === Class.LDX && mode !== Mode.MEM && mode !== Mode.MEMSX;
    return oddLoad ? reserved(i) : `unknown opcode ${hex(i.op)}`;
  }
  if (classOf(i.op) === Class.STX && modeOf(i.op) === Mode.ATOMIC) {
    const known = OPS.some((spec) => spec.kind === 'atomic' && spec.imm === i.imm);
    if (known) return 'invalid atomic operand size';
    return `BPF_ATOMIC uses invalid atomic opcode ${hex(i.imm >>> 0)}`;
  }
  return reserved(i);
}

/** Kinds of `ld_imm64` whose upper half means something. */
const WITH_UPPER_HALF: ReadonlySet<number> = new Set([
  PseudoLd.IMM64,
  PseudoLd.MAP_VALUE,
  PseudoLd.MAP_IDX_VALUE,
  PseudoLd.BTF_ID,
]);

/**
 * What makes a single instruction invalid wherever it stands: opcode, reserved fields, register numbers. In
 * the words of the kernel verifier. undefined when it is fine.
 */
export function fieldError(i: Insn): string | undefined {
  const spec = specOf(i);
  if (spec === undefined) return noSuchInsn(i);
  const free = fieldsOf(spec);
  if (free.dst && i.dst > R10) return `R${i.dst} is invalid`;
  if (spec.kind === 'ldimm64') {
    if (i.off !== 0) return 'BPF_LD_IMM64 uses reserved fields';
    const known = i.src <= PseudoLd.MAP_IDX_VALUE && (i.immHi === 0 || WITH_UPPER_HALF.has(i.src));
    return known ? undefined : 'unrecognized bpf_ld_imm64 insn';
  }
  if (free.src && i.src > R10) return `R${i.src} is invalid`;
  if (spec.kind === 'cast' && i.imm !== 1 && i.imm !== 1 << 16)
    return 'addr_space_cast insn can only convert between address space 1 and 0';
  const clean =
    (free.dst || i.dst === 0) &&
    (free.src || i.src === (spec.src ?? 0)) &&
    (free.off || i.off === (spec.off ?? 0)) &&
    (free.imm || i.imm === (spec.imm ?? 0)) &&
    (free.immHi || i.immHi === 0);
  return clean ? undefined : reserved(i);
}

/**
 * A constant operand that means something but that the kernel verifier refuses: division by the constant
 * zero, and a shift by the operand's width or more.
 */
export function constantError(i: Insn): string | undefined {
  const spec = specOf(i);
  if (spec === undefined || spec.kind !== 'alu' || spec.operand !== 'K') return undefined;
  if (isDivision(spec.mnemonic) && i.imm === 0) return 'div by zero';
  const wide = isShift(spec.mnemonic) && (i.imm < 0 || i.imm >= spec.width);
  return wide ? `invalid shift ${i.imm}` : undefined;
}
