/** The simulation against closed forms, and what must hold of any queue. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fourLoads, loadCurve, maxRate } from '../../src/traffic/load.ts';
import { md1Wait, mg1Wait } from '../../src/traffic/queueing.ts';
import { type ServiceDistribution, simulate } from '../../src/traffic/simulate.ts';
import { IDEAL_SERVER, md1kLoss, mm1kLoss, mm1Wait } from './closedforms.ts';

const constant = (ns: number): ServiceDistribution => ({ kind: 'mix', ns: [ns], weights: [1] });
const S = 100;
const at = (rho: number): number => (rho * 1e9) / S;
const base = { arrivals: 'poisson', packets: 200_000, seed: 1 } as const;

describe('closed forms', () => {
  it('agree with each other where they overlap', () => {
    expect(md1Wait(0.5, 1)).toBeCloseTo(0.5, 12);
    expect(mm1Wait(0.5, 1)).toBeCloseTo(1, 12);
    expect(md1Wait(1, 1)).toBe(Number.POSITIVE_INFINITY);
    // One place and no queue: Erlang's loss formula, for any service time.
    expect(mm1kLoss(0.7, 1, 1)).toBeCloseTo(0.7 / 1.7, 12);
    expect(md1kLoss(0.7, 1, 1)).toBeCloseTo(0.7 / 1.7, 12);
    expect(mm1kLoss(1, 1, 4)).toBeCloseTo(0.2, 12);
    expect(mm1kLoss(1.0001, 1, 4)).toBeCloseTo(0.2, 3);
    // Far beyond saturation, what is not served is lost.
    expect(mm1kLoss(4, 1, 50)).toBeCloseTo(0.75, 9);
    expect(md1kLoss(4, 1, 8)).toBeCloseTo(0.75, 6);
  });
});

describe('simulate', () => {
  it.each([0.3, 0.6, 0.8, 0.9])('waits as long as M/D/1 says at load %d', (rho) => {
    const { meanNs, loss } = simulate(constant(S), IDEAL_SERVER, { ...base, rate: at(rho) });
    expect(loss).toBe(0);
    expect((meanNs - S) / md1Wait(rho / S, S)).toBeCloseTo(1, 1);
  });

  it('waits as long as M/M/1 and M/G/1 say', () => {
    const mm1 = simulate({ kind: 'exponential', meanNs: S }, IDEAL_SERVER, { ...base, rate: at(0.6) });
    expect((mm1.meanNs - S) / mm1Wait(0.6 / S, S)).toBeCloseTo(1, 1);
    const mix: ServiceDistribution = { kind: 'mix', ns: [50, 250], weights: [3, 1] };
    const mg1 = simulate(mix, IDEAL_SERVER, { ...base, rate: at(0.6) });
    const square = (3 * 50 ** 2 + 250 ** 2) / 4;
    expect((mg1.meanNs - S) / mg1Wait(0.6 / S, S, square)).toBeCloseTo(1, 1);
  });

  it.each([
    [0.9, 5],
    [1.2, 4],
    [2, 10],
  ])('loses as much as M/M/1/K and M/D/1/K say at load %d with %d places', (rho, places) => {
    // One place is the packet in service.
    const server = { ...IDEAL_SERVER, ring: places - 1 };
    const mm = simulate({ kind: 'exponential', meanNs: S }, server, { ...base, rate: at(rho) });
    expect(Math.abs(mm.loss - mm1kLoss(rho / S, S, places))).toBeLessThan(0.012);
    const md = simulate(constant(S), server, { ...base, rate: at(rho) });
    expect(Math.abs(md.loss - md1kLoss(rho / S, S, places))).toBeLessThan(0.012);
  });

  it('never waits under constant arrivals below saturation', () => {
    const r = simulate(constant(S), IDEAL_SERVER, { ...base, arrivals: 'constant', rate: at(0.99) });
    expect(r.meanNs).toBeCloseTo(S, 6);
    expect(r.p99Ns).toBeCloseTo(S, 6);
  });

  it('fills its ring when saturated: latency is the ring times the service time (Little)', () => {
    const server = { ...IDEAL_SERVER, ring: 950, batch: 64 };
    const r = simulate(constant(S), server, { ...base, rate: at(1.3) });
    expect(r.throughput / at(1)).toBeCloseTo(1, 2);
    expect(r.occupancy).toBeGreaterThan(930);
    expect(r.occupancy).toBeLessThan(950 + 64);
    expect(r.loss).toBeCloseTo(1 - 1 / 1.3, 2);
  });

  it('is a function of its options', () => {
    const one = simulate(constant(S), IDEAL_SERVER, { ...base, packets: 5000, rate: at(0.8) });
    expect(simulate(constant(S), IDEAL_SERVER, { ...base, packets: 5000, rate: at(0.8) })).toEqual(one);
    expect(
      simulate(constant(S), IDEAL_SERVER, { ...base, packets: 5000, rate: at(0.8), seed: 2 }),
    ).not.toEqual(one);
  });

  it('loses nothing it did not drop, and is never faster than the service time', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        (rho, batch, ring, isFlushedPerBatch) => {
          const server = { ...IDEAL_SERVER, batch, ring, isFlushedPerBatch, wakeNs: 500 };
          const r = simulate(constant(S), server, { ...base, packets: 2000, rate: at(rho), warmUp: 0 });
          expect(r.p50Ns).toBeGreaterThanOrEqual(S);
          expect(r.throughput).toBeLessThanOrEqual(at(1) * (1 + (2 * batch) / 2000));
          expect(r.loss).toBe(r.dropped / 2000);
          expect(r.meanNs).toBeLessThanOrEqual((ring + 2 * batch) * S + 500);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('maxRate', () => {
  const server = { ...IDEAL_SERVER, ring: 950, batch: 64 };
  it('finds the capacity of constant arrivals, and a little more where some loss is allowed', () => {
    const options = { arrivals: 'constant', packets: 50_000, seed: 1 } as const;
    const none = maxRate(constant(S), server, options, 0);
    const some = maxRate(constant(S), server, options, 0.005);
    expect(none / at(1)).toBeGreaterThan(0.998);
    expect(none / at(1)).toBeLessThan(1.001);
    expect(some).toBeGreaterThan(none);
    expect(some / at(1)).toBeCloseTo(1 / 0.995, 2);
  });

  it('orders versions as their service times', () => {
    const options = { arrivals: 'poisson', packets: 30_000, seed: 1 } as const;
    const rates = [90, 95, 100].map((ns) => maxRate(constant(ns), server, options, 0, 1000));
    expect(rates[0]).toBeGreaterThan(rates[1]!);
    expect(rates[1]).toBeGreaterThan(rates[2]!);
  });
});

describe('loadCurve', () => {
  it('rises with the load and flattens at the capacity', () => {
    const server = { ...IDEAL_SERVER, ring: 256, batch: 64, baseNs: 1000 };
    const rates = [0.2, 0.6, 0.95, 1.2].map(at);
    const curve = loadCurve(constant(S), server, { ...base, packets: 20_000 }, rates);
    expect(curve.map((p) => p.meanNs)).toEqual(curve.map((p) => p.meanNs).toSorted((a, b) => a - b));
    expect(curve.map((p) => p.loss > 0)).toEqual([false, false, false, true]);
    expect(curve[0]!.throughput / at(0.2)).toBeCloseTo(1, 1);
    expect(fourLoads(10, 11)).toEqual({ low: 9, medium: 10, high: 10.5, saturating: 11.55 });
  });
});
