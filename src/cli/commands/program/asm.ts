/** `k2 asm`: text to a raw instruction file. */
import type { Command } from 'commander';
import { note, sayJson } from '../../output.ts';

export function asmCommand(program: Command): void {
  program
    .command('asm <file>')
    .description('assemble text (as disasm prints it, or BPF C macros) into an .insns file')
    .requiredOption('-o, --output <file>', 'where to write the instructions')
    .option('--json', 'as JSON')
    .action(async (file: string, o: { output: string; json?: boolean }) => {
      const { readAssembly } = await import('../../programs.ts');
      const { encode } = await import('../../../isa/codec.ts');
      const { writeWhole } = await import('../../../base/files.ts');
      const insns = readAssembly(file);
      const bytes = encode(insns);
      writeWhole(o.output, bytes);
      if (o.json === true) sayJson({ output: o.output, instructions: insns.length, slots: bytes.length / 8 });
      else note(`${o.output}: ${insns.length} instructions, ${bytes.length / 8} slots`);
    });
}
