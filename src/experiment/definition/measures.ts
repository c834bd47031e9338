/** What a definition may have measured beside size and modeled latency, as it is written there. */
import { z } from 'zod';

const share = z.number().min(0).max(1);
const positive = z.number().positive();

const WorkloadSchema = z
  .strictObject({
    seed: z.number().int().min(0).optional(),
    flows: z.number().int().min(1).max(4096).optional().describe('Different flows'),
    skew: z
      .number()
      .min(0)
      .max(4)
      .optional()
      .describe("Exponent of the flows' popularity (Zipf); 0: all alike"),
    protocols: z
      .strictObject({
        udp: positive.optional(),
        tcp: positive.optional(),
        icmp: positive.optional(),
        udp6: positive.optional(),
        tcp6: positive.optional(),
        arp: positive.optional(),
      })
      .refine((p) => Object.keys(p).length > 0, 'must name a protocol')
      .optional()
      .describe('Shares of the flows'),
    sizes: z
      .array(z.tuple([z.number().int().min(60).max(9000), positive]))
      .nonempty()
      .optional()
      .describe('Bytes per frame, and shares'),
    hits: share.optional().describe("Share of the flows whose keys are in the program's maps"),
    capture: z
      .string()
      .optional()
      .describe('A pcap or pcapng file with the packets, instead of all the above but hits'),
  })
  .describe('Which packets come');

const action = z.number().min(0).optional();

export const TrafficSchema = z
  .strictObject({
    workload: WorkloadSchema.default({}),
    dispatch: z
      .union([
        z.literal('paper'),
        z.strictObject({
          ns: z.number().min(0),
          byAction: z
            .strictObject({ aborted: action, drop: action, pass: action, tx: action, redirect: action })
            .default({}),
        }),
      ])
      .default('paper')
      .describe(
        "Nanoseconds per packet outside the program; paper: what the paper's throughput of clang -O2 leaves for it",
      ),
    server: z
      .strictObject({
        ring: z.number().int().min(1).optional().describe('Packets that wait; more are dropped'),
        batch: z.number().int().min(1).optional().describe('Packets per poll (NAPI)'),
        wakeNs: z.number().min(0).optional().describe('From an arrival at an idle core to the first poll'),
        pollNs: z.number().min(0).optional().describe('Per poll'),
        isFlushedPerBatch: z.boolean().optional().describe('Packets leave at the end of their batch'),
        baseNs: z.number().min(0).optional().describe('Of every latency: wires, card, generator'),
        baseBatch: z
          .number()
          .min(0)
          .optional()
          .describe('Service times that every packet waits, even when idle'),
      })
      .default({})
      .describe("Default: what fits the paper's latencies"),
    arrivals: z.enum(['poisson', 'constant']).default('poisson'),
    packets: z.number().int().min(1000).default(100_000).describe('Per simulation'),
    seed: z.number().int().min(0).default(1),
    curve: z.number().int().min(0).max(100).default(0).describe('Points of the curves against load'),
  })
  .describe('Modeled throughput and latency of the input and of the result');

export const SWITCHES = ['I', 'II', 'III', 'IV', 'V'] as const;

export const EquivalenceSchema = z
  .strictObject({
    questions: z
      .number()
      .int()
      .min(1)
      .default(20)
      .describe('Checks that are repeated, drawn from the search'),
    switches: z
      .array(z.array(z.enum(SWITCHES)))
      .nonempty()
      .describe('Which accelerations are on, e.g. [I, II, III, IV]'),
    seconds: positive
      .default(20)
      .describe('CPU seconds per set of switches; a check that has begun is finished'),
    rlimit: z
      .number()
      .int()
      .min(1)
      .default(3_000_000)
      .describe("Limit of a check in the solver's resource units, the same on every machine"),
  })
  .describe('Times of equivalence checks with accelerations off');

export const TimeSchema = z
  .strictObject({
    tests: z.number().int().min(1).max(256).default(16).describe('Inputs, one per path'),
    rounds: z.number().int().min(2).max(1000).default(12).describe('Reloads of every version'),
    samples: z.number().int().min(1).max(100).default(6).describe('Timed runs per reload and input'),
    seed: z.number().int().min(0).default(1),
  })
  .describe('Nanoseconds of input and result in the running kernel. Cells then run one after the other');

export const ConsentSchema = z
  .strictObject({
    runs: z.number().int().min(0).default(2000).describe('Differential runs per version'),
    seed: z.number().int().min(0).default(1),
  })
  .describe('The running kernel is asked about every version at the end; best with the option kernel: off');

export const MeasureSchema = z.strictObject({
  consent: ConsentSchema.optional(),
  time: TimeSchema.optional(),
  traffic: TrafficSchema.optional(),
  equivalence: EquivalenceSchema.optional(),
  cache: z.boolean().optional().describe('Hits of the verdict cache'),
  kernels: z
    .array(z.string())
    .nonempty()
    .optional()
    .describe(
      'Kernels whose verifiers say what input and result cost: running, or added with k2 kernel vm add; default: running, unless the option kernel is off',
    ),
});

export type MeasureOptions = z.infer<typeof MeasureSchema>;
export type TimeMeasure = z.infer<typeof TimeSchema>;
export type TrafficOptions = z.infer<typeof TrafficSchema>;
export type EquivalenceOptions = z.infer<typeof EquivalenceSchema>;
export type Switch = (typeof SWITCHES)[number];
