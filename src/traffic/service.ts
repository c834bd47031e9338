/** What a packet costs: modeled nanoseconds along its path, plus what the system does around the program. */
import type { Insn } from '../isa/insn.ts';
import type { Program } from '../program/program.ts';
import type { LatencyProfile } from '../vm/latency/latency.ts';
import { createMachine } from '../vm/machine/machine.ts';
import { meanOf } from './load.ts';
import type { ServiceDistribution } from './simulate.ts';
import type { WeightedTest } from './workload.ts';

/** Nanoseconds per packet outside the program, by what the program returns (XDP). */
export interface Dispatch {
  /** For every packet: driver, descriptor, call. */
  ns: number;
  /** On top, by action. */
  byAction: Readonly<Partial<Record<XdpAction, number>>>;
}

export type XdpAction = 'aborted' | 'drop' | 'pass' | 'tx' | 'redirect' | 'other';

const ACTIONS: readonly XdpAction[] = ['aborted', 'drop', 'pass', 'tx', 'redirect'];

export interface ServiceTimes {
  distribution: Extract<ServiceDistribution, { kind: 'mix' }>;
  /** Of the distribution: program and dispatch. */
  meanNs: number;
  /** Of the program alone. */
  programNs: number;
  /** Shares of the packets. */
  actions: Readonly<Partial<Record<XdpAction, number>>>;
  /** Share of the packets whose run ended in a fault; they are left out. */
  faults: number;
}

/**
 * Service times of a version of a program. `insns` may differ from the program's own: an optimized version.
 */
export function serviceTimes(
  program: Program,
  insns: readonly Insn[],
  tests: readonly WeightedTest[],
  dispatch: Dispatch,
  profile?: LatencyProfile,
): ServiceTimes {
  const machine = createMachine(program, profile === undefined ? {} : { profile });
  const byNs = new Map<number, number>();
  const actions: Partial<Record<XdpAction, number>> = {};
  let [weight, inside, faults] = [0, 0, 0];
  for (const { test, weight: w } of tests) {
    machine.setTests([test]);
    const { status, r0, latency } = machine.run(insns, 0);
    if (status === 'fault') {
      faults += w;
      continue;
    }
    const action = program.hook === 'xdp' ? (ACTIONS[Number(r0 & 0xffffffffn)] ?? 'other') : 'other';
    const ns = latency + dispatch.ns + (dispatch.byAction[action] ?? 0);
    byNs.set(ns, (byNs.get(ns) ?? 0) + w);
    actions[action] = (actions[action] ?? 0) + w;
    weight += w;
    inside += w * latency;
  }
  for (const a of Object.keys(actions) as XdpAction[]) actions[a]! /= weight;
  const distribution = { kind: 'mix' as const, ns: [...byNs.keys()], weights: [...byNs.values()] };
  return {
    distribution,
    meanNs: weight === 0 ? Number.NaN : meanOf(distribution),
    programNs: inside / weight,
    actions,
    faults: faults / (weight + faults),
  };
}
