/**
 * Two versions of a program, compared by proof:
 *
 *   a, b --align--> hunks --one by one, each as a window of the program so far--> verdict
 *
 * What is proven for every hunk is proven for the program, since each step ends in a program equivalent to the last.
 */
import { encode } from '../isa/codec.ts';
import { formatInsn } from '../isa/disasm.ts';
import { EditError } from '../isa/edit.ts';
import { referenceOf } from '../isa/flow.ts';
import type { Insn } from '../isa/insn.ts';
import { replaceRange } from '../program/edit.ts';
import type { Program } from '../program/program.ts';
import { align } from '../report/align.ts';
import type { Verdict, WindowVerifier } from '../verify/index.ts';

export interface Comparison {
  verdict: 'equivalent' | 'different' | 'unknown';
  reason: string;
  hunks: readonly { start: number; end: number; verdict: Verdict }[];
}

/** Jumps and local calls are compared without their distance, which changes when code between moves. */
function keyOf(i: Insn): string {
  const reference = referenceOf(i);
  return formatInsn(reference === undefined ? i : { ...i, [reference.field]: 0 });
}

export function compareVersions(a: Program, b: Program, verifier: WindowVerifier): Comparison {
  const hunks: { start: number; end: number; verdict: Verdict }[] = [];
  let current = a;
  let shift = 0;
  for (const h of align(a.insns.map(keyOf), b.insns.map(keyOf))) {
    if (h.kind === 'same') continue;
    const window = { start: h.a.start + shift, end: h.a.end + shift };
    const replacement = b.insns.slice(h.b.start, h.b.end);
    const verdict = verifier.check(current, window, replacement);
    hunks.push({ start: h.a.start, end: h.a.end, verdict });
    const where = `instructions ${h.a.start} to ${h.a.end - 1} of the first`;
    if (verdict.kind === 'different')
      return { verdict: 'different', reason: `${where}: ${verdict.where}`, hunks };
    if (verdict.kind === 'unknown')
      return { verdict: 'unknown', reason: `${where}: ${verdict.reason}`, hunks };
    try {
      current = replaceRange(current, window.start, window.end, replacement);
    } catch (e) {
      if (e instanceof EditError) return { verdict: 'unknown', reason: `${where}: ${e.message}`, hunks };
      throw e;
    }
    shift += h.b.end - h.b.start - (h.a.end - h.a.start);
  }
  if (Buffer.compare(encode(current.insns), encode(b.insns)) !== 0)
    return { verdict: 'unknown', reason: 'the two could not be aligned: jumps go elsewhere', hunks };
  return { verdict: 'equivalent', reason: '', hunks };
}
