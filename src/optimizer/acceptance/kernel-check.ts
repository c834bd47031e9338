/**
 * What the running kernel says of a result: its load verdict, and agreement with the original in differential
 * runs.
 */

import { isHelperCall } from '../../isa/insn.ts';
import { canRun, KernelSession, kernelDiff, kernelTests, type LoadVerdict } from '../../kernel/index.ts';
import type { Program } from '../../program/program.ts';
import { Helper } from '../../program/tables/helpers.ts';
import type { DifferentialRun, KernelCheck, OptimizeOptions } from '../types.ts';

/** A session with the kernel for one program, or why there is none. */
export type LoadVerdicts =
  | { session: KernelSession; original: LoadVerdict }
  | { session: undefined; reason: string };

/** Opens a session. Where the kernel refuses the original itself, its opinion of rewrites means nothing. */
export function openLoadVerdicts(program: Program, mode: OptimizeOptions['kernel']): LoadVerdicts {
  if (mode === 'off') return { session: undefined, reason: 'switched off' };
  const opened = KernelSession.open(program);
  if (!opened.ok) return { session: undefined, reason: opened.reason };
  const original = opened.session.check(program);
  if (original.status === 'accepted') return { session: opened.session, original };
  opened.session.close();
  const word = original.status === 'refused' ? 'it refuses the original' : 'it cannot judge the original';
  return { session: undefined, reason: `${word}: ${original.reason}` };
}

/** What the kernel says of a version, which is loaded once; undefined when nobody can be asked. */
export function verdictsOf({ session }: LoadVerdicts): (program: Program) => LoadVerdict | undefined {
  if (session === undefined) return () => undefined;
  const known = new WeakMap<Program, LoadVerdict>();
  return (program) => {
    let verdict = known.get(program);
    if (verdict === undefined) known.set(program, (verdict = session.check(program)));
    return verdict;
  };
}

/** Why the kernel refuses a version; undefined when it accepts, or nobody can be asked. */
export function refusalIn(verdict: LoadVerdict | undefined): string | undefined {
  return verdict === undefined || verdict.status === 'accepted' ? undefined : verdict.reason;
}

/** Helpers whose results show where the program was loaded: get_stackid, get_stack, get_func_ip. */
const OWN_ADDRESS: readonly number[] = [Helper.get_stackid, Helper.get_stack, Helper.get_func_ip];
/** Tests per refill of the maps: later ones see what earlier ones left. */
const SEQUENCE = 8;

export function finalKernelCheck(
  original: Program,
  result: Program,
  loadVerdicts: LoadVerdicts,
  options: OptimizeOptions,
): { kernel: KernelCheck; differential: DifferentialRun } {
  if (loadVerdicts.session === undefined) {
    const reason = loadVerdicts.reason;
    return { kernel: { status: 'not checked', reason }, differential: { status: 'not run', reason } };
  }
  return {
    kernel: kernelCheck(loadVerdicts.original, loadVerdicts.session.check(result)),
    differential: differential(original, result, options),
  };
}

function kernelCheck(before: LoadVerdict, after: LoadVerdict): KernelCheck {
  if (after.status !== 'accepted') return { status: after.status, reason: after.reason };
  return {
    status: 'accepted',
    ...(after.withoutBtf === undefined ? {} : { withoutBtf: after.withoutBtf }),
    verifiedInsns: after.verifiedInsns,
    verifiedInsnsBefore: before.status === 'accepted' ? before.verifiedInsns : 0,
    jitedBytes: after.jited,
    jitedBytesBefore: before.status === 'accepted' ? before.jited : 0,
  };
}

function differential(original: Program, result: Program, options: OptimizeOptions): DifferentialRun {
  if (options.diffRuns === 0) return { status: 'not run', reason: 'no runs were asked for' };
  if (original.insns.some((i) => isHelperCall(i) && OWN_ADDRESS.includes(i.imm)))
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
