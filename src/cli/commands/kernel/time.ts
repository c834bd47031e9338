/** `k2 kernel time` and `k2 kernel calibrate`: the running kernel as stopwatch. */
import type { Command } from 'commander';
import { UserError } from '../../../base/errors.ts';
import { writeWhole } from '../../../base/files.ts';
import type { Fit, FitInput, TimeReport } from '../../../kernel/index.ts';
import { count, type WhichPrograms, whichPrograms } from '../../args.ts';
import { note, say, sayJson } from '../../output.ts';

interface TimeArgs extends WhichPrograms {
  tests: number;
  rounds: number;
  samples: number;
  seed: number;
  json?: boolean;
}

interface CalibrateArgs {
  out?: string;
  fit: string[];
  tests: number;
  seed: number;
  json?: boolean;
}

export function timeCommands(group: Command): void {
  whichPrograms(group.command('time <files...>'))
    .description('time versions of a program against the first file: faster, slower or cannot tell')
    .option('--tests <n>', 'inputs, one per path', count, 16)
    .option('--rounds <n>', 'reloads of every version', count, 8)
    .option('--samples <n>', 'timed runs per reload and input', count, 6)
    .option('--seed <n>', 'of the inputs', count, 1)
    .option('--json', 'as JSON')
    .action(time);
  group
    .command('calibrate')
    .description('measure a latency profile of this machine; with --fit, say how well it predicts')
    .option('-o, --out <file>', 'write the profile as JSON')
    .option('--fit <corpus...>', "corpora whose programs are timed and compared with the model's figures", [])
    .option('--tests <n>', 'inputs per program, one per path', count, 12)
    .option('--seed <n>', 'of the inputs', count, 1)
    .option('--json', 'as JSON')
    .action(calibrate);
}

async function time(files: string[], o: TimeArgs): Promise<void> {
  const { kernelTime, timingTests } = await import('../../../kernel/index.ts');
  const { usablePrograms } = await import('../../programs.ts');
  const [first, ...others] = files.map((f) => usablePrograms(f, o));
  const rows = first!.map((p) => {
    const versions = others.map((programs, k) => {
      const other = first!.length === 1 && programs.length === 1 ? programs[0] : undefined;
      const found = other ?? programs.find((q) => q.name === p.name);
      if (found === undefined) throw new UserError(`it has no program '${p.name}'.`, files[k + 1]);
      return found;
    });
    const tests = timingTests(p, o.seed, o.tests);
    const options = { rounds: Math.max(2, o.rounds), samples: Math.max(1, o.samples), seed: o.seed };
    return { name: p.name, ...kernelTime([p, ...versions], tests, options) };
  });
  if (o.json === true) sayJson(rows);
  else
    for (const r of rows)
      if (r.status === 'timed') sayTimes(r.name, files, r);
      else say(`${r.name}: cannot time: ${r.reason}`);
}

function sayTimes(name: string, files: readonly string[], r: TimeReport): void {
  const range = (i: { low: number; high: number }, digits: number): string =>
    `[${i.low.toFixed(digits)}, ${i.high.toFixed(digits)}]`;
  say(
    `${name}: ${r.tests} inputs, ${r.rounds} reloads; differences up to ${r.floorNs.toFixed(2)} ns are not claimed`,
  );
  for (const [k, v] of r.versions.entries()) {
    const against =
      v.against === undefined
        ? ''
        : `  x ${v.against.ratio.toFixed(3)} ${range(v.against.interval, 3)}  ${v.against.verdict}`;
    say(`  ${files[k]}: ${v.ns.toFixed(2)} ns ${range(v.interval, 2)}${against}`);
  }
  for (const [why, n] of Object.entries(r.skipped)) say(`  ${n} inputs could not be played: ${why}`);
}

async function calibrate(o: CalibrateArgs): Promise<void> {
  const kernel = await import('../../../kernel/index.ts');
  const result = kernel.calibrate();
  if (result.status !== 'measured') throw new UserError(`${result.reason}.`, '', 'Try `k2 doctor`.');
  const { profile } = result;
  if (o.out !== undefined) writeWhole(o.out, `${JSON.stringify(profile, null, 2)}\n`);
  const fits = await fitCorpora(o, profile);
  if (o.json === true) {
    sayJson({ ...result, fits });
    return;
  }
  if (o.out === undefined) for (const [name, ns] of Object.entries(profile)) say(`${name} ${ns}`);
  else note(`${Object.keys(profile).length} prices written to ${o.out}`);
  for (const [name, why] of Object.entries(result.skipped)) note(`${name} could not be measured: ${why}`);
  for (const [name, f] of Object.entries(fits)) say(fitLine(name, f));
  for (const { name, reason } of Object.values(fits)[0]?.skipped ?? [])
    say(`${name} cannot be timed: ${reason}`);
}

function fitLine(name: string, f: Fit): string {
  const line = `measured = ${f.offset.toFixed(2)} ns + ${f.scale.toFixed(2)} x modeled`;
  const { halves, halfError, leaveOneOutError } = f.heldOut;
  const percent = (x: number): string => `${(100 * x).toFixed(0)} %`;
  return `profile ${name}, ${f.rows.length} programs (${f.skipped.length} cannot be timed): Spearman ${f.spearman.toFixed(3)}
  ${line}, R2 ${f.rSquared.toFixed(3)}
  held out: Spearman ${halves.map((r) => r.toFixed(3)).join(' and ')} in the two halves; median error ${percent(halfError)} with the line of the other half, ${percent(leaveOneOutError)} with the line of all others`;
}

async function fitCorpora(
  o: CalibrateArgs,
  own: Readonly<Record<string, number>>,
): Promise<Record<string, Fit>> {
  if (o.fit.length === 0) return {};
  const { fitProfiles, timingTests } = await import('../../../kernel/index.ts');
  const { loadEntry, openCorpus } = await import('../../../experiment/corpus/corpus.ts');
  const { K2_PROFILES } = await import('../../../vm/index.ts');
  function* inputs(): Generator<FitInput> {
    for (const name of o.fit) {
      const corpus = openCorpus(name);
      for (const entry of corpus.manifest.programs) {
        const loaded = loadEntry(corpus, entry, corpus.manifest.baseline);
        if (loaded.status !== 'ok') continue;
        const { program } = loaded;
        yield { name: `${name}/${entry.id}`, program, tests: timingTests(program, o.seed, o.tests) };
      }
    }
  }
  return fitProfiles(inputs(), { 'of this machine': own, ...K2_PROFILES }, { rounds: 4, samples: 4 });
}
