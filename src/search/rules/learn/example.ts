/**
 * A rewrite that somebody found, cut down to what it is about.
 *
 *   before and after --1 straight code only--> --2 without what both begin and end with--> Example
 */
import { assemble } from '../../../isa/asm/asm.ts';
import { registersRead, registersWritten } from '../../../isa/effects.ts';
import { type Insn, isNop, R10, sameInsn, sizeInSlots } from '../../../isa/insn.ts';
import { specOf } from '../../../isa/semantics.ts';
import { usesSource } from '../../edit.ts';

export interface Example {
  before: readonly Insn[];
  after: readonly Insn[];
}

/** Longer ones are about their program. */
const LONGEST = 6;
const STRAIGHT: ReadonlySet<string | undefined> = new Set(['alu', 'load', 'store', 'ldimm64']);

/** Undefined for what is no straight code, or saves nothing. */
export function exampleOf(before: readonly string[], after: readonly string[]): Example | undefined {
  const [b, a] = [read(before), read(after)];
  return b && a && trimmed({ before: b, after: a });
}

/** Text of a rewrite's record; undefined where it names what only its program knows (maps, helpers). */
function read(lines: readonly string[]): Insn[] | undefined {
  try {
    return assemble(lines.join('\n')).filter((i) => !isNop(i));
  } catch {
    return undefined;
  }
}

export function trimmed({ before, after }: Example): Example | undefined {
  const atomic = (i: Insn): boolean => {
    const spec = specOf(i);
    return spec?.kind === 'atomic' && spec.result === 'none';
  };
  if (![...before, ...after].every((i) => STRAIGHT.has(specOf(i)?.kind) || atomic(i))) return undefined;
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && sameInsn(before[start]!, after[start]!)) start++;
  let end = 0;
  while (end < least - start && sameInsn(before.at(-1 - end)!, after.at(-1 - end)!)) end++;
  const example = {
    before: before.slice(start, before.length - end),
    after: after.slice(start, after.length - end),
  };
  if (example.before.length === 0 || example.before.length > LONGEST) return undefined;
  return sizeInSlots(example.after) < sizeInSlots(example.before) ? example : undefined;
}

/**
 * The example with registers of the source only: one that the replacement brings in may as well be one
 * that the source writes. All ways to choose it.
 */
export function* ownRegisters({ before, after }: Example): Generator<Example> {
  const used = before.reduce((m, i) => m | registersRead(i) | registersWritten(i), 0);
  const written = before.reduce((m, i) => m | registersWritten(i), 0);
  const other = after.reduce((m, i) => m | registersWritten(i), 0) & ~used;
  if (other === 0) {
    yield { before, after };
    return;
  }
  const brought = Math.log2(other & -other);
  for (let r = 0; r < R10; r++) {
    if (((written >> r) & 1) === 0) continue;
    const instead = (n: number): number => (n === brought ? r : n);
    const renamed = after.map((i) => ({
      ...i,
      dst: instead(i.dst),
      src: usesSource(i) ? instead(i.src) : i.src,
    }));
    yield* ownRegisters({ before, after: renamed });
  }
}

/** The example without one instruction that both sides have, in each way that there is. */
export function* shorter({ before, after }: Example): Generator<Example> {
  for (const [n, i] of before.entries()) {
    const m = after.findIndex((other) => sameInsn(i, other));
    if (m < 0) continue;
    const less = trimmed({
      before: before.filter((_, p) => p !== n),
      after: after.filter((_, p) => p !== m),
    });
    if (less !== undefined) yield less;
  }
}
