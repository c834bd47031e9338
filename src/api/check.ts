/** Safety: would the verifier of a Linux version accept a program? Needs no kernel. */
import { examine, UNINIT_STACK } from '../analysis/safety.ts';
import { UserError } from '../base/errors.ts';
import { linuxName, parseLinux } from '../base/linux.ts';
import { slotOffsets } from '../isa/flow.ts';
import { OP_CALL, PseudoCall } from '../isa/insn.ts';
import { validate } from '../isa/validate.ts';
import { instructionPrinter } from '../program/listing.ts';
import type { Program } from '../program/program.ts';
import { showFault } from '../vm/faults.ts';
import type { Fault, TestCase } from '../vm/types.ts';

/** By which rules to check, and how hard to look for an input that shows a finding. */
export interface CheckSettings {
  /** Linux version whose rules apply, such as `5.4`. Default: `6.18`. */
  kernel?: string;
  /**
   * The loader has CAP_PERFMON, as root has: from Linux 6.3 on its programs may read stack bytes that were
   * never written. Default: true. What `optimize` makes never relies on it.
   */
  perfmon?: boolean;
  /** Inputs to try for one that shows what is unsafe; 0: none. Default: 2000. */
  runs?: number;
  /** Seed of the inputs. Default: 1. */
  seed?: number;
}

/**
 * Something that the kernel verifier would reject. `slot` and `insn` are absent for the program as a whole.
 */
export interface SafetyFinding {
  /** As `k2 disasm` numbers them. */
  slot?: number;
  /** The instruction as text. */
  insn?: string;
  /** In the kernel's words where it has any. */
  reason: string;
  /** The first Linux that accepts it, such as `5.12`, where it is only too new for this one. */
  needs?: string;
}

/** A run that faults, or at least reaches the first finding. */
export interface FaultyRun {
  slot: number;
  insn: string;
  /** What goes wrong there; absent when the run only reaches the instruction. */
  fault?: Fault;
  input: TestCase;
}

/** The answer of `check`. */
export interface Safety {
  /** `unknown`: what was found may follow from calls of kernel functions, whose rules are not known here. */
  status: 'safe' | 'unsafe' | 'unknown';
  /** Instructions that were followed: the counterpart of what the kernel's log calls processed. */
  processed: number;
  /** In program order; none when the program is safe. */
  findings: readonly SafetyFinding[];
  shownBy?: FaultyRun;
}

/** The rules that apply when none are named. */
const CHECK_KERNEL = '6.18';
const RUNS = 2000;

/**
 * Checks a program by the rules of a kernel's verifier.
 *
 * @example
 * ```ts
 * const { status, findings } = check(program, { kernel: '5.4' });
 * if (status === 'unsafe') console.log(findings[0]);
 * ```
 * @throws {@link UserError} when `kernel` is not a version
 */
export function check(program: Program, settings: CheckSettings = {}): Safety {
  const { kernel = CHECK_KERNEL, runs = RUNS, seed = 1, perfmon = true } = settings;
  const version = parseLinux(kernel);
  if (version === undefined) throw new UserError(`'${kernel}' is not a Linux version such as 5.4.`);
  const { insns } = program;
  const offsets = slotOffsets(insns);
  const print = instructionPrinter(program);
  const place = (at: number): { slot: number; insn: string } => ({
    slot: offsets[at]!,
    insn: print(insns[at]!, at),
  });
  const report = examine(program, { linux: version, uninitStack: perfmon && version >= UNINIT_STACK });
  const findings = report.findings.map(({ index, reason, since }) => ({
    ...(insns[index] === undefined ? {} : place(index)),
    reason,
    ...(since === undefined ? {} : { needs: linuxName(since) }),
  }));
  if (findings.length === 0) return { status: 'safe', processed: report.steps, findings };
  // No input shows what a kernel does not know.
  const first = report.findings.find((f) => f.since === undefined);
  if (first === undefined) return { status: 'unsafe', processed: report.steps, findings };
  if (callsKernelFunctions(program)) {
    const isTooNew = findings.some((f) => f.needs !== undefined);
    return { status: isTooNew ? 'unsafe' : 'unknown', processed: report.steps, findings };
  }
  const isWellFormed = insns.length > 0 && validate(insns, { kernel: true }).length === 0;
  const run = isWellFormed && runs > 0 ? showFault(program, first.index, runs, seed) : undefined;
  const shownBy = run && { ...place(run.at), fault: run.fault, input: run.test };
  return { status: 'unsafe', processed: report.steps, findings, shownBy };
}

/** Iterators and the like: what they take and return is only known to the kernel that has them. */
function callsKernelFunctions({ insns }: Program): boolean {
  return insns.some((i) => i.op === OP_CALL && i.src === PseudoCall.KFUNC);
}
