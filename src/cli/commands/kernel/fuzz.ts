/**
 * `k2 kernel fuzz` and `k2 kernel replay`: our interpreter against the running kernel, and kept differences.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { writeWhole } from '../../../base/files.ts';
import type { CampaignRow } from '../../../kernel/index.ts';
import { count, hours, type WhichPrograms, whichPrograms } from '../../args.ts';
import { ExitCode } from '../../failure.ts';
import { say, sayJson } from '../../output.ts';

interface FuzzArgs extends WhichPrograms {
  programs: number;
  tests: number;
  seed: number;
  hours?: number;
  cases?: string;
  json?: boolean;
}

export function truthCommands(group: Command): void {
  whichPrograms(group.command('fuzz [files...]'))
    .description(
      'compare our interpreter with the kernel on random programs, or those of files; exit code 1 on a difference',
    )
    .option('--programs <n>', 'random programs, when no files are given', count, 200)
    .option('--tests <n>', 'inputs per program', count, 20)
    .option('--hours <h>', 'go on, seed after seed, for so long: for nightly jobs', hours)
    .option('--seed <n>', 'of everything', count, 1)
    .option('--cases <folder>', 'write a case file per difference')
    .option('--json', 'as JSON')
    .action(fuzz);
  group
    .command('replay <cases...>')
    .description('re-run recorded differences; exit code 1 when one does not do what it says')
    .option('--json', 'as JSON')
    .action(replayFiles);
}

async function fuzz(files: string[], o: FuzzArgs): Promise<void> {
  const { caseText, filterCampaign, fuzzCampaign, modelCampaign } = await import('../../../kernel/index.ts');
  const { usablePrograms } = await import('../../programs.ts');
  const programs = files.flatMap((f) => usablePrograms(f, o));
  const end = performance.now() + (o.hours ?? 0) * 3_600_000;
  function* rows(): Generator<{ seed: number; row: CampaignRow }> {
    for (let seed = o.seed; ; seed++) {
      const sizes = { seed, count: o.programs, tests: o.tests };
      const campaigns =
        files.length === 0 ? [fuzzCampaign(sizes), filterCampaign(sizes)] : [modelCampaign(programs, sizes)];
      for (const campaign of campaigns) for (const row of campaign) yield { seed, row };
      if (performance.now() >= end) return;
    }
  }
  const total = { programs: 0, runs: 0, differences: 0, cannotRun: 0 };
  const found: unknown[] = [];
  for (const { seed, row } of rows()) {
    const { program, guessed, result } = row;
    total.programs++;
    if (result.status !== 'ran') {
      total.cannotRun++;
      if (files.length > 0 && o.json !== true) say(`${program.name}: cannot run: ${result.reason}`);
      continue;
    }
    total.runs += result.runs;
    if (result.difference === undefined) continue;
    // What depends on this machine's clock, network or chance is no error of ours.
    if (guessed.length === 0) total.differences++;
    const why = guessed.length === 0 ? '' : `; the interpreter can only guess ${guessed.join(', ')}`;
    found.push({ name: program.name, guessed, places: result.difference.places });
    if (o.json !== true) say(`${program.name}: ${JSON.stringify(result.difference.places)}${why}`);
    if (o.cases === undefined) continue;
    const text = caseText([program], result.difference, { note: `seed ${seed}${why}` });
    writeWhole(join(o.cases, `${program.name}-${seed}-${total.programs}.json`), text);
  }
  if (o.json === true) sayJson({ ...total, found });
  else
    say(
      `${total.programs} programs, ${total.runs} runs, ${total.differences} differences, ${total.cannotRun} cannot run`,
    );
  if (total.differences > 0) throw new ExitCode(1);
}

async function replayFiles(files: string[], o: { json?: boolean }): Promise<void> {
  const { readCase, replay } = await import('../../../kernel/index.ts');
  const { readText } = await import('../../../base/files.ts');
  const rows = files.map((file) => {
    const kept = readCase(readText(file), file);
    const result = replay(kept);
    if (result.status !== 'ran')
      return { file, expect: kept.expect, now: result.status, reason: result.reason };
    const now = result.difference === undefined ? ('agree' as const) : ('differ' as const);
    return { file, expect: kept.expect, now, places: result.difference?.places };
  });
  if (o.json === true) sayJson(rows);
  else
    for (const r of rows) {
      const wrong = r.now === 'cannot run' || r.now === r.expect ? '' : `, expected ${r.expect}`;
      const detail = r.reason ?? (r.places === undefined ? '' : JSON.stringify(r.places));
      say(`${r.file}: ${r.now}${wrong} ${detail}`.trimEnd());
    }
  if (rows.some((r) => r.now !== 'cannot run' && r.now !== r.expect)) throw new ExitCode(1);
}
