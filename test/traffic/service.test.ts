import { describe, expect, it } from 'vitest';
import { entryOf, loadEntry, openCorpus } from '../../src/experiment/corpus/corpus.ts';
import type { Program } from '../../src/program/program.ts';
import { effectiveQueue, fitDispatch, fitLatency } from '../../src/traffic/calibrate.ts';
import { serviceTimes } from '../../src/traffic/service.ts';
import {
  DEFAULT_WORKLOAD,
  packetsOf,
  seesPackets,
  testsOf,
  type Workload,
} from '../../src/traffic/workload.ts';
import { priceOf } from '../../src/vm/latency/latency.ts';

function program(id: string): Program {
  const corpus = openCorpus('builtin');
  const loaded = loadEntry(corpus, entryOf(corpus, id), corpus.manifest.baseline);
  if (loaded.status !== 'ok') throw new Error(loaded.reason);
  return loaded.program;
}
const none = { ns: 0, byAction: {} };
const measure = (p: Program, w: Partial<Workload> = {}, dispatch = none) => {
  const workload = { ...DEFAULT_WORKLOAD, flows: 16, ...w };
  return serviceTimes(p, p.insns, testsOf(p, packetsOf(workload), workload.hits, workload.seed), dispatch);
};

describe('packetsOf', () => {
  it('makes well-formed frames of the wanted sizes and shares', () => {
    const packets = packetsOf({
      ...DEFAULT_WORKLOAD,
      flows: 8,
      skew: 1,
      sizes: [
        [60, 3],
        [1514, 1],
      ],
    });
    expect(packets).toHaveLength(16);
    expect(packets.reduce((s, p) => s + p.weight, 0)).toBeCloseTo(1, 12);
    expect(packets[0]!.weight / packets[1]!.weight).toBeCloseTo(3, 12);
    expect(packets[0]!.weight / packets[2]!.weight).toBeCloseTo(2, 12);
    for (const { packet } of packets) {
      const v = new DataView(packet.buffer);
      expect(v.getUint16(12)).toBe(0x0800);
      expect(v.getUint16(16)).toBe(packet.length - 14);
      let sum = 0;
      for (let k = 14; k < 34; k += 2) sum += v.getUint16(k);
      expect(((sum & 0xffff) + (sum >>> 16)) & 0xffff).toBe(0xffff);
    }
  });

  it('is a function of the workload', () => {
    expect(packetsOf(DEFAULT_WORKLOAD)).toEqual(packetsOf({ ...DEFAULT_WORKLOAD }));
    expect(packetsOf({ ...DEFAULT_WORKLOAD, seed: 2 })).not.toEqual(packetsOf(DEFAULT_WORKLOAD));
  });
});

describe('serviceTimes', () => {
  it('adds up what the executed instructions cost, and the dispatch of the action', () => {
    const p = program('xdp_proto_count');
    const alone = measure(p);
    const all = p.insns.reduce((s, i) => s + priceOf(i), 0);
    expect(alone.programNs).toBeGreaterThan(0);
    expect(alone.programNs).toBeLessThanOrEqual(all + 1e-9);
    expect(alone.meanNs).toBeCloseTo(alone.programNs, 9);
    expect(alone.faults).toBe(0);
    const [action] = Object.keys(alone.actions);
    const more = measure(p, {}, { ns: 40, byAction: { [action!]: 5 } });
    expect(more.meanNs).toBeCloseTo(alone.programNs + 40 + 5 * (alone.actions[action as 'pass'] ?? 0), 6);
  });

  it('sees the difference between flows that the maps know and others', () => {
    const p = program('xdp_policer');
    const [hit, miss] = [measure(p, { hits: 1 }), measure(p, { hits: 0 })];
    expect(hit.programNs).not.toBe(miss.programNs);
  });

  it('depends on the protocols', () => {
    const p = program('xdp_router_lpm');
    expect(measure(p, { protocols: { arp: 1 } }).programNs).toBeLessThan(measure(p).programNs);
  });

  it('knows which programs see packets', () => {
    expect(seesPackets(program('xdp_proto_count'))).toBe(true);
    expect(seesPackets(program('tp_sched_wakeup'))).toBe(false);
  });
});

describe('calibration', () => {
  it('finds the constants that figures were made with', () => {
    const services = [50, 100, 300, 700];
    const fit = fitLatency(services.map((s) => ({ name: `${s}`, serviceNs: s, latencyNs: 20_000 + 64 * s })));
    expect(fit.baseNs).toBeCloseTo(20_000, 6);
    expect(fit.batch).toBeCloseTo(64, 9);
    expect(fit.r2).toBeCloseTo(1, 9);
    expect(fit.residuals.every((r) => Math.abs(r.residual) < 1e-6)).toBe(true);
    const dispatch = fitDispatch([
      { name: 'a', programNs: 10, measuredNs: 60 },
      { name: 'b', programNs: 30, measuredNs: 90 },
    ]);
    expect(dispatch.dispatchNs).toBe(55);
    expect(dispatch.residuals.map((r) => r.residual)).toEqual([-5, 5]);
    expect(effectiveQueue(1e7, 95_000)).toBe(950);
  });
});
