/**
 * `k2 learn`: rewrite rules from rewrites that experiments and `k2 optimize --json` have found and
 * proven.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { LearnStats, Rewritten } from '../../../search/rules/learn/learn.ts';
import { note, say, sayJson } from '../../output.ts';

interface LearnArgs {
  output: string;
  by: string;
  json?: boolean;
}

const FILE = 'learned.rules';

export function learnCommand(program: Command): void {
  program
    .command('learn <results...>')
    .description('generalise rewrites that were found elsewhere to rules, each proven by itself')
    .requiredOption('-o, --output <folder>', `where to write ${FILE}`)
    .option('--by <word>', 'learn from rewrites of this origin only: the first word of "by"', 'chain')
    .option('--json', 'the counts as JSON')
    .addHelpText(
      'after',
      '\nResults are folders of k2 run, or files that k2 optimize --json has printed. The rules that the optimizer uses are in\n' +
        'rules/ of the package; see docs/reference/rules.md.',
    )
    .action(run);
}

async function run(paths: readonly string[], o: LearnArgs): Promise<void> {
  const { makeFolder, writeWhole } = await import('../../../base/files.ts');
  const { UserError } = await import('../../../base/errors.ts');
  const { learn, rulesText } = await import('../../../search/rules/learn/learn.ts');
  const { createWindowVerifier } = await import('../../../verify/index.ts');
  const rewrites = (await Promise.all(paths.map(readRewrites)))
    .flat()
    .filter((r) => r.by.split(' ')[0] === o.by);
  if (rewrites.length === 0)
    throw new UserError(
      `no rewrite there was found by '${o.by}'.`,
      paths.join(', '),
      'Rows of published results have none.',
    );
  const verifier = await createWindowVerifier();
  try {
    const { learned, stats } = learn(rewrites, verifier, (done, of) => {
      if (done % 50 === 0) note(`${done} of ${of} examples`);
    });
    makeFolder(o.output);
    const heading = `# Learned by k2 learn from ${stats.rewrites} rewrites; do not edit. docs/reference/rules.md explains the syntax.`;
    writeWhole(join(o.output, FILE), rulesText(learned, heading));
    tell(stats, o);
  } finally {
    verifier.close();
  }
}

function tell(stats: LearnStats, { output, json }: LearnArgs): void {
  if (json === true) sayJson({ ...stats, file: join(output, FILE) });
  else
    say(
      `${stats.rewrites} rewrites, ${stats.examples} different ones in straight code, ${stats.proven} proven in general, ` +
        `${stats.kept} rules in ${join(output, FILE)}`,
    );
}

type Found = Rewritten & { by: string };

/** Rewrites of a folder of results, or of what `k2 optimize --json` printed. */
async function readRewrites(path: string): Promise<Found[]> {
  const { readText } = await import('../../../base/files.ts');
  const { UserError } = await import('../../../base/errors.ts');
  const { readRows } = await import('../../../experiment/results/store.ts');
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    return readRows(path).rows.flatMap((row) => ('rewrites' in row ? [...row.rewrites] : []));
  const text = readText(path);
  try {
    const { programs } = JSON.parse(text) as { programs: { rewrites?: Found[] }[] };
    return programs.flatMap((p) => p.rewrites ?? []);
  } catch {
    throw new UserError(
      'this is not what k2 optimize --json prints.',
      path,
      'Name that, or a folder of results.',
    );
  }
}
