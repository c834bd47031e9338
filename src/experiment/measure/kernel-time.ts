/**
 * How long input and result take in the running kernel, beside what the model says of both.
 *
 *   original, result --inputs that reach different paths--> kernelTime --> ratio, interval, verdict
 *                    --the same inputs, K2's and this machine's profile--> modeled ratios
 */
import { loadavg } from 'node:os';
import type { Interval } from '../../base/statistics.ts';
import {
  calibrate,
  kernelTime,
  modeledNs,
  type TimeReport,
  type TimeVerdict,
  timingTests,
} from '../../kernel/index.ts';
import type { Program } from '../../program/program.ts';
import { DEFAULT_PROFILE, type LatencyProfile } from '../../vm/latency/latency.ts';
import type { TimeMeasure } from '../definition/measures.ts';

/** Nanoseconds per run; ratios are result / input, below 1 is faster. */
export type KernelTimes =
  | {
      status: 'timed';
      before: { ns: number; interval: Interval };
      after: { ns: number; interval: Interval };
      ratio: number;
      interval: Interval;
      verdict: TimeVerdict;
      /** Differences up to this are not claimed. */
      floorNs: number;
      nullNs: number;
      /** By the model, over the same inputs: K2's profile d6515, and a profile of this machine. */
      modeled: { k2: number; machine?: number };
      as: string;
      tests: number;
      rounds: number;
      /** Of the machine, in the minute before: noise widens the interval, it makes no claims. */
      loadAverage: number;
    }
  | { status: 'cannot time'; reason: string };

let measuredHere: LatencyProfile | undefined;

/** This machine's prices, measured once per process. */
function ownProfile(): LatencyProfile | undefined {
  if (measuredHere === undefined) {
    const measured = calibrate();
    if (measured.status === 'measured') measuredHere = measured.profile;
  }
  return measuredHere;
}

/** @param prices of this machine */
export function measureTime(
  original: Program,
  result: Program,
  options: TimeMeasure,
  prices: () => LatencyProfile | undefined = ownProfile,
): KernelTimes {
  const versions = [original, result];
  const { tests: count, rounds, samples, seed } = options;
  const [loadAverage] = loadavg();
  const tests = timingTests(original, seed, count);
  const timed = kernelTime(versions, tests, { rounds, samples, seed });
  if (timed.status !== 'timed') return { status: 'cannot time', reason: timed.reason };
  const ratioBy = (profile: LatencyProfile): number => {
    const [before, after] = versions.map((p) => modeledNs(p, tests, profile));
    return before === 0 ? 1 : after! / before!;
  };
  const own = prices();
  return {
    status: 'timed',
    ...shown(timed),
    modeled: { k2: ratioBy(DEFAULT_PROFILE), ...(own === undefined ? {} : { machine: ratioBy(own) }) },
    as: timed.as.record ? `${timed.as.runner}, on a record` : timed.as.runner,
    tests: timed.tests,
    rounds: timed.rounds,
    loadAverage: loadAverage ?? 0,
  };
}

function shown(timed: TimeReport) {
  const [before, after] = timed.versions;
  const { ratio, interval, verdict } = after!.against!;
  return {
    before: { ns: before!.ns, interval: before!.interval },
    after: { ns: after!.ns, interval: after!.interval },
    ratio,
    interval,
    verdict,
    floorNs: timed.floorNs,
    nullNs: timed.nullNs,
  };
}
