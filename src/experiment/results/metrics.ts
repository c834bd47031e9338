/** What of a row can be compared. Less is better for every metric. */
import type { ResultRow } from './result.ts';

export interface MetricInfo {
  id: string;
  label: string;
  unit: string;
  /** Decimals shown. */
  digits: number;
  /** Same input, options and seed give the same number on every machine. */
  exact: boolean;
  value(row: ResultRow): number | undefined;
}

export const METRICS: readonly MetricInfo[] = [
  {
    id: 'size',
    label: 'size',
    unit: 'slots',
    digits: 0,
    exact: true,
    value: (r) => r.measurements.slots.after.value,
  },
  {
    id: 'instructions',
    label: 'instructions',
    unit: 'instructions',
    digits: 0,
    exact: true,
    value: (r) => r.measurements.instructions.after.value,
  },
  {
    id: 'latency',
    label: 'modeled latency',
    unit: 'ns',
    digits: 2,
    exact: true,
    value: (r) => r.measurements.latency.after.value,
  },
  {
    id: 'static-latency',
    label: 'static latency',
    unit: 'ns',
    digits: 2,
    exact: true,
    value: (r) => r.measurements.staticLatency.after.value,
  },
  {
    id: 'throughput',
    label: 'modeled time per packet at the loss-free limit',
    unit: 'ns',
    digits: 2,
    exact: true,
    value: ({ extra }) => {
      const ours =
        extra?.traffic?.status === 'measured'
          ? extra.traffic.versions.find((v) => v.name === 'ours')
          : undefined;
      return ours === undefined ? undefined : 1e9 / ours.maxRate.lossFree;
    },
  },
  {
    id: 'verifier',
    label: "instructions processed by the first asked kernel's verifier",
    unit: 'instructions',
    digits: 0,
    exact: true,
    value: ({ costs }) => costs?.after.kernels[0]?.processed,
  },
  {
    id: 'jited',
    label: 'modeled machine code',
    unit: 'bytes',
    digits: 0,
    exact: true,
    value: ({ costs }) => costs?.after.machineCode,
  },
  {
    id: 'stack',
    label: 'modeled stack',
    unit: 'bytes',
    digits: 0,
    exact: true,
    value: ({ costs }) => costs?.after.stack,
  },
  {
    id: 'seconds',
    label: 'optimization time',
    unit: 's',
    digits: 2,
    exact: false,
    value: (r) => r.seconds,
  },
];

export function metricNamed(id: string): MetricInfo | undefined {
  return METRICS.find((m) => m.id === id);
}
