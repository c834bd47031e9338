/** `k2 check`: would the kernel verifier accept a program? Without a kernel. */
import type { Command } from 'commander';
import type { FaultyRun, SafetyFinding } from '../../../api/check.ts';
import type { Program } from '../../../program/program.ts';
import { count, linux, type WhichPrograms, whichPrograms } from '../../args.ts';
import { EXIT_UNKNOWN, ExitCode } from '../../failure.ts';
import { say, sayJson } from '../../output.ts';

interface CheckArgs extends WhichPrograms {
  kernel?: string;
  perfmon: boolean;
  runs: number;
  seed: number;
  json?: boolean;
}

/** What was found in one program. */
interface CheckRow {
  name: string;
  section: string;
  status: 'safe' | 'unsafe' | 'unknown' | 'unusable';
  processed?: number;
  findings: readonly SafetyFinding[];
  shownBy?: FaultyRun;
}

export function checkCommand(program: Command): void {
  whichPrograms(program.command('check <file>'))
    .description(
      'check whether a kernel would accept the programs of a file, without loading them; exit code 1 when one is unsafe, 3 when one is not known',
    )
    .option('--kernel <version>', 'by the rules of this Linux, e.g. 5.4', linux, '6.18')
    .option(
      '--no-perfmon',
      'for a loader without CAP_PERFMON: stack bytes must be written before they are read',
    )
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
  if (rows.some((r) => r.status === 'unknown')) throw new ExitCode(EXIT_UNKNOWN);
}

async function rowOf(program: Program, { kernel, runs, seed, perfmon }: CheckArgs): Promise<CheckRow> {
  const { check } = await import('../../../api/check.ts');
  const { name, section } = program;
  const { status, ...rest } = check(program, { kernel, runs, seed, perfmon });
  return { name, section, status, ...rest };
}

/** Findings that are shown; --json has all. */
const SHOWN = 5;

async function textOf(row: CheckRow, program: Program | undefined): Promise<string> {
  const { inputText } = await import('../../evidence.ts');
  const title = row.section === '' ? row.name : `${row.name} (${row.section})`;
  if (row.status === 'safe') return `${title}: safe, ${row.processed} instructions processed`;
  if (row.status === 'unusable') return `${title}: not checked: ${row.findings[0]?.reason}`;
  const isUnknown = row.status === 'unknown';
  const lines = [
    `${title}: ${isUnknown ? 'cannot tell: it calls kernel functions, whose rules are not known here' : 'UNSAFE'}`,
  ];
  for (const f of row.findings.slice(0, SHOWN))
    lines.push(f.slot === undefined ? `  ${f.reason}` : `  slot ${f.slot}, ${f.insn}: ${f.reason}`);
  if (row.findings.length > SHOWN) lines.push(`  ... ${row.findings.length - SHOWN} more (--json has them)`);
  if (isUnknown || row.findings.every((f) => f.needs !== undefined)) return lines.join('\n');
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
