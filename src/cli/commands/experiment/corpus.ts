/** `k2 corpus`: which programs there are, and getting those that are not. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { UserError } from '../../../base/errors.ts';
import { PACKAGE_ROOT, stateFolder } from '../../../base/paths.ts';
import type { HookName } from '../../../program/tables/hook-types.ts';
import { programType } from '../../args.ts';
import { ExitCode } from '../../failure.ts';
import { note, say, sayJson } from '../../output.ts';

interface Json {
  json?: boolean;
}

export function corpusCommand(program: Command): void {
  const group = program.command('corpus').description('list, check, import and build corpora of programs');
  group
    .command('list')
    .description('corpora, and how many of their programs are there')
    .option('--json', 'as JSON')
    .action(list);
  group
    .command('show <corpus> [program]')
    .description('the programs of a corpus with their sizes, or all about one')
    .option('--json', 'as JSON')
    .action(show);
  group
    .command('verify [corpus...]')
    .description('check that every file is there, is the one that was measured, and can be read')
    .option('--json', 'as JSON')
    .action(verify);
  group
    .command('add <corpus>')
    .description('import a corpus that does not ship its files')
    .option('--from <dir>', 'a folder that holds the files')
    .option('--clone', 'fetch them with git from the repository that the manifest names')
    .option('--json', 'as JSON')
    .action(add);
  group
    .command('new <name> <files...>')
    .description('make a corpus of your own from objects and raw instructions, in .k2/')
    .addOption(
      new Option('--type <hook>', 'program type, where section or .desc do not tell').argParser(
        (word) => programType(word).hook,
      ),
    )
    .option(
      '--license <name>',
      'of the programs, e.g. GPL-2.0; without one, baselines leave instructions out',
    )
    .option('--json', 'as JSON')
    .action(make);
  group
    .command('build <corpus>')
    .description('build a corpus from what is installed; what is missing is named and skipped')
    .option('--json', 'as JSON')
    .action(build);
}

async function list(o: Json): Promise<void> {
  const { corpusNames, howToGet, loadEntry, openCorpus } = await import(
    '../../../experiment/corpus/corpus.ts'
  );
  const { textTable } = await import('../../../report/tables/text.ts');
  const corpora = corpusNames().map((name) => {
    const corpus = openCorpus(name);
    const { title, storage, baseline, programs, variants } = corpus.manifest;
    const there = programs.filter((p) => loadEntry(corpus, p, baseline).status === 'ok').length;
    const hint = there === programs.length ? '' : howToGet(corpus);
    return {
      name,
      title,
      storage,
      baseline,
      programs: programs.length,
      there,
      variants: variants.length,
      hint,
    };
  });
  if (o.json === true) return sayJson(corpora);
  const rows = corpora.map((c) => [c.name, String(c.programs), String(c.there), c.baseline, c.title]);
  say(
    textTable(['corpus', 'programs', 'there', 'baseline', 'title'], rows, [false, true, true, false, false]),
  );
  for (const c of corpora) if (c.hint !== '') say(`${c.name}: ${c.programs - c.there} missing. ${c.hint}`);
}

async function show(name: string, id: string | undefined, o: Json): Promise<void> {
  const { buildOf, entryOf, openCorpus, slotsOf } = await import('../../../experiment/corpus/corpus.ts');
  const { textTable } = await import('../../../report/tables/text.ts');
  const corpus = openCorpus(name);
  if (id !== undefined) {
    const entry = entryOf(corpus, id);
    if (o.json === true) return sayJson(entry);
    say(`${name}/${entry.id}: ${entry.description || entry.section}`);
    say(
      `hook ${entry.hook}, section ${entry.section}, group ${entry.group}, license ${entry.license ?? '-'}`,
    );
    if (entry.features.length > 0) say(`features: ${entry.features.join(', ')}`);
    const rows = entry.builds.map((b) => [b.variant, String(slotsOf(b) ?? '-'), b.status, b.reason ?? '']);
    return say(textTable(['build', 'slots', 'status', 'reason'], rows, [false, true, false, false]));
  }
  if (o.json === true) return sayJson(corpus.manifest);
  const variants = corpus.manifest.variants.map((v) => v.id);
  const rows = corpus.manifest.programs.map((p) => [
    p.id,
    p.hook,
    p.category || p.group,
    ...variants.map((v) => String(slotsOf(buildOf(p, v)) ?? '-')),
  ]);
  say(
    textTable(['program', 'hook', 'kind', ...variants], rows, [
      false,
      false,
      false,
      ...variants.map(() => true),
    ]),
  );
}

async function verify(names: string[], o: Json): Promise<void> {
  const { checkCorpus } = await import('../../../experiment/corpus/corpus-check.ts');
  const { corpusNames, openCorpus } = await import('../../../experiment/corpus/corpus.ts');
  const checked = (names.length > 0 ? names : corpusNames()).map((name) => {
    const rows = checkCorpus(openCorpus(name));
    const count = (status: string): number => rows.filter((r) => r.status === status).length;
    const bad = rows.filter((r) => r.status !== 'ok');
    return { corpus: name, builds: rows.length, ok: count('ok'), missing: count('missing'), bad };
  });
  if (o.json === true) sayJson(checked);
  else
    for (const c of checked) {
      say(`${c.corpus}: ${c.ok} of ${c.builds} builds are as the manifest says, ${c.missing} are not there`);
      for (const r of c.bad.filter((b) => b.status !== 'missing'))
        say(`  ${r.id} ${r.variant}: ${r.status}: ${r.reason}`);
      const [absent] = c.bad.filter((b) => b.status === 'missing');
      if (absent !== undefined) say(`  ${absent.reason}`);
    }
  if (checked.some((c) => c.bad.some((r) => r.status === 'differs'))) throw new ExitCode(2);
}

async function add(name: string, o: Json & { from?: string; clone?: boolean }): Promise<void> {
  const { openCorpus } = await import('../../../experiment/corpus/corpus.ts');
  const { importClone, importFrom } = await import('../../../experiment/corpus/import.ts');
  const corpus = openCorpus(name);
  if ((o.from === undefined) === (o.clone !== true))
    throw new UserError('where shall the files come from?', '', 'Give either --from DIR or --clone.');
  const done = o.from === undefined ? importClone(corpus) : importFrom(corpus, o.from);
  if (o.json === true) sayJson(done);
  else say(`${done.files} files of ${name} are now in ${done.folder}`);
}

async function make(
  name: string,
  files: string[],
  o: Json & { type?: HookName; license?: string },
): Promise<void> {
  const { newCorpus } = await import('../../../experiment/corpus/new-corpus.ts');
  const done = newCorpus(name, files, {
    ...(o.type === undefined ? {} : { hook: o.type }),
    ...(o.license === undefined ? {} : { license: o.license }),
  });
  for (const line of done.skipped) note(`skipped: ${line}`);
  if (o.json === true) sayJson(done);
  else say(`${done.programs.length} programs are now in ${done.folder}: ${done.programs.join(', ')}`);
}

async function build(name: string, o: Json): Promise<void> {
  const { forgetCorpora, openCorpus } = await import('../../../experiment/corpus/corpus.ts');
  const script = join(PACKAGE_ROOT, 'corpora', name, 'build.mjs');
  const { storage } = openCorpus(name).manifest;
  if (storage !== 'built' || !existsSync(script))
    throw new UserError(`corpus ${name} is ${storage}, not built here.`, '', 'See k2 corpus list.');
  const out = join(stateFolder(), name);
  // The builder's own lines are progress: on stderr, so that --json stays one document.
  const r = spawnSync(process.execPath, [script, '--out', out], { stdio: ['ignore', 2, 2] });
  if (r.status !== 0) throw new UserError('the builder failed; its lines above say why.', `corpus ${name}`);
  forgetCorpora();
  const { programs } = openCorpus(name).manifest;
  if (o.json === true) sayJson({ folder: out, programs: programs.length });
  else note(`${programs.length} programs of ${name} are now in ${out}`);
}
