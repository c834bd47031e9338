/**
 * A latency profile of this machine. How well it predicts what programs take: fit.ts.
 *
 *   chains --two lengths, stopwatch--> nanoseconds per copy --> LatencyProfile (vm/latency/latency.ts)
 */
import { release } from 'node:os';
import { trimmedMean } from '../../base/sampling.ts';
import type { Program } from '../../program/program.ts';
import { ANY_HELPER, type LatencyProfile } from '../../vm/latency/latency.ts';
import type { TestCase } from '../../vm/types.ts';
import { linuxNumber } from '../differential/fuzz.ts';
import { onOneCpu } from '../run/run.ts';
import { withRoutes } from '../syscall/netns.ts';
import { type TimedAs, timedAs } from './harness.ts';
import { type Chain, chainInsns, chains, SAME_PRICE } from './microbenchmarks.ts';
import { Stopwatch } from './stopwatch.ts';

export interface CalibrateOptions {
  /** Reloads of every chain. */
  rounds?: number;
  /** Timed runs per load; the fastest counts. */
  samples?: number;
  /** Nanoseconds that one run is meant to take. */
  runNs?: number;
  /** Which names to measure; all of them by default. */
  only?(name: string): boolean;
}

export type Calibration =
  | {
      status: 'measured';
      /** Nanoseconds per execution; names as in K2's profiles, and those that `priceOf` knows beyond. */
      profile: LatencyProfile;
      /** What could not be measured here, with the reason. */
      skipped: Readonly<Record<string, string>>;
      /** Kernel that it was measured on. */
      release: string;
    }
  | { status: 'cannot measure'; reason: string };

const DEFAULTS = { rounds: 5, samples: 5, runNs: 40_000, only: () => true } as const;

const packet = new Uint8Array(128);
packet.set([8, 0, 0x45], 12);

function program(chain: Chain, n: number): Program {
  const { insns, callee } = chainInsns(chain, n);
  const end = callee ?? insns.length;
  const functions = [{ name: 'chain', start: 0, end }];
  if (callee !== undefined) functions.push({ name: 'callee', start: callee, end: insns.length });
  return {
    name: 'chain',
    section: '',
    hook: chain.hook,
    license: 'GPL',
    insns,
    functions,
    maps: chain.maps,
    origin: insns.map(() => -1),
    pinned: new Map(),
    provenance: { file: '', sha256: '' },
  };
}

/** Nanoseconds per copy, or why not. */
function price(chain: Chain, options: Required<CalibrateOptions>): number | string {
  const versions = chain.copies.map((n) => program(chain, n));
  const as = timedAs(versions[0]!);
  if ('reason' in as) return as.reason;
  const test: TestCase = { ctx: new Uint8Array(192), packet, maps: chain.contents, seed: 0 };
  const slopes: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const slope = slopeOnce(versions, as, test, chain.copies, options);
    if (typeof slope === 'string') return slope;
    slopes.push(slope);
  }
  return Math.max(0, trimmedMean(slopes));
}

function slopeOnce(
  versions: readonly Program[],
  as: TimedAs,
  test: TestCase,
  copies: readonly [number, number],
  options: Required<CalibrateOptions>,
): number | string {
  const opened = Stopwatch.open(versions, as);
  if (!opened.ok) return opened.reason;
  const { watch } = opened;
  try {
    const pilot = watch.run(1, test, 32);
    if (!pilot.ok) return pilot.reason;
    const count = Math.max(16, Math.round(options.runNs / Math.max(1, pilot.ns)));
    const best = versions.map(() => Number.POSITIVE_INFINITY);
    for (let s = 0; s < options.samples; s++)
      for (const v of versions.keys()) {
        const r = watch.run(v, test, count);
        if (!r.ok) return r.reason;
        best[v] = Math.min(best[v]!, r.ns);
      }
    return (best[1]! - best[0]!) / (copies[1] - copies[0]);
  } finally {
    watch.close();
  }
}

/** Three digits are more than any of them is worth. */
const rounded = (ns: number): number => Math.round(ns * 1000) / 1000;

/** Measures the opcodes and common helpers of this machine. Takes some seconds. */
export function calibrate(options: CalibrateOptions = {}): Calibration {
  const given = { ...DEFAULTS, ...options };
  const profile: Record<string, number> = {};
  const skipped: Record<string, string> = {};
  // With routes, as the programs that ask for them are timed.
  const inNetwork = (body: () => void): void => withRoutes(() => onOneCpu(body));
  inNetwork(() => {
    for (const chain of chains(linuxNumber(release()))) {
      if (!given.only(chain.name)) continue;
      const ns = price(chain, given);
      if (typeof ns === 'string') skipped[chain.name] = ns;
      else profile[chain.name] = rounded(ns);
    }
  });
  const measured = Object.keys(profile);
  if (measured.length === 0)
    return { status: 'cannot measure', reason: Object.values(skipped)[0] ?? 'nothing to measure' };
  for (const name of measured)
    for (const [sibling, plain] of Object.entries(SAME_PRICE))
      if (name.endsWith(`/${plain}`)) profile[name.replace(`/${plain}`, `/${sibling}`)] = profile[name]!;
  const helpers = measured.filter((n) => n.startsWith('BPF_FUNC_'));
  if (helpers.length > 0) profile[ANY_HELPER] = rounded(median(helpers.map((n) => profile[n]!)));
  profile.JA = 0;
  return { status: 'measured', profile, skipped, release: release() };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
