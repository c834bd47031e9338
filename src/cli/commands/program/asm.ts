/** `k2 asm`: text to raw instruction files. */
import type { Command } from 'commander';
import { note, sayJson } from '../../output.ts';

export function asmCommand(program: Command): void {
  program
    .command('asm <file>')
    .description(
      'assemble text (as disasm prints it, or BPF C macros) into an .insns file, with .maps and .desc next to it',
    )
    .requiredOption('-o, --output <file>', 'where to write the instructions')
    .option('--json', 'as JSON')
    .action(async (file: string, o: { output: string; json?: boolean }) => {
      const { readAssemblyFile } = await import('../../programs.ts');
      const { writeAssembled } = await import('../../../program/raw/raw.ts');
      const { sizeInSlots } = await import('../../../isa/insn.ts');
      const assembly = readAssemblyFile(file);
      writeAssembled(o.output, assembly);
      const { insns, maps, hook, notes } = assembly;
      const slots = sizeInSlots(insns);
      if (o.json === true) {
        sayJson({ output: o.output, instructions: insns.length, slots, maps: maps.length, hook, notes });
        return;
      }
      const named = maps.length === 0 ? '' : `, ${maps.length === 1 ? '1 map' : `${maps.length} maps`}`;
      note(`${o.output}: ${insns.length} instructions, ${slots} slots${named}`);
      for (const n of notes) note(n);
      if (hook !== undefined && hook !== 'xdp')
        note(`the program's type is not in these files: pass --type ${hook}`);
    });
}
