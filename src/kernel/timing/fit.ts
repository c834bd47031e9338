/**
 * How well latency profiles predict what programs take in the running kernel.
 *
 *   profile, programs, tests --interpreter--> modeled ns --against kernelTime--> line, rank correlation,
 *     held-out errors
 *
 * A profile is measured on chains of single instructions, never on the programs: the rank correlation has
 * nothing that was fitted. The line (offset: what an overlapping processor hides; scale) has two numbers, so
 * it is also judged on programs that it has not seen.
 */

import { correlation, rankCorrelation } from '../../base/sampling.ts';
import type { Program } from '../../program/program.ts';
import { DEFAULT_PROFILE, type LatencyProfile } from '../../vm/latency/latency.ts';
import { createMachine } from '../../vm/machine/machine.ts';
import type { TestCase } from '../../vm/types.ts';
import { asRun } from '../differential/model.ts';
import { kernelTime, type TimeOptions } from './time.ts';

/**
 * A program with what it takes in the kernel and what the model says, in nanoseconds, mean over its tests.
 */
export interface FitRow {
  name: string;
  measured: number;
  modeled: number;
}

/** measured = offset + scale * modeled, by least squares. */
export interface Fit {
  rows: readonly FitRow[];
  scale: number;
  offset: number;
  /** Pearson's correlation squared. */
  rSquared: number;
  /** Spearman's rank correlation. */
  spearman: number;
  heldOut: HeldOut;
  skipped: readonly { name: string; reason: string }[];
}

/** Judged on programs that the line was not fitted on. */
export interface HeldOut {
  /** Rank correlation in each half: every second program, and the others. */
  halves: readonly [number, number];
  /**
   * Of a half's programs, predicted by the line of the other half: median of |predicted - measured| /
   * measured.
   */
  halfError: number;
  /** The same, each program predicted by the line through all others. */
  leaveOneOutError: number;
}

/** Programs with the tests that they are run on. */
export interface FitInput {
  name: string;
  program: Program;
  tests: readonly TestCase[];
}

/** Runs after which maps do not change any more, or always the same way. */
const WARM_UP = 2;

/**
 * Mean modeled nanoseconds of a program over tests, from maps as they are after some runs: that is where the
 * stopwatch's loop spends its time (an entry that the first run inserts is there in all others).
 */
export function modeledNs(program: Program, tests: readonly TestCase[], profile: LatencyProfile): number {
  const machine = createMachine(asRun(program), { profile });
  let warm = tests;
  for (let k = 0; k < WARM_UP; k++) {
    machine.setTests(warm);
    const outcomes = machine.runAll(program.insns);
    warm = warm.map((t, i) => (outcomes[i]!.status === 'exit' ? { ...t, maps: outcomes[i]!.maps } : t));
  }
  machine.setTests(warm);
  return machine.latency(program.insns);
}

/** Measures programs and compares with what profiles say of them: one fit per profile. */
export function fitProfiles(
  inputs: Iterable<FitInput>,
  profiles: Readonly<Record<string, LatencyProfile>> = { d6515: DEFAULT_PROFILE },
  options: TimeOptions = {},
): Record<string, Fit> {
  const names = Object.keys(profiles);
  const rows = new Map<string, FitRow[]>(names.map((n) => [n, []]));
  const skipped: { name: string; reason: string }[] = [];
  for (const { name, program, tests } of inputs) {
    const timed = kernelTime([program], tests, options);
    if (timed.status !== 'timed') {
      skipped.push({ name, reason: timed.reason });
      continue;
    }
    const measured = timed.versions[0]!.ns;
    for (const p of names)
      rows.get(p)!.push({ name, measured, modeled: modeledNs(program, tests, profiles[p]!) });
  }
  return Object.fromEntries(names.map((n) => [n, fitOf(rows.get(n)!, skipped)]));
}

/** measured = offset + scale * modeled. */
function lineOf(rows: readonly FitRow[]): { scale: number; offset: number } {
  const x = rows.map((r) => r.modeled);
  const y = rows.map((r) => r.measured);
  const mean = (v: readonly number[]): number => v.reduce((s, a) => s + a, 0) / Math.max(1, v.length);
  const [mx, my] = [mean(x), mean(y)];
  const xx = x.reduce((s, v) => s + (v - mx) ** 2, 0);
  const xy = x.reduce((s, v, i) => s + (v - mx) * (y[i]! - my), 0);
  const scale = xx === 0 ? 0 : xy / xx;
  return { scale, offset: my - scale * mx };
}

const ranksOf = (rows: readonly FitRow[]): number =>
  rankCorrelation(
    rows.map((r) => r.modeled),
    rows.map((r) => r.measured),
  );

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function heldOut(rows: readonly FitRow[]): HeldOut {
  const half = (k: number): FitRow[] => rows.filter((_, i) => i % 2 === k);
  const errors = (judged: readonly FitRow[], fitted: readonly FitRow[]): number[] => {
    const { scale, offset } = lineOf(fitted);
    return judged.map(
      (r) => Math.abs(offset + scale * r.modeled - r.measured) / Math.max(r.measured, SMALLEST_NS),
    );
  };
  return {
    halves: [ranksOf(half(0)), ranksOf(half(1))],
    halfError: median([0, 1].flatMap((k) => errors(half(k), half(1 - k)))),
    leaveOneOutError: median(
      rows.flatMap((r, i) =>
        errors(
          [r],
          rows.filter((_, k) => k !== i),
        ),
      ),
    ),
  };
}
/** Below this a relative error says nothing. */
const SMALLEST_NS = 0.5;

/** The line through the rows, the correlations, and how both do on programs that were left out. */
export function fitOf(rows: readonly FitRow[], skipped: Fit['skipped'] = []): Fit {
  const r = correlation(
    rows.map((row) => row.modeled),
    rows.map((row) => row.measured),
  );
  return {
    rows,
    ...lineOf(rows),
    rSquared: r ** 2,
    spearman: ranksOf(rows),
    heldOut: heldOut(rows),
    skipped,
  };
}
