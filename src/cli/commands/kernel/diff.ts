/** `k2 kernel diff`: two versions of a program on the same inputs in the running kernel. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../../base/errors.ts';
import { writeWhole } from '../../../base/files.ts';
import type { DiffResult, ThirdOpinion } from '../../../kernel/index.ts';
import type { Program } from '../../../program/program.ts';
import { count, hours, type WhichPrograms, whichPrograms } from '../../args.ts';
import { EXIT_UNKNOWN, ExitCode } from '../../failure.ts';
import { note, say, sayJson } from '../../output.ts';

interface DiffArgs extends WhichPrograms {
  runs: number;
  hours?: number;
  seed: number;
  sequence: number;
  interpreter: number;
  case?: string;
  json?: boolean;
}

/** Opinions of our interpreter: on the inputs, and, where there is one, on the difference. */
interface Opinions {
  inputs?: readonly (ThirdOpinion | undefined)[];
  difference?: readonly ('agree' | 'differ' | 'unknown')[];
}

type DiffRow = { name: string; seconds: number; interpreter: Opinions } & DiffResult;

export function diffCommand(group: Command): void {
  whichPrograms(group.command('diff <a> <b>'))
    .description(
      'run two versions of a program on the same inputs; exit code 1 when they differ, 3 when a program cannot be run',
    )
    .option('--runs <n>', 'how many inputs (with --hours: per seed)', count, 1000)
    .option('--hours <h>', 'continue with further seeds for this long: for nightly jobs', hours)
    .option('--seed <n>', 'of the inputs', count, 1)
    .option('--sequence <n>', 'inputs in a row on the same maps', count, 8)
    .option('--interpreter <n>', 'inputs that run in our interpreter, too', count, 200)
    .option('--case <file>', 'write a difference as a case file (see replay)')
    .option('--json', 'as JSON')
    .action(diff);
}

/** The programs of both files, paired by name (or because there is only one). */
function pairs(a: string, b: string, read: (file: string) => Program[]): [Program, Program][] {
  const [originals, others] = [read(a), read(b)];
  const only = originals.length === 1 && others.length === 1 ? others[0] : undefined;
  return originals.map((p) => {
    const other = only ?? others.find((q) => q.name === p.name);
    if (other === undefined) throw new UserError(`it has no program '${p.name}'.`, b, `${a} has.`);
    return [p, other];
  });
}

async function diff(a: string, b: string, o: DiffArgs): Promise<void> {
  const { caseText, interpreterSays, longDiff, thirdOpinion } = await import('../../../kernel/index.ts');
  const { usablePrograms } = await import('../../programs.ts');
  const rows = pairs(a, b, (file) => usablePrograms(file, o)).map(([p, other]): DiffRow => {
    const start = performance.now();
    const secondsSo = (): number => (performance.now() - start) / 1000;
    const result = longDiff(p, other, {
      seed: o.seed,
      runs: o.runs,
      sequence: Math.max(1, o.sequence),
      more: ({ runs, seeds }) => {
        if (o.hours === undefined || secondsSo() > o.hours * 3600) return false;
        if (o.json !== true)
          note(`${p.name}: ${runs} runs agree, ${seeds} seeds, ${secondsSo().toFixed(0)} s`);
        return true;
      },
    });
    const seconds = Math.round(secondsSo() * 10) / 10;
    if (result.status !== 'ran') return { name: p.name, seconds, interpreter: {}, ...result };
    const inputs =
      o.interpreter === 0
        ? {}
        : { inputs: [p, other].map((q) => thirdOpinion(q, p, o.seed, Math.min(o.interpreter, o.runs))) };
    const { difference } = result;
    if (difference === undefined) return { name: p.name, seconds, interpreter: inputs, ...result };
    if (o.case !== undefined) {
      const comment = `${basename(a)} against ${basename(b)}`;
      writeWhole(o.case, caseText([p, other], difference, { note: comment }));
    }
    const opinions = { ...inputs, difference: [p, other].map((q) => interpreterSays(q, difference)) };
    return { name: p.name, seconds, interpreter: opinions, ...result };
  });
  if (o.json === true) sayJson(rows);
  else for (const r of rows) sayRow(r, [a, b]);
  if (rows.some((r) => r.status === 'ran' && r.difference !== undefined)) throw new ExitCode(1);
  if (rows.some((r) => r.status !== 'ran')) throw new ExitCode(EXIT_UNKNOWN);
}

function sayRow(r: DiffRow, files: readonly [string, string]): void {
  if (r.status !== 'ran') {
    say(`${r.name}: cannot run: ${r.reason}`);
    return;
  }
  if (r.difference === undefined) say(`${r.name}: ${r.agreed} of ${r.runs} runs agree, in ${r.seconds} s`);
  else {
    say(`${r.name}: DIFFERENT on input ${r.difference.index}: ${JSON.stringify(r.difference.places)}`);
    const [first, second] = r.interpreter.difference ?? [];
    say(`  our interpreter and the kernel: ${first} on ${files[0]}, ${second} on ${files[1]}`);
  }
  for (const what of r.notCompared) say(`  not compared: ${what}`);
  for (const [place, n] of Object.entries(r.masked))
    say(`  not compared on ${n} inputs, it varies by itself: ${place}`);
  for (const [what, n] of Object.entries(r.skipped)) say(`  ${n} inputs could not be played: ${what}`);
  for (const [k, third] of (r.interpreter.inputs ?? []).entries())
    if (third !== undefined) say(`  ${files[k]}: ${opinionText(third)}`);
}

function opinionText(t: ThirdOpinion): string {
  const guessed = t.guessed.length === 0 ? '' : ` (it can only guess ${t.guessed.join(', ')})`;
  const said =
    t.places === undefined
      ? `our interpreter agrees with the kernel on ${t.agreed} of ${t.runs} inputs`
      : `our interpreter and the kernel differ: ${JSON.stringify(t.places)}`;
  return `${said}${guessed}; they reach ${t.reached} of ${t.instructions} instructions`;
}
