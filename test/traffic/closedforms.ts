/**
 * Closed forms beyond those of src/traffic/queueing.ts, and the server that they are about. M/M/1/K:
 * Kleinrock 1975.
 */
import { mg1Wait } from '../../src/traffic/queueing.ts';
import type { ServerModel } from '../../src/traffic/simulate.ts';

/** An ideal single server: for comparison with closed forms. */
export const IDEAL_SERVER: ServerModel = {
  ring: Number.POSITIVE_INFINITY,
  batch: 1,
  wakeNs: 0,
  pollNs: 0,
  isFlushedPerBatch: false,
  baseNs: 0,
};

/** Mean waiting time with exponential service times. */
export function mm1Wait(rate: number, meanService: number): number {
  return mg1Wait(rate, meanService, 2 * meanService * meanService);
}

/**
 * Share of arrivals that find a system of `capacity` places (the one in service included) full; exponential
 * service.
 */
export function mm1kLoss(rate: number, meanService: number, capacity: number): number {
  const rho = rate * meanService;
  if (rho === 1) return 1 / (capacity + 1);
  // Scaled by the larger power, so that nothing overflows.
  return rho < 1
    ? ((1 - rho) * rho ** capacity) / (1 - rho ** (capacity + 1))
    : (1 - 1 / rho) / (1 - rho ** -(capacity + 1));
}

/**
 * Share of arrivals lost in an M/D/1/K system, K places with the one in service. From the embedded chain of
 * the number left behind by departures: loss = 1 - 1 / (p0 + rho), p0 its probability of an empty system
 * (Takagi 1993).
 */
export function md1kLoss(rate: number, service: number, capacity: number): number {
  const rho = rate * service;
  // a[k]: probability of k arrivals during one service.
  const a: number[] = [Math.exp(-rho)];
  for (let k = 1; k <= capacity; k++) a.push((a[k - 1]! * rho) / k);
  // Unnormalised probabilities of 0 .. K-1 left behind.
  const q: number[] = [1];
  for (let n = 0; n + 1 < capacity; n++) {
    let rest = q[n]! - q[0]! * a[n]!;
    for (let j = 1; j <= n; j++) rest -= q[j]! * a[n - j + 1]!;
    q.push(rest / a[0]!);
  }
  const total = q.reduce((s, x) => s + x, 0);
  return 1 - 1 / (1 / total + rho);
}
