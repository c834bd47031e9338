/** `k2 disasm`: what is in a file. */
import type { Command } from 'commander';
import { type WhichPrograms, whichPrograms } from '../../args.ts';
import { say, sayJson } from '../../output.ts';

export function disasmCommand(program: Command): void {
  whichPrograms(program.command('disasm <file>'))
    .description('print the programs of an object or an .insns file, in the syntax of the kernel verifier')
    .option('--macros', 'as BPF C macros (BPF_MOV64_IMM(...))')
    .option('--json', 'as JSON')
    .action(async (file: string, o: WhichPrograms & { macros?: boolean; json?: boolean }) => {
      const { findPrograms } = await import('../../programs.ts');
      const { listing, programText } = await import('../../../program/listing.ts');
      const { sizeInSlots } = await import('../../../isa/insn.ts');
      const found = findPrograms(file, o, { listing: true });
      if (o.json === true) {
        sayJson(
          found.map((f) =>
            f.ok
              ? {
                  status: 'ok',
                  ...f.program,
                  slots: sizeInSlots(f.program.insns),
                  listing: listing(f.program),
                }
              : { status: 'unusable', name: f.name, section: f.section, reason: f.reason },
          ),
        );
        return;
      }
      for (const f of found) {
        if (f.ok) say(programText(f.program, { macros: o.macros === true }));
        else say(`; ${f.name}, section ${f.section}, cannot be read: ${f.reason}\n`);
      }
    });
}
