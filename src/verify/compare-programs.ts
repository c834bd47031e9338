/**
 * Two versions of a program, compared by proof. The cheapest way that decides comes first:
 *
 *   a, b --align--> one range differs --as a window--> proven?
 *                   else, or not:      both as whole programs --> equivalent, or different with an input that
 *                                      shows it
 *                   the same instructions run, elsewhere (traces)
 *                   neither (a loop, values final at load time): every range, one by one, as a window of the
 *                     program so far
 *
 * What is proven for every range is proven for the program, since each step ends in a program equivalent to
 * the last.
 */

import { align, type Hunk } from '../base/align.ts';
import { UserError } from '../base/errors.ts';
import { encode } from '../isa/codec.ts';
import { formatInsn } from '../isa/disasm.ts';
import { EditError } from '../isa/edit.ts';
import { referenceOf, slotOffsets } from '../isa/flow.ts';
import type { Insn } from '../isa/insn.ts';
import { withCommonMaps } from '../program/common-maps.ts';
import { replaceRange } from '../program/edit.ts';
import type { Program } from '../program/program.ts';
import { bisimilar } from './bisimulation.ts';
import { deepDifference, whyIncomparable } from './program.ts';
import type { Verdict, Window } from './types.ts';
import type { WindowVerifier } from './window.ts';

/** What was proven: the program as a whole, the one range that differs, or all ranges one by one. */
export type Scope = 'program' | 'window' | 'windows';

export interface VersionComparison {
  scope: Scope;
  verdict: Verdict;
  /** Ranges that differ, in instructions of the first. */
  ranges: readonly Window[];
}

/** Jumps and local calls are compared without their distance, which changes when code between moves. */
function keyOf(i: Insn): string {
  const reference = referenceOf(i);
  return formatInsn(reference === undefined ? i : { ...i, [reference.field]: 0 });
}

export function compareVersions(
  first: Program,
  second: Program,
  verifier: WindowVerifier,
): VersionComparison {
  const common = withCommonMaps(first, second);
  const { a, b } = common.ok ? common : { a: first, b: second };
  const apart = whyIncomparable(a, b);
  if (apart !== undefined)
    return { scope: 'program', verdict: { kind: 'unknown', reason: apart, ms: 0 }, ranges: [] };
  const hunks = align(a.insns.map(keyOf), b.insns.map(keyOf)).filter((h) => h.kind === 'changed');
  const ranges = hunks.map((h) => h.a);
  const stepwise = (): Verdict => inSteps(a, b, hunks, verifier);
  if (hunks.length === 0 && sameCode(a, b)) return { scope: 'program', verdict: stepwise(), ranges };
  if (bisimilar(a, { ...b, maps: a.maps })) {
    const verdict: Verdict = { kind: 'equivalent', how: 'identical', ms: 0 };
    return { scope: 'program', verdict, ranges };
  }
  if (hunks.length === 1) {
    const verdict = stepwise();
    if (verdict.kind === 'equivalent') return { scope: 'window', verdict, ranges };
  }
  const verdict = shown(a, b, verifier.checkPrograms(a, b));
  if (verdict.kind !== 'unknown') return { scope: 'program', verdict, ranges };
  const steps = stepwise();
  if (steps.kind === 'equivalent') return { scope: 'windows', verdict: steps, ranges };
  // A range that differs need not matter to the program.
  const why = steps.kind === 'different' ? `a difference in ${steps.where}` : steps.reason;
  const reason = `${verdict.reason}; range by range: ${why}`;
  return { scope: 'program', verdict: { kind: 'unknown', reason, ms: verdict.ms + steps.ms }, ranges };
}

/** Tests that are tried before a difference that no input shows is left open. */
const DEEP_TESTS = 1024;

/**
 * A difference counts when an input shows it: the accesses of equivalent programs may differ in ways that are
 * not understood.
 */
function shown(a: Program, b: Program, verdict: Verdict): Verdict {
  if (verdict.kind === 'equivalent' || (verdict.kind === 'different' && verdict.counterexample !== undefined))
    return verdict;
  const found = deepDifference(a, b, DEEP_TESTS);
  if (found !== undefined) return { kind: 'different', ...found, ms: verdict.ms };
  if (verdict.kind === 'unknown') return verdict;
  return {
    kind: 'unknown',
    reason: `no input was found that shows a difference, but: ${verdict.where}`,
    ms: verdict.ms,
  };
}

function sameCode(a: Program, b: Program): boolean {
  return Buffer.compare(encode(a.insns), encode(b.insns)) === 0;
}

function inSteps(a: Program, b: Program, hunks: readonly Hunk[], verifier: WindowVerifier): Verdict {
  let current = a;
  let [shift, ms] = [0, 0];
  let how: Extract<Verdict, { kind: 'equivalent' }>['how'] = 'identical';
  const unknown = (reason: string): Verdict => ({ kind: 'unknown', reason, ms });
  for (const h of hunks) {
    const window = { start: h.a.start + shift, end: h.a.end + shift };
    const replacement = b.insns.slice(h.b.start, h.b.end);
    const verdict = verifier.check(current, window, replacement);
    ms += verdict.ms;
    const where = `instructions ${h.a.start} to ${h.a.end} of the first`;
    if (verdict.kind === 'different') return { ...verdict, where: `${where}: ${verdict.where}`, ms };
    if (verdict.kind === 'unknown') return unknown(`${where}: ${verdict.reason}`);
    if (verdict.how === 'solver' || how === 'identical') how = verdict.how;
    try {
      current = replaceRange(current, window.start, window.end, replacement);
    } catch (e) {
      if (e instanceof EditError) return unknown(`${where}: ${e.message}`);
      throw e;
    }
    shift += h.b.end - h.b.start - (h.a.end - h.a.start);
  }
  if (!sameCode(current, b)) return unknown('the two could not be aligned: jumps go elsewhere');
  if (pins(current) !== pins(b)) return unknown('values that are final at load time stand elsewhere');
  return { kind: 'equivalent', how, ms };
}

/** Where the instructions with load-time values are, as text. */
function pins(p: Program): string {
  return p.origin.flatMap((o, at) => (p.pinned.has(o) ? [`${at}: ${p.pinned.get(o)}`] : [])).join('\n');
}

/**
 * One range of the first version against what stands there in the second.
 * @param slots first slot, and the one behind the last, as `k2 disasm` numbers them
 * @throws UserError when there is no such range, or the programs differ elsewhere too
 */
export function compareWindow(
  a: Program,
  b: Program,
  slots: { start: number; end: number },
  verifier: WindowVerifier,
): VersionComparison {
  const offsets = slotOffsets(a.insns);
  const [start, end] = [slots.start, slots.end].map((s) => offsets.indexOf(s)) as [number, number];
  const last = offsets[a.insns.length];
  if (start < 0 || end < 0 || start > end)
    throw new UserError(
      `${slots.start}..${slots.end} is no range of whole instructions.`,
      `--window, ${a.name}`,
      `Its slots go from 0 to ${last}; see \`k2 disasm\`.`,
    );
  const replacement = b.insns.slice(start, b.insns.length - (a.insns.length - end));
  const window = { start, end };
  let other: Program | undefined;
  try {
    other = replaceRange(a, start, end, replacement);
  } catch (e) {
    if (!(e instanceof EditError)) throw e;
  }
  if (other === undefined || !sameCode(other, b))
    throw new UserError(
      'the two programs also differ outside of this range.',
      `--window, ${a.name}`,
      'Leave --window out, or give a wider one.',
    );
  return { scope: 'window', verdict: verifier.check(a, window, replacement), ranges: [window] };
}
