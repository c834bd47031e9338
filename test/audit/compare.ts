/** Original against result: fresh tests in both interpreters, guided tests in the kernel. */
import { kernelDiff, kernelTests } from '../../src/kernel/index.ts';
import type { Program } from '../../src/program/program.ts';
import { HOOKS } from '../../src/program/tables/hooks.ts';
import { createMachine } from '../../src/vm/machine/machine.ts';
import { runReference } from '../../src/vm/machine/reference.ts';
import { observer } from '../../src/vm/observe.ts';
import { deepTests, generateTests } from '../../src/vm/testgen/index.ts';
import type { Outcome, TestCase } from '../../src/vm/types.ts';

export interface Counts {
  fast: number;
  reference: number;
  kernel: number;
}

export interface Disagreement {
  in: 'fast' | 'reference' | 'kernel' | 'kernel load';
  detail: string;
}

const CHUNK = 64;

function freshTests(program: Program, seed: number, count: number): TestCase[] {
  const half = count >> 1;
  const deep = deepTests(program, seed + 1, observer(program));
  return [
    ...generateTests(program, { seed, count: count - half }),
    ...Array.from({ length: half }, () => deep.next().value),
  ];
}

/** Why the outcomes differ, as the hook's observer sees them; undefined when they do not. */
function outcomeDifference(program: Program, x: Outcome, y: Outcome): string | undefined {
  const mask = (1n << BigInt(HOOKS[program.hook].returnBits)) - 1n;
  const text = (v: unknown): string =>
    JSON.stringify(v, (_k, w: unknown) => (typeof w === 'bigint' ? `${w}` : w));
  if (x.status === 'fault') return undefined;
  if (y.status === 'fault') return `the result faults: ${y.fault} at ${y.at}`;
  if ((x.r0 & mask) !== (y.r0 & mask)) return `r0 ${x.r0} and ${y.r0}`;
  if (text(x.calls) !== text(y.calls)) return `calls ${text(x.calls)} and ${text(y.calls)}`;
  if (Buffer.compare(x.packet, y.packet) !== 0) return 'packet';
  if (Buffer.compare(x.ctx, y.ctx) !== 0) return 'ctx';
  return text(x.maps) === text(y.maps) ? undefined : 'maps';
}

/** The first disagreement, and how many runs there were. */
export function compare(
  a: Program,
  b: Program,
  seed: number,
  wanted: Counts,
  withKernel: boolean,
): { counts: Counts; found?: Disagreement } {
  const counts: Counts = { fast: 0, reference: 0, kernel: 0 };
  const tests = freshTests(a, seed, wanted.fast);
  const machine = createMachine(a);
  for (let at = 0; at < tests.length; at += CHUNK) {
    machine.setTests(tests.slice(at, at + CHUNK));
    const skipped = machine.setSource(a.insns);
    machine.setCandidate(b.insns);
    const { failed } = machine.evaluate();
    counts.fast += machine.tests.length - skipped.length;
    if (failed === 0) continue;
    for (const [n] of machine.tests.entries()) {
      const why = outcomeDifference(a, machine.run(a.insns, n), machine.run(b.insns, n));
      if (why !== undefined) return { counts, found: { in: 'fast', detail: `test ${at + n}: ${why}` } };
    }
    return { counts, found: { in: 'fast', detail: `tests from ${at}: evaluate says ${failed} fail` } };
  }
  const step = Math.max(1, Math.floor(tests.length / Math.max(1, wanted.reference)));
  for (let n = 0; n < tests.length; n += step) {
    const x = runReference(a, a.insns, tests[n]!);
    const why = outcomeDifference(a, x, runReference(b, b.insns, tests[n]!));
    counts.reference++;
    if (why !== undefined) return { counts, found: { in: 'reference', detail: `test ${n}: ${why}` } };
  }
  if (!withKernel) return { counts };
  const report = kernelDiff(a, b, kernelTests(a, seed + 2), { limit: wanted.kernel, sequence: 4 });
  if (report.status === 'cannot run') {
    if (report.reason.startsWith('second program'))
      return { counts, found: { in: 'kernel load', detail: report.reason } };
    return { counts };
  }
  counts.kernel = report.runs;
  if (report.difference !== undefined)
    return { counts, found: { in: 'kernel', detail: JSON.stringify(report.difference.places) } };
  return { counts };
}
