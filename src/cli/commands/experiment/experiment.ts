/** `k2 experiment`: definitions, without running them. */
import type { Command } from 'commander';
import { say, sayJson } from '../../output.ts';

export function experimentCommand(program: Command): void {
  const group = program.command('experiment').description('check experiment definitions, and their schema');
  group
    .command('validate <file...>')
    .description('check definitions: syntax, names of corpora, programs and variants')
    .option('--json', 'as JSON')
    .action(async (files: string[], o: { json?: boolean }) => {
      const { readDefinition } = await import('../../../experiment/definition/definition.ts');
      const { expand } = await import('../../../experiment/definition/expand.ts');
      const checked = files.map((file) => {
        const definition = readDefinition(file);
        return { file, name: definition.name, title: definition.title, cells: expand(definition, '').length };
      });
      if (o.json === true) sayJson(checked);
      else for (const c of checked) say(`${c.file}: valid, ${c.cells} cells (${c.title})`);
    });
  group
    .command('schema')
    .description('print the JSON Schema of definitions, for editors')
    .option('--json', 'the output is JSON anyway')
    .action(async () => {
      const { definitionJsonSchema } = await import('../../../experiment/definition/definition.ts');
      sayJson(definitionJsonSchema());
    });
}
