/** Wrong rewrites of one instruction each, of the kinds that a superoptimizer's errors have. */
import { type Insn, OP_CALL } from '../../src/isa/insn.ts';
import { OPS, opNamed, specOf } from '../../src/isa/semantics.ts';

export interface Plant {
  kind: string;
  at: number;
  insns: readonly Insn[];
}

const op = (name: string): number => opNamed(name).op;
const named = (i: Insn): string => specOf(i)?.name ?? '';
const other = (i: Insn, from: string, to: string): Insn => ({ ...i, op: op(named(i).replace(from, to)) });

/** The arrays of programs are empty in differential runs: every tail call falls through. */
const TAIL_CALL = 12;

/** What becomes of an instruction; undefined where the kind does not apply. */
const KINDS: Readonly<Record<string, (i: Insn) => Insn | undefined>> = {
  'constant off by one': (i) =>
    /^(add|mov|and|or|lsh|rsh)(32|64)\.k$/.test(named(i)) ? { ...i, imm: i.imm + 1 } : undefined,
  'compared with another number': (i) =>
    /^j\w+\.k$/.test(named(i)) && i.imm !== 0 ? { ...i, imm: i.imm ^ 1 } : undefined,
  'branch turned': (i) =>
    /^jeq/.test(named(i))
      ? other(i, 'jeq', 'jne')
      : /^jne/.test(named(i))
        ? other(i, 'jne', 'jeq')
        : undefined,
  'off by one at the edge': (i) =>
    /^jgt/.test(named(i))
      ? other(i, 'jgt', 'jge')
      : /^jge/.test(named(i))
        ? other(i, 'jge', 'jgt')
        : undefined,
  'store lost': (i) =>
    specOf(i)?.kind === 'store' ? { ...i, op: op('mov64.x'), dst: 0, src: 0, off: 0, imm: 0 } : undefined,
  'half stored': (i) => (/^stx?\.w$/.test(named(i)) ? other(i, '.w', '.h') : undefined),
  'half loaded': (i) =>
    /^ldx\.[wh]$/.test(named(i)) ? { ...i, op: op(named(i) === 'ldx.w' ? 'ldx.h' : 'ldx.b') } : undefined,
  'next byte loaded': (i) => (named(i) === 'ldx.b' ? { ...i, off: i.off + 1 } : undefined),
  'upper half dropped': (i) =>
    /^(add|mov|and|or|xor|lsh|rsh)64\.[kx]$/.test(named(i)) &&
    OPS.some((r) => r.name === named(i).replace('64', '32'))
      ? other(i, '64', '32')
      : undefined,
  'another register': (i) =>
    /^(add|mov|or|xor)64\.x$/.test(named(i)) ? { ...i, src: (i.src + 1) % 10 } : undefined,
  'call left out': (i) =>
    i.op === OP_CALL && i.src === 0 && i.imm !== TAIL_CALL
      ? { ...i, op: op('mov64.k'), dst: 0, src: 0, imm: 0 }
      : undefined,
};

/** Every wrong version of a program that differs in one instruction. */
export function* plants(insns: readonly Insn[]): Generator<Plant> {
  for (const [kind, change] of Object.entries(KINDS))
    for (const [at, i] of insns.entries()) {
      const wrong = change(i);
      if (wrong !== undefined) yield { kind, at, insns: insns.with(at, wrong) };
    }
}
