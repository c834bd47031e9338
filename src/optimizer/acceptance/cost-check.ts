/**
 * The goal `balanced`: slots fall, and no version costs more than the input in anything else that users pay
 * for.
 *
 *   version --cheapest first--> modeled ns | stack | machine code | instructions that a verifier processes
 *     --each against the input's--> why it costs more, or nothing
 *
 * Effort and machine code are the running kernel's where it is asked; else our verifier's and our model's
 * counts stand in, of the input as of the version. A rewrite may cost something where an earlier one has
 * saved as much.
 */
import { examiner, type SafetyReport } from '../../analysis/safety.ts';
import type { LoadVerdict } from '../../kernel/index.ts';
import type { Program } from '../../program/program.ts';
import { modeledMachineCode } from '../../vm/machine-code/index.ts';
import { stackDepth } from '../../vm/machine-code/stack-depth.ts';
import type { TestBench } from '../states/test-bench.ts';

/** Differences of modeled times that come from adding in another order. */
const SAME_TIME = 1e-9;

/** What the running kernel says of a version; undefined where it is not asked. */
export type VerdictOf = (program: Program) => LoadVerdict | undefined;

interface Cost {
  name: string;
  /** Undefined: nobody can say. */
  of(program: Program): number | undefined;
  tolerance: number;
}

/** @returns why a version costs more than `original`; undefined when it does not */
export function costCheck(
  original: Program,
  bench: Pick<TestBench, 'latency'>,
  verdictOf: VerdictOf,
  report: (program: Program) => SafetyReport = examiner({}),
): (candidate: Program) => string | undefined {
  const accepted = (p: Program) => {
    const verdict = verdictOf(p);
    return verdict?.status === 'accepted' ? verdict : undefined;
  };
  const isAsked = accepted(original) !== undefined;
  const costs: Cost[] = [
    { name: 'modeled ns', of: (p) => bench.latency(p).path, tolerance: SAME_TIME },
    { name: 'bytes of stack', of: (p) => stackDepth(p.insns), tolerance: 0 },
    {
      name: 'bytes of machine code',
      of: (p) => (isAsked ? accepted(p)?.jited : modeledMachineCode(p)),
      tolerance: 0,
    },
    {
      name: 'instructions processed by the verifier',
      of: (p) => (isAsked ? accepted(p)?.verifiedInsns : report(p).steps),
      tolerance: 0,
    },
  ];
  const limits = costs.map((c) => c.of(original));
  return (candidate) => {
    for (const [n, { name, of, tolerance }] of costs.entries()) {
      const limit = limits[n];
      const cost = limit === undefined ? undefined : of(candidate);
      if (limit !== undefined && cost !== undefined && cost > limit + tolerance) return `more ${name}`;
    }
    return undefined;
  };
}
