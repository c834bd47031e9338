/**
 * `k2 kernel check`: does a kernel accept the programs of a file, and what does its verifier spend on them?
 */
import type { Command } from 'commander';
import type { LoadVerdict } from '../../../kernel/index.ts';
import { listOfWords, type WhichPrograms, whichPrograms } from '../../args.ts';
import { noteSkipped, openKernels } from '../../costs.ts';
import { ExitCode } from '../../failure.ts';
import { say, sayJson } from '../../output.ts';
import { usablePrograms } from '../../programs.ts';

interface CheckArgs extends WhichPrograms {
  kernels?: string[];
  json?: boolean;
}

type Row = { name: string; section: string; kernel: string; release?: string } & LoadVerdict;

export function checkCommand(group: Command): void {
  whichPrograms(group.command('check <file>'))
    .description('load the programs of a file; exit code 1 when the kernel refuses one')
    .option('--kernels <names>', 'these kernels: running, or added with k2 kernel vm add', listOfWords)
    .option('--json', 'as JSON')
    .action(check);
}

async function check(file: string, o: CheckArgs): Promise<void> {
  const { accepts } = await import('../../../kernel/index.ts');
  const names = o.kernels ?? ['running'];
  const programs = usablePrograms(file, o);
  const kernels = await openKernels(names);
  // Who names kernels is told which of them were not asked; else each program's line says so.
  if (o.kernels !== undefined) noteSkipped(kernels);
  const rows = programs.flatMap((p) =>
    kernels.map(({ name, kernel }): Row => {
      const which = { kernel: name, ...(kernel.ok ? { release: kernel.bpf.release } : {}) };
      return { name: p.name, section: p.section, ...which, ...accepts(p, { kernel, effort: true }) };
    }),
  );
  if (o.json === true) sayJson(rows);
  else for (const r of rows) say(`${rowTitle(r, names.length > 1)}: ${verdictText(r)}`);
  if (rows.some((r) => r.status === 'refused')) throw new ExitCode(1);
}

function rowTitle(r: Row, isOneOfSeveral: boolean): string {
  const where = `${r.name}${r.section === '' ? '' : ` (${r.section})`}`;
  return isOneOfSeveral ? `${where}, kernel ${r.kernel}` : where;
}

function verdictText(r: Row): string {
  if (r.status !== 'accepted') return `${r.status}: ${r.reason}`;
  const { effort } = r;
  const without = r.withoutBtf === undefined ? '' : ` without its BTF (${r.withoutBtf})`;
  const states =
    effort === undefined ? '' : `, ${effort.peakStates} states, ${effort.stackDepth} bytes of stack`;
  return `accepted${without}, ${r.verifiedInsns} instructions verified${states}, ${r.jited} bytes of machine code`;
}
