/**
 * Fits the constants of the model to measured figures by least squares, and shows what is left over.
 *
 *   service time:  measured ns per packet = program's modeled ns + dispatch (one constant)
 *   latency:       measured ns at low load = base + weight x service time (a batch that is waited for)
 */
import { linearRegression, mean, rSquared } from 'simple-statistics';

export interface DispatchPoint {
  name: string;
  programNs: number;
  measuredNs: number;
}

export interface Residual {
  name: string;
  measured: number;
  modeled: number;
  /** measured - modeled. */
  residual: number;
  percent: number;
}

export interface DispatchFit {
  dispatchNs: number;
  residuals: Residual[];
}

/** The constant that is left on average. */
export function fitDispatch(points: readonly DispatchPoint[]): DispatchFit {
  const dispatchNs = mean(points.map((p) => p.measuredNs - p.programNs));
  return {
    dispatchNs,
    residuals: points.map((p) => residual(p.name, p.measuredNs, p.programNs + dispatchNs)),
  };
}

export interface LatencyPoint {
  name: string;
  serviceNs: number;
  latencyNs: number;
}

export interface LatencyFit {
  baseNs: number;
  /** Service times that a packet waits at low load. */
  batch: number;
  r2: number;
  residuals: Residual[];
}

export function fitLatency(points: readonly LatencyPoint[]): LatencyFit {
  const xy = points.map((p): [number, number] => [p.serviceNs, p.latencyNs]);
  const { m, b } = linearRegression(xy);
  const line = (x: number): number => m * x + b;
  return {
    baseNs: b,
    batch: m,
    r2: rSquared(xy, line),
    residuals: points.map((p) => residual(p.name, p.latencyNs, line(p.serviceNs))),
  };
}

/** Packets in the system at saturation, by Little's law: throughput x latency. */
export function effectiveQueue(packetsPerSecond: number, latencyNs: number): number {
  return (packetsPerSecond * latencyNs) / 1e9;
}

export function residual(name: string, measured: number, modeled: number): Residual {
  const difference = measured - modeled;
  return { name, measured, modeled, residual: difference, percent: (difference / measured) * 100 };
}
