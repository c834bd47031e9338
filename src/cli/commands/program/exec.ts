/** `k2 exec`: the plugin contract of the bpf_conformance suite. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ExitCode } from '../../failure.ts';
import { note, say, sayJson } from '../../output.ts';

export function execCommand(program: Command): void {
  program
    .command('exec [memory]')
    .description(
      'run a program given as hexadecimal text on stdin; r1 points to the memory given as hexadecimal text, r2 is its length; prints r0',
    )
    .option('--program <hex>', 'the program, instead of stdin')
    .option('--elf', 'the program is an ELF object: its first program runs')
    .option('--debug', 'accepted and ignored: the suite may pass it')
    .option('--json', 'as JSON')
    .action(async (memory: string | undefined, o: { program?: string; elf?: boolean; json?: boolean }) => {
      const { execConformance } = await import('../../../vm/exec.ts');
      const result = execConformance(o.program ?? readFileSync(0, 'utf8'), memory ?? '', {
        elf: o.elf === true,
      });
      if (o.json === true) sayJson(result);
      else if (result.ok) say(result.r0.toString(16));
      else note(`k2: ${result.message}`);
      if (!result.ok) throw new ExitCode(1);
    });
}
