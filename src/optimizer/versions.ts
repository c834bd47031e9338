/**
 * The proven versions of a program that a search came by, and which of them to hand out.
 *
 *   rewrites --candidatesOf--> every version on the way --ranked, or paretoFront--> the kernel check
 *     --> Version[]
 */
import { encode } from '../isa/codec.ts';
import { sizeInSlots } from '../isa/insn.ts';
import { withoutNops } from '../program/edit.ts';
import type { Program } from '../program/program.ts';
import type { AcceptedRewrites } from './acceptance/accepted-rewrites.ts';
import type { TestBench } from './states/test-bench.ts';
import type { OptimizeOptions, Version } from './types.ts';

/** A version that is proven and that the kernel has not seen yet. */
export type ProvenVersion = Omit<Version, 'kernel' | 'differential'>;

/** Every version that the rewriting came by, distinct, oldest first. */
export function candidatesOf(accepted: AcceptedRewrites, bench: TestBench): ProvenVersion[] {
  const found = new Map<string, ProvenVersion>();
  accepted.versions.forEach((version, n) => {
    if (version === undefined) return;
    const program = withoutNops(version);
    const key = keyOf(program);
    if (found.has(key)) return;
    found.set(key, {
      program,
      rewrites: accepted.rewrites.slice(0, n + 1),
      slots: sizeInSlots(program.insns),
      insns: program.insns.length,
      latency: bench.latency(program),
    });
  });
  return [...found.values()];
}

/** Best first; of equals, the later one. */
export function ranked(candidates: readonly ProvenVersion[], goal: OptimizeOptions['goal']): ProvenVersion[] {
  const price = (c: ProvenVersion): number => (goal === 'size' ? c.slots : c.latency.path);
  return [...candidates].reverse().sort((a, b) => price(a) - price(b));
}

/** Those that none other beats in slots and modeled latency at once: smallest first, fastest last. */
export function paretoFront(candidates: readonly ProvenVersion[]): ProvenVersion[] {
  const front: ProvenVersion[] = [];
  for (const c of [...candidates].sort((a, b) => a.slots - b.slots || a.latency.path - b.latency.path)) {
    const last = front.at(-1);
    if (last === undefined || c.latency.path < last.latency.path) front.push(c);
  }
  return front;
}

/** The first `count` that nobody objects to. */
export function approved(
  candidates: readonly ProvenVersion[],
  count: number,
  word: (program: Program) => Pick<Version, 'kernel' | 'differential'> | undefined,
): Version[] {
  const versions: Version[] = [];
  for (const c of candidates) {
    if (versions.length >= count) break;
    const said = word(c.program);
    if (said === undefined || said.kernel.status === 'refused' || said.differential.status === 'differ')
      continue;
    versions.push({ ...c, ...said });
  }
  return versions;
}

function keyOf(program: Program): string {
  return Buffer.from(encode(program.insns)).toString('latin1');
}
