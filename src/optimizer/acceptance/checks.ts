/**
 * Who checks the rewrites of one program (gate.ts): the verifier, the tests, static safety, the running
 * kernel.
 */
import { examine, examiner, type SafetyReport } from '../../analysis/safety.ts';
import { linux } from '../../base/linux.ts';
import { levelOf, linuxOf, type Target } from '../../isa/levels.ts';
import type { Program } from '../../program/program.ts';
import type { WindowContext, WindowVerifier } from '../../verify/index.ts';
import type { Window } from '../../verify/types.ts';
import type { TestBench } from '../states/test-bench.ts';
import type { OptimizeOptions } from '../types.ts';
import type { GateChecks, Refusal } from './gate.ts';
import { kernelRefusal, type LoadVerdicts } from './kernel-check.ts';

/** What comes from outside: proofs, the kernel, and the facts about a window that the proofs rest on. */
export interface GateOracles extends Pick<GateChecks, 'verify' | 'kernel'> {
  contextOf(program: Program, window: Window): WindowContext;
  transcript: WindowVerifier['transcript'];
  /** Makes the next proof depend on none of the earlier ones. */
  forget(): void;
}

export function oraclesOf(verifier: WindowVerifier, loadVerdicts: LoadVerdicts): GateOracles {
  return {
    verify: (program, window, replacement) => verifier.check(program, window, replacement),
    contextOf: (program, window) => verifier.contextOf(program, window),
    transcript: (...question) => verifier.transcript(...question),
    forget: () => verifier.forget(),
    kernel: (candidate) => kernelRefusal(loadVerdicts, candidate),
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
 * Why static safety refuses a version of `original`. What it already holds against that one is its own false
 * alarm.
 */
export function safetyOf(
  original: Program,
  { linux }: Target,
  report: (program: Program) => SafetyReport = examiner({ linux }),
): (candidate: Program) => string | undefined {
  const findings = (p: Program): string[] => report(p).findings.map((f) => f.reason);
  let known: ReadonlySet<string> | undefined;
  return (candidate) => {
    // Not before somebody asks: threads that search long programs never do.
    known ??= new Set(findings(original));
    const objections = known;
    return findings(candidate).find((reason) => !objections.has(reason));
  };
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
  { verify, safety, kernel }: Pick<GateOracles, 'verify'> & Examiners,
): { checks: GateChecks; objection(candidate: Program): Refusal | undefined } {
  const eager = original.insns.length <= EAGER;
  const later = (check: (p: Program) => string | undefined) => (eager ? check : () => undefined);
  return {
    checks: {
      verify,
      tests: (candidate) =>
        bench.disagreement(candidate) ?? (goal === 'latency' ? bench.slower(candidate) : undefined),
      safety: later(safety),
      kernel: later(kernel),
    },
    objection: (candidate) => {
      const unsafe = safety(candidate);
      if (unsafe !== undefined) return { by: 'safety', reason: unsafe };
      const refused = eager ? undefined : kernel(candidate);
      return refused === undefined ? undefined : { by: 'kernel', reason: refused };
    },
  };
}
