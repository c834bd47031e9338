/**
 * What a program costs those who load and run it: one type for every place that measures, compares or judges.
 *
 *   program --costOf (kernel/cost)--> CostVector --columnsOf (columns.ts)--> numbers with names
 *     --compareCosts--> changes
 *
 * Less is better in every number. A number that nobody measured is missing, never 0.
 */

/** What one kernel says of a program. */
export interface KernelCost {
  /** As it was asked for: `running`, `6.1`. */
  kernel: string;
  /** As uname(2) of that kernel has it. */
  release?: string;
  status: 'accepted' | 'refused' | 'not checked';
  reason?: string;
  /** Instructions that the verifier processed, of at most `limit`. */
  processed?: number;
  limit?: number;
  peakStates?: number;
  totalStates?: number;
  /** Bytes of stack, summed over the subprograms. */
  stack?: number;
  /** Bytes of machine code. */
  machineCode?: number;
}

export interface CostVector {
  /** Sizes: slots of 8 bytes, the paper's unit, and instructions. NOPs count 0. */
  slots: number;
  instructions: number;
  /** Modeled nanoseconds of a run, mean over test cases. */
  pathNs?: number;
  /** By our own models: bytes of machine code and of stack. */
  machineCode?: number;
  stack?: number;
  /** In the order in which they were asked. */
  kernels: readonly KernelCost[];
}

const SUMMED = ['processed', 'limit', 'peakStates', 'totalStates', 'stack', 'machineCode'] as const;

/**
 * Of an object: the sum over its programs. A number that one of them lacks is missing; `limit` is one
 * program's.
 */
export function sumCosts(costs: readonly CostVector[]): CostVector {
  const total = <K extends 'slots' | 'instructions' | 'pathNs' | 'machineCode' | 'stack'>(
    key: K,
  ): number | undefined => sum(costs.map((c) => c[key]));
  const names = [...new Set(costs.flatMap((c) => c.kernels.map((k) => k.kernel)))];
  return withoutMissing({
    slots: total('slots') ?? 0,
    instructions: total('instructions') ?? 0,
    pathNs: total('pathNs'),
    machineCode: total('machineCode'),
    stack: total('stack'),
    kernels: names.map((name) => sumKernel(name, costs)),
  });
}

function sumKernel(name: string, costs: readonly CostVector[]): KernelCost {
  const said = costs.map((c) => c.kernels.find((k) => k.kernel === name));
  const first = said.find((k) => k !== undefined);
  const worst = said.find((k) => k?.status === 'refused') ?? said.find((k) => k?.status !== 'accepted');
  const sums = SUMMED.map((key): [string, number | undefined] => [
    key,
    key === 'limit' ? first?.limit : sum(said.map((k) => k?.[key])),
  ]);
  return withoutMissing({
    kernel: name,
    release: first?.release,
    status: worst?.status ?? (said.includes(undefined) ? 'not checked' : 'accepted'),
    reason: worst?.reason,
    ...Object.fromEntries(sums),
  } as KernelCost);
}

/** Undefined when one is. */
function sum(numbers: readonly (number | undefined)[]): number | undefined {
  return numbers.reduce((s, n) => (s === undefined || n === undefined ? undefined : s + n), 0);
}

/** Without the keys whose value is undefined: JSON and comparisons see what is there. */
export function withoutMissing<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}
