/**
 * Modeled throughput and latency of the versions of one program.
 *
 *   options, paper --model--> dispatch, server
 *   input, result, other builds --service times--> loss-free rate, latency at four loads, curves
 */

import { readBytes } from '../../base/files.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import {
  DEFAULT_WORKLOAD,
  type Dispatch,
  fitLatency,
  fourLoads,
  type LoadPoint,
  loadCurve,
  maxRate,
  packetsOf,
  packetsOfCapture,
  readCapture,
  type ServerModel,
  type ServiceTimes,
  seesPackets,
  serviceTimes,
  simulate,
  testsOf,
  type WeightedPacket,
} from '../../traffic/index.ts';
import type { TrafficOptions } from '../definition/measures.ts';
import { type PaperFigures, type PaperLoad, paperFigures } from '../paper.ts';

/** One version of a program. */
export interface VersionTraffic {
  name: string;
  programNs: number;
  serviceNs: number;
  actions: ServiceTimes['actions'];
  /** Packets per second at the largest rate with at most this loss. */
  maxRate: { lossFree: number; halfPercent: number };
  /** At the loads, in their order. */
  loads: LoadPoint[];
  curve: LoadPoint[];
}

export type TrafficResult =
  | { status: 'not applicable'; reason: string }
  | {
      status: 'measured';
      dispatch: Dispatch;
      /** Where the dispatch constant is from. */
      source: string;
      server: Omit<ServerModel, 'baseNs'> & { baseNs: number; baseBatch: number };
      /** Packets per second. */
      loads: { name: PaperLoad; rate: number }[];
      versions: VersionTraffic[];
    };

export interface TimedVersion {
  name: string;
  program: Program;
  insns: readonly Insn[];
}

/**
 * Constants that fit the paper's latencies of clang's versions: at low load, base + a batch of service times;
 * saturated, a full ring on top (see docs and `calibration`).
 */
export function paperServer(paper: PaperFigures = paperFigures()): {
  baseNs: number;
  baseBatch: number;
  ring: number;
} {
  const points = latencyPoints(paper);
  const { baseNs, batch } = fitLatency(points.map((p) => ({ ...p, latencyNs: p.low })));
  const rings = points.map((p) => (p.saturating - baseNs - batch * p.serviceNs) / p.serviceNs);
  const ring = Math.round(rings.reduce((s, r) => s + r, 0) / rings.length);
  return { baseNs: Math.round(baseNs), baseBatch: Math.round(batch * 10) / 10, ring };
}

/** Programs whose throughput and latency the paper has, at clang -O2. */
export function latencyPoints(
  paper: PaperFigures,
): { name: string; serviceNs: number; low: number; saturating: number }[] {
  return Object.entries(paper.table3).flatMap(([name, loads]) => {
    const mpps = paper.table2[name]?.O2;
    if (mpps === undefined || loads === undefined) return [];
    return [
      {
        name,
        serviceNs: 1000 / mpps,
        low: loads.low.clang * 1000,
        saturating: loads.saturating.clang * 1000,
      },
    ];
  });
}

/** @param versions the first is the one that clang made, to which the paper's figure of clang -O2 belongs */
export function measureTraffic(
  id: string,
  versions: readonly [TimedVersion, ...TimedVersion[]],
  options: TrafficOptions,
): TrafficResult {
  const [first] = versions;
  if (!seesPackets(first.program))
    return { status: 'not applicable', reason: `no packets pass through ${first.program.hook} programs` };
  const paper = paperFigures();
  const packets = workloadPackets(options);
  const seed = options.workload.seed ?? DEFAULT_WORKLOAD.seed;
  const hits = options.workload.hits ?? DEFAULT_WORKLOAD.hits;
  const times = (v: TimedVersion, dispatch: Dispatch): ServiceTimes =>
    serviceTimes(v.program, v.insns, testsOf(v.program, packets, hits, seed), dispatch);
  const alone = times(first, { ns: 0, byAction: {} });
  if (!(alone.programNs >= 0))
    return { status: 'not applicable', reason: 'every packet faults in the interpreter' };
  const { dispatch, source } = dispatchOf(id, options, alone.programNs, paper);
  const { baseBatch, ...server } = serverOf(options, paper);
  const services = versions.map((v) => ({ name: v.name, service: times(v, dispatch) }));
  const load = { arrivals: options.arrivals, packets: options.packets, seed: options.seed };
  const withBase = (s: ServiceTimes): ServerModel => ({
    ...server,
    baseNs: server.baseNs + baseBatch * s.meanNs,
  });
  const rates = services.map(({ service }) => ({
    lossFree: maxRate(service.distribution, withBase(service), load, 0),
    halfPercent: maxRate(service.distribution, withBase(service), load, 0.005),
  }));
  const loads = loadsOf(
    id,
    paper,
    rates.map((r) => r.lossFree),
  );
  const fastest = 1e9 / Math.min(...services.map((s) => s.service.meanNs));
  const curve = Array.from({ length: options.curve }, (_, k) => (fastest * 1.15 * (k + 1)) / options.curve);
  return {
    status: 'measured',
    dispatch,
    source,
    server: { ...server, baseBatch },
    loads,
    versions: services.map(({ name, service }, k): VersionTraffic => {
      const s = withBase(service);
      const points = (at: readonly number[]): LoadPoint[] => loadCurve(service.distribution, s, load, at);
      return {
        name,
        programNs: service.programNs,
        serviceNs: service.meanNs,
        actions: service.actions,
        maxRate: rates[k]!,
        loads: loads.map((l) => saturated(l.rate, () => points([l.rate])[0]!, service, s, load)),
        curve: points(curve),
      };
    }),
  };
}

/** An overload is simulated from a full ring: a short run would not fill it. */
function saturated(
  rate: number,
  otherwise: () => LoadPoint,
  service: ServiceTimes,
  server: ServerModel,
  load: { arrivals: 'poisson' | 'constant'; packets: number; seed: number },
): LoadPoint {
  if (rate * service.meanNs < 1e9) return otherwise();
  const prefill = Number.isFinite(server.ring) ? server.ring : 0;
  const { throughput, loss, meanNs, p99Ns } = simulate(service.distribution, server, {
    ...load,
    rate,
    prefill,
  });
  return { rate, throughput, loss, meanNs, p99Ns };
}

function workloadPackets({ workload }: TrafficOptions): WeightedPacket[] {
  const { capture, ...rest } = workload;
  if (capture !== undefined) return packetsOfCapture(readCapture(readBytes(capture), capture));
  const given = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined));
  return packetsOf({ ...DEFAULT_WORKLOAD, ...given });
}

function dispatchOf(
  id: string,
  { dispatch }: TrafficOptions,
  programNs: number,
  paper: PaperFigures,
): { dispatch: Dispatch; source: string } {
  if (dispatch !== 'paper') {
    const byAction = Object.fromEntries(Object.entries(dispatch.byAction).filter(([, v]) => v !== undefined));
    return { dispatch: { ns: dispatch.ns, byAction }, source: 'the definition' };
  }
  const own = paper.table2[id];
  const rests = Object.values(paper.table2).flatMap((t) =>
    t === undefined ? [] : [1000 / t.O2 - programNs],
  );
  const ns = own === undefined ? Math.min(...rests) : 1000 / own.O2 - programNs;
  const source =
    own === undefined
      ? "the paper's fastest program"
      : `the paper's ${own.O2} Mpps of clang -O2 without the program's ${programNs.toFixed(1)} ns`;
  return { dispatch: { ns: Math.max(0, ns), byAction: {} }, source };
}

function serverOf(options: TrafficOptions, paper: PaperFigures): ServerModel & { baseBatch: number } {
  const given = Object.fromEntries(Object.entries(options.server).filter(([, v]) => v !== undefined));
  return { batch: 64, wakeNs: 0, pollNs: 0, isFlushedPerBatch: false, ...paperServer(paper), ...given };
}

/** The paper's loads of the program, else the same four places between the versions' limits. */
function loadsOf(
  id: string,
  paper: PaperFigures,
  lossFree: readonly number[],
): { name: PaperLoad; rate: number }[] {
  const names: PaperLoad[] = ['low', 'medium', 'high', 'saturating'];
  const printed = paper.table3[id];
  const own = fourLoads(Math.min(...lossFree), Math.max(...lossFree));
  return names.map((name) => ({ name, rate: printed === undefined ? own[name] : printed[name].mpps * 1e6 }));
}
