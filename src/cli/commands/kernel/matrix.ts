/** `k2 kernel matrix`: static safety against the kernel verifier, over files or corpora and their mutants. */
import type { Command } from 'commander';
import type { MatrixTally } from '../../../kernel/differential/safety-matrix.ts';
import { count, listOfWords, type WhichPrograms, whichPrograms } from '../../args.ts';
import { say, sayJson } from '../../output.ts';

interface MatrixArgs extends WhichPrograms {
  corpus: string[];
  variants?: string[];
  mutants: number;
  work: number;
  seed: number;
  json?: boolean;
}

export function matrixCommand(group: Command): void {
  whichPrograms(group.command('matrix [files...]'))
    .description(
      'compare our static safety check with the kernel verifier: how often they disagree, and about what',
    )
    .option('--corpus <names>', 'all programs of these corpora, separated by commas', listOfWords, [])
    .option('--variants <names>', 'only these builds; default: all, each text once', listOfWords)
    .option('--mutants <n>', 'mutants per program', count, 100)
    .option(
      '--work <n>',
      'instructions that static safety may process per program and its mutants',
      count,
      200_000,
    )
    .option('--seed <n>', 'of the mutants', count, 1)
    .option('--json', 'as JSON')
    .action(matrix);
}

async function matrix(files: string[], o: MatrixArgs): Promise<void> {
  const { MatrixTally, shares } = await import('../../../kernel/differential/safety-matrix.ts');
  const { usablePrograms } = await import('../../programs.ts');
  const tally = new MatrixTally({ seed: o.seed, mutants: o.mutants, work: o.work });
  for (const file of files) for (const p of usablePrograms(file, o)) tally.add(p.name, p);
  for (const name of o.corpus) await addCorpus(tally, name, o.variants);
  const result = tally.result();
  const share = shares(result.counts);
  if (o.json === true) {
    sayJson({ ...result, shares: share, seed: o.seed, mutants: o.mutants, work: o.work });
    return;
  }
  const { counts: c } = result;
  say('                 kernel accepts   kernel refuses');
  say(`we say safe      ${String(c.safeAccepted).padEnd(16)} ${c.safeRefused}`);
  say(`we say unsafe    ${String(c.unsafeAccepted).padEnd(16)} ${c.unsafeRefused}`);
  say(`of what we call safe, ${share.acceptedOfSafe.toFixed(3)} % are accepted`);
  say(`of what is accepted, we refuse ${share.refusedOfAccepted.toFixed(3)} %`);
  const { safe, unsafe } = result.refusedAsTheyAre;
  say(`programs that the kernel refuses as they are: we call ${safe} safe, ${unsafe} unsafe`);
  for (const d of result.disagreements) {
    const { program, mutant, reason } = d.example;
    say(`${d.kind} ${d.count}: ${d.reason} (${program}, mutant ${mutant}: ${reason})`);
  }
  for (const [why, n] of Object.entries(result.unusable)) say(`${n} programs not judged: ${why}`);
}

async function addCorpus(tally: MatrixTally, name: string, variants?: readonly string[]): Promise<void> {
  const { loadEntry, openCorpus } = await import('../../../experiment/corpus/corpus.ts');
  const corpus = openCorpus(name);
  const seen = new Set<string>();
  for (const entry of corpus.manifest.programs)
    for (const { variant, textSha256 } of entry.builds) {
      if (variants !== undefined && !variants.includes(variant)) continue;
      const text = `${entry.id} ${textSha256 ?? variant}`;
      if (seen.has(text)) continue;
      seen.add(text);
      const loaded = loadEntry(corpus, entry, variant);
      if (loaded.status === 'ok') tally.add(`${name}/${entry.id}/${variant}`, loaded.program);
    }
}
