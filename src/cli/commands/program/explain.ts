/** `k2 explain`: which parts of a file can be optimized, which cannot, and why. */
import type { Command } from 'commander';
import type { ExplainedRange } from '../../../optimizer/explain.ts';
import type { OptimizeResult } from '../../../optimizer/types.ts';
import type { Program } from '../../../program/program.ts';
import { count, type WhichPrograms, whichPrograms } from '../../args.ts';
import { say, sayJson } from '../../output.ts';

/** Proposals of the search whose outcome is told, unless told otherwise. */
const STEPS = 50_000;

interface ExplainArgs extends WhichPrograms {
  steps: number;
  seed: number;
  json?: boolean;
}

interface Told extends ExplainedRange {
  /** Instructions of the range that a short search left as they are. */
  kept: number;
}

export function explainCommand(program: Command): void {
  whichPrograms(program.command('explain <file>'))
    .description(
      'show which parts of each program can be optimized, which cannot, and why, by ranges of slots',
    )
    .option('--steps <n>', 'proposals of the search whose outcome is shown; 0: none', count, STEPS)
    .option('--seed <n>', 'seed of the search and its tests', count, 1)
    .option('--json', 'as JSON')
    .action(explain);
}

async function explain(file: string, o: ExplainArgs): Promise<void> {
  const { findPrograms } = await import('../../programs.ts');
  const { explainProgram } = await import('../../../optimizer/explain.ts');
  const { OPTIMIZE_DEFAULTS, optimizeProgram } = await import('../../../optimizer/index.ts');
  const { contextProvider, createWindowVerifier } = await import('../../../verify/index.ts');
  const verifier = await createWindowVerifier({ contextOf: contextProvider() });
  const rows: object[] = [];
  for (const found of findPrograms(file, o)) {
    if (!found.ok) {
      const { name, section, reason } = found;
      rows.push({ status: 'unusable', name, section, reason });
      if (o.json !== true) say(`${title(name, section)}: left as it is: ${reason}`);
      continue;
    }
    const { program } = found;
    const options = {
      ...OPTIMIZE_DEFAULTS,
      seed: o.seed,
      steps: o.steps,
      kernel: 'off',
      diffRuns: 0,
    } as const;
    const ranges = explainProgram(program, options, verifier);
    const result = o.steps === 0 ? undefined : await optimizeProgram(program, options, {}, verifier);
    const told = ranges.map((range) => ({ ...range, kept: kept(range, program, result) }));
    if (o.json !== true) say(textOf(program, told, result));
    const { name, section, hook } = program;
    rows.push({
      ...{ status: 'ok', name, section, hook, ranges: told },
      ...(result === undefined ? {} : { search: searchOf(result) }),
    });
  }
  verifier.close();
  if (o.json === true) sayJson(rows);
}

function kept({ start, end }: ExplainedRange, program: Program, result: OptimizeResult | undefined): number {
  if (result === undefined) return end - start;
  const left = new Set(result.program.origin);
  return program.origin.slice(start, end).filter((o) => left.has(o)).length;
}

function searchOf({ slotsBefore, slotsAfter, stats, rewrites, notes }: OptimizeResult): object {
  return { slotsBefore, slotsAfter, stats, rewrites, notes };
}

const title = (name: string, section: string): string => (section === '' ? name : `${name} (${section})`);

function textOf(program: Program, ranges: readonly Told[], result: OptimizeResult | undefined): string {
  const slots = ranges.reduce((sum, r) => sum + size(r), 0);
  const open = ranges.reduce((sum, r) => sum + (r.chance.kind === 'none' ? 0 : size(r)), 0);
  return [
    `${title(program.name, program.section)}: ${open} of ${slots} slots can change`,
    ...merged(ranges).map(
      (r) => `  ${`${r.slots.start}..${r.slots.end}`.padEnd(12)} ${wordsOf(r, result !== undefined)}`,
    ),
    ...(result === undefined ? [] : searchText(result)),
  ].join('\n');
}

/** For people, straight-line code and the branches around it are one. */
function merged(ranges: readonly Told[]): Told[] {
  const list: Told[] = [];
  for (const r of ranges) {
    const last = list.at(-1);
    const alike = last !== undefined && last.isReached === r.isReached && r.chance.kind !== 'none';
    if (!alike || last.chance.kind === 'none') {
      list.push({ ...r, slots: { ...r.slots } });
      continue;
    }
    if (r.chance.kind === 'straight-line') last.chance = r.chance;
    last.end = r.end;
    last.slots.end = r.slots.end;
    last.kept += r.kept;
  }
  return list;
}

const size = ({ slots }: ExplainedRange): number => slots.end - slots.start;

function wordsOf({ chance, isReached, start, end, kept }: Told, isSearched: boolean): string {
  if (chance.kind === 'none') return `stays: ${chance.reason}`;
  const how =
    chance.kind === 'branching' ? 'windows with branches only' : 'straight-line and branching windows';
  const reached = isReached
    ? ''
    : '; no test comes here, so it is searched from states that the analysis gives';
  const gone = end - start - kept;
  const done = !isSearched
    ? ''
    : gone === 0
      ? '; nothing found'
      : `; ${gone} of ${end - start} instructions replaced`;
  return `${how}${reached}${done}`;
}

function searchText({ slotsBefore, slotsAfter, stats, rewrites, notes }: OptimizeResult): string[] {
  const { equivalent, different, unknown } = stats.proofs;
  const refuted = different + stats.proofs['counterexample added'];
  return [
    `  a search of ${stats.steps} proposals: ${slotsBefore} -> ${slotsAfter} slots by ${rewrites.length} rewrites;`,
    `  of ${equivalent + refuted + unknown} candidates that passed all tests ${equivalent} were proven, ${refuted} refuted, ${unknown} left open`,
    ...notes.map((n) => `  note: ${n}`),
  ];
}
