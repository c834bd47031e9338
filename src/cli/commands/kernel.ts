/** `k2 kernel`: the running kernel's opinion. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../program/errors.ts';
import { count, type WhichPrograms, whichPrograms } from '../args.ts';
import { Exit } from '../failure.ts';
import { say, sayJson } from '../output.ts';
import { matrixCommand } from './kernelmatrix.ts';
import { timeCommands } from './kerneltime.ts';
import { truthCommands } from './kerneltruth.ts';

interface DiffArgs extends WhichPrograms {
  runs: number;
  seed: number;
  sequence: number;
  case?: string;
  json?: boolean;
}

export function kernelCommand(program: Command): void {
  const group = program
    .command('kernel')
    .description('ask the running kernel (needs root); nothing is attached');
  whichPrograms(group.command('check <file>'))
    .description('does the kernel accept the programs of a file? exit code 1 when it refuses one')
    .option('--json', 'as JSON')
    .action(check);
  whichPrograms(group.command('diff <a> <b>'))
    .description('run two versions of a program on the same inputs; exit code 1 when they differ')
    .option('--runs <n>', 'how many inputs', count, 1000)
    .option('--seed <n>', 'of the inputs', count, 1)
    .option('--sequence <n>', 'inputs in a row on the same maps', count, 8)
    .option('--case <file>', 'write a difference as a case file (see replay)')
    .option('--json', 'as JSON')
    .action(diff);
  timeCommands(group);
  truthCommands(group);
  matrixCommand(group);
}

async function check(file: string, o: WhichPrograms & { json?: boolean }): Promise<void> {
  const { accepts } = await import('../../kernel/load.ts');
  const { usablePrograms } = await import('../programs.ts');
  const rows = usablePrograms(file, o).map((p) => ({ name: p.name, section: p.section, ...accepts(p) }));
  if (o.json === true) sayJson(rows);
  else
    for (const r of rows) {
      const where = `${r.name}${r.section === '' ? '' : ` (${r.section})`}`;
      if (r.status === 'accepted')
        say(`${where}: accepted, ${r.verifiedInsns} instructions verified, ${r.jited} bytes of machine code`);
      else say(`${where}: ${r.status}: ${r.reason}`);
    }
  if (rows.some((r) => r.status === 'refused')) throw new Exit(1);
}

async function diff(a: string, b: string, o: DiffArgs): Promise<void> {
  const { kernelDiff } = await import('../../kernel/diff.ts');
  const { caseText, interpreterSays, kernelTests } = await import('../../kernel/index.ts');
  const { usablePrograms } = await import('../programs.ts');
  const others = new Map(usablePrograms(b, o).map((p) => [p.name, p]));
  const originals = usablePrograms(a, o);
  const rows = originals.map((p) => {
    const other = originals.length === 1 && others.size === 1 ? [...others.values()][0] : others.get(p.name);
    if (other === undefined) throw new UserError(`it has no program '${p.name}'.`, b, `${a} has.`);
    const options = { limit: o.runs, sequence: Math.max(1, o.sequence) };
    const result = kernelDiff(p, other, kernelTests(p, o.seed), options);
    if (result.status !== 'ran' || result.difference === undefined) return { name: p.name, ...result };
    if (o.case !== undefined)
      writeFileSync(
        o.case,
        caseText([p, other], result.difference, { note: `${basename(a)} against ${basename(b)}` }),
      );
    const interpreter = [p, other].map((q) => interpreterSays(q, result.difference!));
    return { name: p.name, ...result, interpreter };
  });
  if (o.json === true) sayJson(rows);
  else
    for (const r of rows) {
      if (r.status !== 'ran') say(`${r.name}: cannot run: ${r.reason}`);
      else if (r.difference === undefined) say(`${r.name}: ${r.agreed} of ${r.runs} runs agree`);
      else {
        say(`${r.name}: DIFFERENT on input ${r.difference.index}: ${JSON.stringify(r.difference.places)}`);
        if ('interpreter' in r)
          say(`  our interpreter and the kernel: ${r.interpreter[0]} on ${a}, ${r.interpreter[1]} on ${b}`);
      }
      if (r.status === 'ran')
        for (const [what, n] of Object.entries(r.skipped)) say(`  ${n} inputs could not be played: ${what}`);
    }
  if (rows.some((r) => r.status === 'ran' && r.difference !== undefined)) throw new Exit(1);
}
