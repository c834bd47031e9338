/** What the running kernel says of a result: consent, and agreement with the original in differential runs. */

import { OP_CALL } from '../../isa/insn.ts';
import { type Consent, canRun, KernelSession, kernelDiff, kernelTests } from '../../kernel/index.ts';
import type { Program } from '../../program/program.ts';
import type { DifferentialWord, KernelWord, OptimizeOptions } from '../types.ts';

/** A session with the kernel for one program, or why there is none. */
export type Consents = { session: KernelSession; original: Consent } | { session: undefined; reason: string };

/** Opens a session. Where the kernel refuses the original itself, its opinion of rewrites means nothing. */
export function openConsents(program: Program, mode: OptimizeOptions['kernel']): Consents {
  if (mode === 'off') return { session: undefined, reason: 'switched off' };
  const opened = KernelSession.open(program);
  if (!opened.ok) return { session: undefined, reason: opened.reason };
  const original = opened.session.check(program.insns);
  if (original.status === 'accepted') return { session: opened.session, original };
  opened.session.close();
  const word = original.status === 'refused' ? 'it refuses the original' : 'it cannot judge the original';
  return { session: undefined, reason: `${word}: ${original.reason}` };
}

/** Why the kernel refuses `candidate`; undefined when it accepts, or nobody can be asked. */
export function kernelRefusal(consents: Consents, candidate: Program): string | undefined {
  if (consents.session === undefined) return undefined;
  const consent = consents.session.check(candidate.insns);
  return consent.status === 'accepted' ? undefined : consent.reason;
}

/** Helpers whose results show where the program was loaded: get_stackid, get_stack, get_func_ip. */
const OWN_ADDRESS: readonly number[] = [27, 67, 173];
/** Tests per refill of the maps: later ones see what earlier ones left. */
const SEQUENCE = 8;

export function finalWord(
  original: Program,
  result: Program,
  consents: Consents,
  options: OptimizeOptions,
): { kernel: KernelWord; differential: DifferentialWord } {
  if (consents.session === undefined) {
    const reason = consents.reason;
    return { kernel: { status: 'not checked', reason }, differential: { status: 'not run', reason } };
  }
  return {
    kernel: consent(consents.original, consents.session.check(result.insns)),
    differential: differential(original, result, options),
  };
}

function consent(before: Consent, after: Consent): KernelWord {
  if (after.status !== 'accepted') return { status: after.status, reason: after.reason };
  return {
    status: 'accepted',
    verifiedInsns: after.verifiedInsns,
    verifiedInsnsBefore: before.status === 'accepted' ? before.verifiedInsns : 0,
    jitedBytes: after.jited,
    jitedBytesBefore: before.status === 'accepted' ? before.jited : 0,
  };
}

function differential(original: Program, result: Program, options: OptimizeOptions): DifferentialWord {
  if (options.diffRuns === 0) return { status: 'not run', reason: 'no runs were asked for' };
  if (original.insns.some((i) => i.op === OP_CALL && i.src === 0 && OWN_ADDRESS.includes(i.imm)))
    return { status: 'not run', reason: "its outputs depend on the program's own address (stack traces)" };
  const able = canRun(original);
  if (!able.ok) return { status: 'not run', reason: able.reason };
  const report = kernelDiff(original, result, kernelTests(original, options.seed), {
    sequence: SEQUENCE,
    limit: options.diffRuns,
  });
  if (report.status === 'cannot run') return { status: 'not run', reason: report.reason };
  if (report.difference !== undefined)
    return { status: 'differ', runs: report.runs, detail: JSON.stringify(report.difference.places) };
  if (report.runs === 0) return { status: 'not run', reason: Object.keys(report.skipped).join('; ') };
  return { status: 'agree', runs: report.runs, masked: [...new Set(Object.keys(report.masked).map(place))] };
}

/** A place without the key or offset in it: `map connections[..]+0` is `map connections`. */
const place = (name: string): string => name.replace(/[[+].*$/, '');
