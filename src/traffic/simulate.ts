/**
 * A seeded discrete-event simulation of one core that receives packets the way Linux does.
 *
 *   arrivals --> ring of finite size (full: dropped) --interrupt--> poll: up to a batch, one after the other
 *     --> departures
 *
 * An idle core learns of a packet after the interrupt's delay; then it polls batch after batch while there is
 * work (NAPI). Packets leave with the end of their batch when the driver flushes then, else when they are
 * done. Times in nanoseconds.
 */
import { Rng } from '../base/random.ts';

export interface ServerModel {
  /** Packets that wait, beside the batch at hand; more are dropped. */
  ring: number;
  /** Packets that one poll takes at most (NAPI's budget: 64). */
  batch: number;
  /** From an arrival at an idle core to its first poll. */
  wakeNs: number;
  /** Per poll, before its first packet. */
  pollNs: number;
  /** Packets leave at the end of their batch. */
  isFlushedPerBatch: boolean;
  /** Added to every latency: wires, network card, generator. */
  baseNs: number;
}

export type Arrivals = 'poisson' | 'constant';

/**
 * Service times and how often each is drawn; or `exponential` of a mean, for comparison with closed forms.
 */
export type ServiceDistribution =
  | { kind: 'mix'; ns: readonly number[]; weights: readonly number[] }
  | { kind: 'exponential'; meanNs: number };

export interface SimulationOptions {
  arrivals: Arrivals;
  /** Packets per second offered. */
  rate: number;
  packets: number;
  seed: number;
  /** Share of the packets at the start that do not count. */
  warmUp?: number;
  /** Packets that wait at the start: a ring that is full already shows an overload however small. */
  prefill?: number;
}

export interface SimulationResult {
  offered: number;
  dropped: number;
  /** Share of the counted packets. */
  loss: number;
  /** Packets per second that left, over the counted time. */
  throughput: number;
  /** Of packets that left, in ns; NaN when none did. */
  meanNs: number;
  p50Ns: number;
  p99Ns: number;
  /** Mean number of packets in ring and batch, by Little's law. */
  occupancy: number;
}

export function simulate(
  service: ServiceDistribution,
  server: ServerModel,
  options: SimulationOptions,
): SimulationResult {
  const { arrivals, rate, packets, seed } = options;
  // Separate streams: versions of a program see the same packets at the same times.
  const gaps = new Rng('arrivals', seed);
  const draw = sampler(service, new Rng('service', seed));
  const first = Math.floor(packets * (options.warmUp ?? 0.1));
  const mean = 1e9 / rate;
  const latencies: number[] = [];
  const arrived = new Queue();
  let clock = 0;
  let dropped = 0;
  let countFrom = 0;
  let busyUntil = 0;
  const departures: number[] = [];
  for (let k = 0; k < (options.prefill ?? 0); k++) arrived.push({ time: 0, index: -1 });

  /** Serves all polls that start before `until`. */
  const serve = (until: number): void => {
    while (arrived.length > 0) {
      const head = arrived.at(0);
      // Idle until the interrupt; a packet that came while the core was busy is polled at once.
      const start = head.time > busyUntil ? head.time + server.wakeNs : busyUntil;
      if (start > until) return;
      let at = start + server.pollNs;
      const batch: { time: number; index: number }[] = [];
      const done: number[] = [];
      while (batch.length < server.batch && arrived.length > 0 && arrived.at(0).time <= start) {
        batch.push(arrived.shift());
        at += draw();
        done.push(at);
      }
      busyUntil = at;
      batch.forEach(({ time, index }, k) => {
        const end = server.isFlushedPerBatch ? at : done[k]!;
        departures.push(end);
        if (index >= first) latencies.push(end - time + server.baseNs);
      });
    }
  };

  for (let index = 0; index < packets; index++) {
    clock += arrivals === 'poisson' ? -Math.log(1 - gaps.unit()) * mean : mean;
    if (index === first) countFrom = clock;
    serve(clock);
    if (arrived.length >= server.ring) {
      if (index >= first) dropped++;
    } else arrived.push({ time: clock, index });
  }
  const duration = clock - countFrom;
  serve(Number.POSITIVE_INFINITY);
  const counted = packets - first;
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
  const meanNs = latencies.reduce((s, x) => s + x, 0) / latencies.length;
  const left = departures.filter((t) => t >= countFrom && t <= clock).length;
  const throughput = duration > 0 ? (left / duration) * 1e9 : 0;
  return {
    offered: counted,
    dropped,
    loss: dropped / counted,
    throughput,
    meanNs,
    p50Ns: quantile(0.5),
    p99Ns: quantile(0.99),
    occupancy: (throughput / 1e9) * (meanNs - server.baseNs),
  };
}

/** Draws service times in ns. */
function sampler(service: ServiceDistribution, rng: Rng): () => number {
  if (service.kind === 'exponential') return () => -Math.log(1 - rng.unit()) * service.meanNs;
  const { ns, weights } = service;
  const [only] = ns;
  if (ns.length === 1 && only !== undefined) return () => only;
  const ends: number[] = [];
  for (const w of weights) ends.push((ends.at(-1) ?? 0) + w);
  const total = ends.at(-1) ?? 0;
  return () => {
    const x = rng.unit() * total;
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! > x) high = middle;
      else low = middle + 1;
    }
    return ns[low]!;
  };
}

interface Waiting {
  time: number;
  index: number;
}

/** First in, first out, without moving what is left at every step. */
class Queue {
  private items: Waiting[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  at(k: number): Waiting {
    return this.items[this.head + k]!;
  }

  push(w: Waiting): void {
    this.items.push(w);
  }

  shift(): Waiting {
    const w = this.items[this.head++]!;
    if (this.head > 4096 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return w;
  }
}
