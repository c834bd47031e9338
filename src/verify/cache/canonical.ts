/**
 * Canonical form of a candidate: what cannot matter is removed, so that candidates that differ only there
 * share a verdict.
 */
import { registersRead, registersWritten } from '../../isa/effects.ts';
import { type Insn, isNop } from '../../isa/insn.ts';
import { opcode, specOf } from '../../isa/semantics.ts';

const MOV64_X = opcode('mov64.x');

/**
 * Without NOPs and, in straight-line code, without register computations that nobody reads.
 * @param live mask of registers that are read after the window
 */
export function canonical(insns: readonly Insn[], live: number): readonly Insn[] {
  const code = insns.some(isRealJump) ? insns : insns.filter((i) => !isNop(i));
  if (code.some(isControl)) return code;
  const kept: Insn[] = [];
  let needed = live;
  for (let n = code.length - 1; n >= 0; n--) {
    const i = code[n]!;
    const written = registersWritten(i);
    const kind = specOf(i)?.kind;
    const pure = kind === 'alu' || kind === 'ldimm64';
    const isSelfMove = i.op === MOV64_X && i.off === 0 && i.dst === i.src;
    if (pure && i.dst < 10 && ((written & needed) === 0 || isSelfMove)) continue;
    needed = (needed & ~written) | registersRead(i);
    kept.push(i);
  }
  return kept.reverse();
}

function isControl(i: Insn): boolean {
  const kind = specOf(i)?.kind;
  return (
    kind === undefined ||
    kind === 'jump' ||
    kind === 'goto' ||
    kind === 'exit' ||
    kind === 'maygoto' ||
    kind === 'call'
  );
}

function isRealJump(i: Insn): boolean {
  const kind = specOf(i)?.kind;
  return kind === 'jump' || kind === 'maygoto' || (kind === 'goto' && !isNop(i));
}

/** Instructions as text that is equal exactly when they are. */
export function codeKey(insns: readonly Insn[]): string {
  let key = '';
  for (const i of insns) key += `${i.op},${i.dst},${i.src},${i.off},${i.imm},${i.immHi};`;
  return key;
}
