/**
 * Cost vectors in the CSV format of veristat (tools/testing/selftests/bpf), so that scripts that read or
 * compare it go on working: one line per program, one kernel.
 */
import { UserError } from '../../base/errors.ts';
import type { CostVector, KernelCost } from './cost-vector.ts';

export interface NamedCost {
  file: string;
  program: string;
  cost: CostVector;
}

/**
 * veristat's names of the columns, in the order in which they are written, and the other names that it reads.
 */
const HEAD =
  'file_name,prog_name,verdict,total_insns,total_states,peak_states,stack,prog_size,prog_size_jited';
const ALSO: Readonly<Record<string, string>> = {
  filename: 'file_name',
  insns: 'total_insns',
  states: 'total_states',
};

/** @param kernel whose numbers; default: the first of each vector */
export function veristatCsv(rows: readonly NamedCost[], kernel?: string): string {
  const lines = rows.map(({ file, program, cost }) => {
    const said = cost.kernels.find((k) => kernel === undefined || k.kernel === kernel);
    const verdict = said?.status === 'accepted' ? 'success' : 'failure';
    const numbers = [
      said?.processed,
      said?.totalStates,
      said?.peakStates,
      said?.stack,
      cost.slots,
      said?.machineCode,
    ];
    return [file, program, verdict, ...numbers.map((n) => n ?? 'N/A')].join(',');
  });
  return `${[HEAD, ...lines].join('\n')}\n`;
}

/** @throws UserError when the text has not the columns that a comparison needs */
export function readVeristat(text: string, file: string): NamedCost[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((l) => l.trim() !== '');
  const names = head.split(',').map((h) => ALSO[h.trim()] ?? h.trim());
  for (const needed of ['file_name', 'prog_name', 'verdict'])
    if (!names.includes(needed))
      throw new UserError(
        `this is no CSV of veristat: it has no column '${needed}'.`,
        file,
        'Make it with veristat -o csv.',
      );
  return lines.map((line): NamedCost => {
    const cells = line.split(',');
    const cell = (name: string): string => cells[names.indexOf(name)] ?? '';
    const number = (name: string): number | undefined => {
      const text = names.includes(name) ? cell(name) : '';
      return /^\d+$/.test(text) ? Number(text) : undefined;
    };
    const numbers: [keyof KernelCost, number | undefined][] = [
      ['processed', number('total_insns')],
      ['totalStates', number('total_states')],
      ['peakStates', number('peak_states')],
      ['stack', number('stack')],
      ['machineCode', number('prog_size_jited')],
      ['limit', number('total_insns') === undefined ? undefined : VERIFIER_LIMIT],
    ];
    const slots = number('prog_size') ?? 0;
    const kernel = {
      kernel: 'veristat',
      status: cell('verdict') === 'success' ? 'accepted' : 'refused',
      ...Object.fromEntries(numbers.filter(([, n]) => n !== undefined)),
    } as KernelCost;
    return {
      file: cell('file_name'),
      program: cell('prog_name'),
      cost: { slots, instructions: slots, kernels: [kernel] },
    };
  });
}
/** Instructions that the verifier of Linux 5.2 and later processes at most. */
const VERIFIER_LIMIT = 1_000_000;
