/** `k2 check`: is a program safe, as the kernel's checker sees it? Without a kernel. */
import type { Command } from 'commander';
import type { Program } from '../../../program/program.ts';
import type { Fault, TestCase } from '../../../vm/types.ts';
import { count, linux, type WhichPrograms, whichPrograms } from '../../args.ts';
import { ExitCode } from '../../failure.ts';
import { say, sayJson } from '../../output.ts';

interface CheckArgs extends WhichPrograms {
  kernel?: string;
  runs: number;
  seed: number;
  json?: boolean;
}

/** What was found in one program. `slot` counts as `k2 disasm` does; absent for what concerns the whole program. */
interface CheckRow {
  name: string;
  section: string;
  status: 'safe' | 'unsafe' | 'unusable';
  /** Instructions that were followed: our counterpart of what the kernel's log calls processed. */
  processed?: number;
  findings: readonly { slot?: number; insn?: string; reason: string }[];
  /** A run that does what the checker is there to prevent, or at least reaches the first finding, if one was found. */
  shownBy?: { slot: number; insn: string; fault?: Fault; input: TestCase };
}

export function checkCommand(program: Command): void {
  whichPrograms(program.command('check <file>'))
    .description(
      'would the kernel accept the programs of a file? by our own safety checker, without a kernel; exit code 1 when one is unsafe',
    )
    .option('--kernel <version>', 'by the rules of this Linux, e.g. 5.4', linux, '6.18')
    .option('--runs <n>', 'inputs to try for one that shows what is unsafe', count, 2000)
    .option('--seed <n>', 'of the inputs', count, 1)
    .option('--json', 'as JSON')
    .action(check);
}

async function check(file: string, o: CheckArgs): Promise<void> {
  const { findPrograms } = await import('../../programs.ts');
  const rows: CheckRow[] = [];
  for (const found of findPrograms(file, o)) {
    const row = found.ok
      ? await rowOf(found.program, o)
      : {
          ...{ name: found.name, section: found.section, status: 'unusable' as const },
          findings: [{ reason: found.reason }],
        };
    rows.push(row);
    if (o.json !== true) say(await textOf(row, found.ok ? found.program : undefined));
  }
  if (o.json === true) sayJson(rows);
  if (rows.some((r) => r.status === 'unsafe')) throw new ExitCode(1);
}

async function rowOf(program: Program, o: CheckArgs): Promise<CheckRow> {
  const { examine } = await import('../../../analysis/safety.ts');
  const { formatInsn } = await import('../../../isa/disasm.ts');
  const { slotOffsets } = await import('../../../isa/flow.ts');
  const { parseLinux } = await import('../../../base/linux.ts');
  const { validate } = await import('../../../isa/validate.ts');
  const { namesOf } = await import('../../../program/listing.ts');
  const { showFault } = await import('../../../vm/faults.ts');
  const { insns, name, section } = program;
  const offsets = slotOffsets(insns);
  const names = namesOf(program);
  const place = (at: number): { slot: number; insn: string } => ({
    slot: offsets[at]!,
    insn: formatInsn(insns[at]!, names),
  });
  const report = examine(program, { linux: parseLinux(o.kernel ?? '') });
  const findings = report.findings.map(({ index, reason }) => ({
    ...(insns[index] === undefined ? {} : place(index)),
    reason,
  }));
  const [first] = report.findings;
  if (first === undefined) return { name, section, status: 'safe', processed: report.steps, findings };
  const isWellFormed = insns.length > 0 && validate(insns, { kernel: true }).length === 0;
  const run = isWellFormed ? showFault(program, first.index, o.runs, o.seed) : undefined;
  const shownBy = run && { ...place(run.at), fault: run.fault, input: run.test };
  return { name, section, status: 'unsafe', processed: report.steps, findings, shownBy };
}

/** Findings that are shown; --json has all. */
const SHOWN = 5;

async function textOf(row: CheckRow, program: Program | undefined): Promise<string> {
  const { inputText } = await import('../../evidence.ts');
  const title = row.section === '' ? row.name : `${row.name} (${row.section})`;
  if (row.status === 'safe') return `${title}: safe, ${row.processed} instructions processed`;
  if (row.status === 'unusable') return `${title}: not checked: ${row.findings[0]?.reason}`;
  const lines = [`${title}: UNSAFE`];
  for (const f of row.findings.slice(0, SHOWN))
    lines.push(f.slot === undefined ? `  ${f.reason}` : `  slot ${f.slot}, ${f.insn}: ${f.reason}`);
  if (row.findings.length > SHOWN) lines.push(`  ... ${row.findings.length - SHOWN} more (--json has them)`);
  if (row.shownBy === undefined || program === undefined)
    return [...lines, '  no input was found that leads there'].join('\n');
  const { slot, insn, fault, input } = row.shownBy;
  lines.push(
    fault === undefined
      ? `  no input was found that faults; one that reaches slot ${slot}, ${insn}`
      : `  shown by a run: ${fault} at slot ${slot}, ${insn}`,
  );
  return [...lines, ...inputText(program, input).map((l) => `  ${l}`)].join('\n');
}
