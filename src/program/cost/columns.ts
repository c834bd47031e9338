/**
 * The numbers of a cost vector by name: what tables show, rules and filters refer to, and veristat calls its
 * own way.
 *
 *   slots  instructions  ns  jited  stack                         our own count and models
 *   verifier@6.1  states@6.1  peak-states@6.1  jited@6.1  stack@6.1        what a kernel says
 *
 * A name without its kernel means all columns of that name.
 */
import type { CostVector, KernelCost } from './cost-vector.ts';

export interface CostColumn {
  /** `verifier@6.1`. */
  id: string;
  /** `verifier`. */
  name: string;
  kernel?: string;
  unit: string;
  digits: number;
  value: number | undefined;
  /** What the kernel permits at most, where it has a limit. */
  limit?: number;
}

interface OwnColumn {
  name: string;
  unit: string;
  digits: number;
  of(cost: CostVector): number | undefined;
}

interface KernelColumn {
  name: string;
  unit: string;
  of(cost: KernelCost): number | undefined;
  limit?(cost: KernelCost): number | undefined;
}

const OWN: readonly OwnColumn[] = [
  { name: 'slots', unit: 'slots', digits: 0, of: (c) => c.slots },
  { name: 'instructions', unit: 'instructions', digits: 0, of: (c) => c.instructions },
  { name: 'ns', unit: 'ns', digits: 2, of: (c) => c.pathNs },
  { name: 'jited', unit: 'bytes', digits: 0, of: (c) => c.machineCode },
  { name: 'stack', unit: 'bytes', digits: 0, of: (c) => c.stack },
];

const PER_KERNEL: readonly KernelColumn[] = [
  { name: 'verifier', unit: 'instructions', of: (k) => k.processed, limit: (k) => k.limit },
  { name: 'states', unit: 'states', of: (k) => k.totalStates },
  { name: 'peak-states', unit: 'states', of: (k) => k.peakStates },
  { name: 'jited', unit: 'bytes', of: (k) => k.machineCode },
  { name: 'stack', unit: 'bytes', of: (k) => k.stack, limit: () => STACK_LIMIT },
];
const STACK_LIMIT = 512;

export const COST_NAMES: readonly string[] = [...new Set([...OWN, ...PER_KERNEL].map((c) => c.name))];

/** What experiments call a column: a rule written for results means the same of objects. */
const ALIASES: Readonly<Record<string, string>> = { size: 'slots', latency: 'ns' };

/** A column's own name. */
export function columnNamed(word: string): string {
  return ALIASES[word] ?? word;
}

/** All columns of a vector, those without a number too. */
export function columnsOf(cost: CostVector): CostColumn[] {
  const own = OWN.map(({ name, unit, digits, of }) => ({ id: name, name, unit, digits, value: of(cost) }));
  const said = cost.kernels.flatMap((k) =>
    PER_KERNEL.map(({ name, unit, of, limit }): CostColumn => {
      const most = limit?.(k);
      return {
        id: `${name}@${k.kernel}`,
        name,
        kernel: k.kernel,
        unit,
        digits: 0,
        value: of(k),
        ...(most === undefined ? {} : { limit: most }),
      };
    }),
  );
  return [...own, ...said];
}

/** Whether `word`, a column or a name without its kernel, means this column. */
export function isMeant(column: Pick<CostColumn, 'id' | 'name'>, word: string): boolean {
  return column.id === word || column.name === word;
}
