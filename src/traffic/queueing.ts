/**
 * Closed forms of single-server queues. Times in any unit, rates in its inverse; rho = arrival rate x mean
 * service time. M/D/1 and M/G/1 after Pollaczek and Khinchine.
 */

/** Mean waiting time in an M/G/1 queue, before service. Infinite where the server cannot keep up. */
export function mg1Wait(rate: number, meanService: number, meanSquareService: number): number {
  const rho = rate * meanService;
  return rho >= 1 ? Number.POSITIVE_INFINITY : (rate * meanSquareService) / (2 * (1 - rho));
}

/** Mean waiting time with constant service times. */
export function md1Wait(rate: number, service: number): number {
  return mg1Wait(rate, service, service * service);
}
