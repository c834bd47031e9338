/**
 * Questions that a network asks of a server: how much without loss, how late at a load, and the curves
 * between.
 */
import { type ServerModel, type ServiceDistribution, type SimulationOptions, simulate } from './simulate.ts';

export type LoadOptions = Omit<SimulationOptions, 'rate'>;

/**
 * RFC 2544: the largest rate, in packets per second, whose loss is at most `loss`, found by bisection to one
 * part in `precision`. With the same seed at every rate, the answer is one number, not a distribution. The
 * ring is full at the start, so that a short run finds what a minute of overload would.
 */
export function maxRate(
  service: ServiceDistribution,
  server: ServerModel,
  options: LoadOptions,
  loss: number,
  precision = 10_000,
): number {
  const capacity = 1e9 / meanOf(service);
  const prefill = Number.isFinite(server.ring) ? server.ring : 0;
  const passes = (rate: number): boolean =>
    simulate(service, server, { prefill, ...options, rate }).loss <= loss;
  let [low, high] = [0, capacity];
  while (passes(high)) [low, high] = [high, high * 1.25];
  while (high - low > capacity / precision) {
    const middle = (low + high) / 2;
    if (passes(middle)) low = middle;
    else high = middle;
  }
  return low;
}

export function meanOf(service: ServiceDistribution): number {
  if (service.kind === 'exponential') return service.meanNs;
  const total = service.weights.reduce((s, w) => s + w, 0);
  return service.ns.reduce((s, ns, k) => s + ns * service.weights[k]!, 0) / total;
}

export interface LoadPoint {
  /** Offered packets per second. */
  rate: number;
  throughput: number;
  loss: number;
  meanNs: number;
  p99Ns: number;
}

export function loadCurve(
  service: ServiceDistribution,
  server: ServerModel,
  options: LoadOptions,
  rates: readonly number[],
): LoadPoint[] {
  return rates.map((rate) => {
    const { throughput, loss, meanNs, p99Ns } = simulate(service, server, { ...options, rate });
    return { rate, throughput, loss, meanNs, p99Ns };
  });
}

/**
 * The paper's four loads for a pair of versions: below the slower one's limit, at it, between the two, and
 * above the faster one's.
 */
export function fourLoads(
  slower: number,
  faster: number,
): Record<'low' | 'medium' | 'high' | 'saturating', number> {
  return {
    low: slower * 0.9,
    medium: slower,
    high: (slower + faster) / 2,
    saturating: faster * 1.05,
  };
}
