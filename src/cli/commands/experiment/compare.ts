/** `k2 compare`: two results of an experiment, or two objects, and a gate that fails on regressions. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { count, listOfWords, type WhichPrograms, whichPrograms } from '../../args.ts';
import { ExitCode } from '../../failure.ts';
import { note, say, sayJson } from '../../output.ts';

interface CompareArgs extends WhichPrograms {
  failOn: string;
  strict?: boolean;
  metrics: string;
  baselines: string;
  markdown?: string;
  junit?: string;
  kernels?: string[];
  filter: string;
  sort?: string;
  top?: number;
  seed: number;
  json?: boolean;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

const EXIT_REGRESSION = 1;

export function compareCommand(program: Command): void {
  whichPrograms(program.command('compare <base> <new>'))
    .description(
      'compare two results (folders, or names of baselines), two objects or two CSV files of veristat; exit code 1 when a rule is broken',
    )
    .option(
      '--fail-on <rules>',
      "what may not grow, and by how much: 'size>0,latency>1%'; of objects 'verifier>0,jited>1%,verifier>85%limit'",
      '',
    )
    .option('--kernels <names>', 'objects: ask these kernels (default: running)', listOfWords)
    .option('--filter <conditions>', "objects: show only these, e.g. 'changed,verifier>5000,name~nat'", '')
    .option('--sort <column>', 'objects: what grew most in it first; -column: what fell most')
    .option('--top <n>', 'objects: show only so many', count)
    .option('--seed <n>', 'objects: of the inputs that the modeled time is a mean over', count, 1)
    .option('--strict', 'fail too when options, budgets, seeds or inputs of the two differ')
    .option('--metrics <names>', 'what to compare', 'size,latency')
    .option('--baselines <dir>', 'folder of the baselines', 'baselines')
    .option('--markdown <file>', 'write Markdown, for a pull request')
    .option('--junit <file>', 'write JUnit XML, for CI')
    .option('--json', 'as JSON')
    .action(compare);
}

async function compare(baseWord: string, newWord: string, o: CompareArgs): Promise<void> {
  if (isFile(baseWord) && isFile(newWord)) {
    const { compareObjects } = await import('../program/compare-objects.ts');
    await compareObjects(baseWord, newWord, o);
    return;
  }
  const { compareResults, parseRules } = await import('../../../experiment/results/compare.ts');
  const { resolveResults } = await import('../../../experiment/results/baseline.ts');
  const { METRICS } = await import('../../../experiment/results/metrics.ts');
  const { hintFor } = await import('../../../base/text.ts');
  const { writeWhole } = await import('../../../base/files.ts');
  const { UserError } = await import('../../../base/errors.ts');
  const report = await import('../../../report/tables/comparison-text.ts');
  const known = METRICS.map((m) => m.id);
  const metrics = o.metrics.split(',').map((m) => m.trim());
  for (const m of metrics)
    if (!known.includes(m)) throw new UserError(`there is no metric '${m}'.`, '--metrics', hintFor(m, known));
  const rules = parseRules(o.failOn);
  const [base, now] = [resolveResults(baseWord, o.baselines), resolveResults(newWord, o.baselines)];
  for (const w of [...base.warnings, ...now.warnings]) note(`warning: ${w}`);
  const comparison = compareResults(
    { name: baseWord, rows: base.rows, definition: base.definition },
    { name: newWord, rows: now.rows, definition: now.definition },
    rules,
    { metrics, strict: o.strict === true },
  );
  if (o.markdown !== undefined) writeWhole(o.markdown, report.comparisonMarkdown(comparison));
  if (o.junit !== undefined) writeWhole(o.junit, report.comparisonJunit(comparison));
  if (o.json === true) sayJson(comparison);
  else say(report.comparisonText(comparison));
  if (comparison.failed) throw new ExitCode(EXIT_REGRESSION);
}
