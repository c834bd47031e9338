/**
 * Who checks the rewrites of one program (gate.ts): the verifier, the tests, static safety, the running
 * kernel.
 */
import { examine, examiner, type Finding, type SafetyReport } from '../../analysis/safety.ts';
import { linux } from '../../base/linux.ts';
import { levelOf, linuxOf, type Target } from '../../isa/levels.ts';
import type { Program } from '../../program/program.ts';
import type { WindowVerifier } from '../../verify/index.ts';
import type { TestBench } from '../states/test-bench.ts';
import type { OptimizeOptions } from '../types.ts';
import { costCheck, type VerdictOf } from './cost-check.ts';
import type { GateChecks, Refusal } from './gate.ts';
import { type LoadVerdicts, refusalIn, verdictsOf } from './kernel-check.ts';
import type { Facts } from './rewrite.ts';

/** What comes from outside: proofs, the kernel, and the facts about a window that the proofs rest on. */
export interface GateOracles extends Pick<GateChecks, 'verify' | 'kernel'>, Facts {
  transcript: WindowVerifier['transcript'];
  verdictOf: VerdictOf;
  /** Makes the next proof depend on none of the earlier ones. */
  forget(): void;
}

export function oraclesOf(verifier: WindowVerifier, loadVerdicts: LoadVerdicts): GateOracles {
  const verdictOf = verdictsOf(loadVerdicts);
  return {
    verify: (program, window, replacement) => verifier.check(program, window, replacement),
    contextOf: (program, window) => verifier.contextOf(program, window),
    liveBefore: (program, index) => verifier.liveBefore(program, index),
    transcript: (...question) => verifier.transcript(...question),
    forget: () => verifier.forget(),
    kernel: (candidate) => refusalIn(verdictOf(candidate)),
    verdictOf,
  };
}

/**
 * Longest program of which static safety and the kernel are asked for every rewrite: that takes about as long
 * as a proof. Of longer ones, whoever collects rewrites asks for several at once.
 */
const EAGER = 400;

/**
 * Instructions that an output may use: the input's own, and what Linux 5.4 accepts, unless told otherwise.
 */
export function targetOf({ insns }: Program, options: Pick<OptimizeOptions, 'level' | 'linux'>): Target {
  return {
    level: options.level ?? (Math.max(3, levelOf(insns)) as Target['level']),
    linux: options.linux ?? Math.max(linux(5, 4), linuxOf(insns)),
  };
}

/**
 * What static safety has against a version of `original`. What it already holds against that one is its own
 * false alarm.
 */
export function findingsOf(
  original: Program,
  { linux }: Target,
  report: (program: Program) => SafetyReport = examiner({ linux }),
): (candidate: Program) => readonly Finding[] {
  let known: ReadonlySet<string> | undefined;
  return (candidate) => {
    const { findings } = report(candidate);
    if (findings.length === 0 || candidate === original) return [];
    // Not before it matters: most programs have none, and threads that search long programs never ask.
    known ??= new Set(report(original).findings.map((f) => f.reason));
    const objections = known;
    return findings.filter((f) => !objections.has(f.reason));
  };
}

/** Why static safety refuses a version of `original`. */
export function safetyOf(
  original: Program,
  target: Target,
  report?: (program: Program) => SafetyReport,
): (candidate: Program) => string | undefined {
  const findings = findingsOf(original, target, report);
  return (candidate) => findings(candidate)[0]?.reason;
}

/** The same of a result, without anything that is known of the versions on the way to it. */
export function safetyOfResult(original: Program, target: Target, result: Program): string | undefined {
  return safetyOf(original, target, (p) => examine(p, { linux: target.linux }))(result);
}

/** Those who look at a whole program. */
export type Examiners = Pick<GateChecks, 'safety' | 'kernel'>;

/**
 * The checks of one rewrite of the bench's source, and what is still to be asked of a program that several
 * have led to.
 */
export function gateChecksOf(
  original: Program,
  goal: OptimizeOptions['goal'],
  bench: TestBench,
  { verify, safety, kernel, verdictOf }: Pick<GateOracles, 'verify' | 'verdictOf'> & Examiners,
  findings: (candidate: Program) => readonly Finding[],
): { checks: GateChecks; objection(candidate: Program): Refusal | undefined } {
  const eager = original.insns.length <= EAGER;
  const cost = goal === 'balanced' ? costCheck(original, bench, verdictOf) : () => undefined;
  const later = (check: (p: Program) => string | undefined) => (eager ? check : () => undefined);
  return {
    checks: {
      verify,
      tests: (candidate) =>
        bench.disagreement(candidate) ?? (goal === 'latency' ? bench.slower(candidate) : undefined),
      safety: later(safety),
      kernel: later(kernel),
      cost: later(cost),
    },
    objection: (candidate) => {
      const unsafe = findings(candidate);
      if (unsafe.length > 0)
        return { by: 'safety', reason: unsafe[0]!.reason, at: unsafe.map(({ index }) => index) };
      const refused = eager ? undefined : kernel(candidate);
      if (refused !== undefined) return { by: 'kernel', reason: refused };
      const dearer = cost(candidate);
      return dearer === undefined ? undefined : { by: 'cost', reason: dearer };
    },
  };
}
