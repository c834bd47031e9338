/** `k2 kernel`: the running kernel's opinion. */
import type { Command } from 'commander';
import { type WhichPrograms, whichPrograms } from '../../args.ts';
import { ExitCode } from '../../failure.ts';
import { say, sayJson } from '../../output.ts';
import { diffCommand } from './diff.ts';
import { truthCommands } from './fuzz.ts';
import { matrixCommand } from './matrix.ts';
import { timeCommands } from './time.ts';

export function kernelCommand(program: Command): void {
  const group = program
    .command('kernel')
    .description('ask the running kernel (needs root); nothing is attached');
  whichPrograms(group.command('check <file>'))
    .description('does the kernel accept the programs of a file? exit code 1 when it refuses one')
    .option('--json', 'as JSON')
    .action(check);
  diffCommand(group);
  timeCommands(group);
  truthCommands(group);
  matrixCommand(group);
}

async function check(file: string, o: WhichPrograms & { json?: boolean }): Promise<void> {
  const { accepts } = await import('../../../kernel/run/load.ts');
  const { usablePrograms } = await import('../../programs.ts');
  const rows = usablePrograms(file, o).map((p) => ({ name: p.name, section: p.section, ...accepts(p) }));
  if (o.json === true) sayJson(rows);
  else
    for (const r of rows) {
      const where = `${r.name}${r.section === '' ? '' : ` (${r.section})`}`;
      if (r.status === 'accepted') {
        const without = r.withoutBtf === undefined ? '' : ` without its BTF (${r.withoutBtf})`;
        say(
          `${where}: accepted${without}, ${r.verifiedInsns} instructions verified, ${r.jited} bytes of machine code`,
        );
      } else say(`${where}: ${r.status}: ${r.reason}`);
    }
  if (rows.some((r) => r.status === 'refused')) throw new ExitCode(1);
}
