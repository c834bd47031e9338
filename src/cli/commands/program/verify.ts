/** `k2 verify`: do two files do the same? */
import type { Command } from 'commander';
import type { MemoryModel } from '../../../program/contracts/shared-memory.ts';
import type { ProgramRow } from '../../../program/elf/index.ts';
import { labelOf } from '../../../program/file.ts';
import type { Program } from '../../../program/program.ts';
import type { Scope } from '../../../verify/compare-programs.ts';
import type { Verdict, WindowVerifier } from '../../../verify/index.ts';
import { memoryModelOption, slotRange, type WhichPrograms, whichPrograms } from '../../args.ts';
import type { Evidence } from '../../evidence.ts';
import { EXIT_UNKNOWN, ExitCode } from '../../failure.ts';
import { note, say, sayJson } from '../../output.ts';

interface VerifyArgs extends WhichPrograms {
  window?: { start: number; end: number };
  solver?: string;
  memoryModel: MemoryModel;
  cache: boolean;
  kernel: boolean;
  json?: boolean;
}

export function verifyCommand(program: Command): void {
  whichPrograms(program.command('verify <original> <other>'))
    .description(
      'prove that two versions of programs do the same; exit code 0 equivalent, 1 different, 3 not known',
    )
    .option(
      '--window <i..j>',
      'only slots i to j (not included) of the original, the rest being equal',
      slotRange,
    )
    .option('--solver <name>', 'embedded, or an installed z3, bitwuzla or cvc5, or a path to one', 'embedded')
    .addOption(memoryModelOption())
    .option('--no-cache', 'answer nothing from earlier runs (.k2/verdicts.jsonl; deleting it is safe)')
    .option('--no-kernel', 'do not run a difference in the running kernel')
    .option('--json', 'as JSON')
    .action(verify);
}

/** What became of one program. */
interface VerifyRow {
  name: string;
  section: string;
  verdict: Verdict['kind'];
  /** How an equivalence was proven, and of what. */
  how?: string;
  scope?: Scope;
  /** Why nothing is known, or where outputs differ. */
  reason: string;
  ms: number;
  /** Under which it was asked. */
  memoryModel: MemoryModel;
  evidence?: Evidence;
  /** Registers and bytes at the window's start, when that is all that is known of the difference. */
  start?: Extract<Verdict, { kind: 'different' }>['counterexample'];
}

async function verify(a: string, b: string, o: VerifyArgs): Promise<void> {
  const { findPrograms } = await import('../../programs.ts');
  const { createWindowVerifier } = await import('../../../verify/index.ts');
  const pairs = paired(findPrograms(a, o), findPrograms(b, o), b, o.memoryModel);
  const cache = o.cache ? await openCache() : undefined;
  const verifier = await createWindowVerifier({ solver: o.solver, cache, memoryModel: o.memoryModel });
  const rows: VerifyRow[] = [];
  const texts: string[] = [];
  try {
    for (const pair of pairs) {
      if (!('first' in pair)) {
        rows.push(pair);
        texts.push(titleOf(pair));
        continue;
      }
      const row = await rowOf(pair.first, pair.second, verifier, o);
      rows.push(row);
      texts.push(await textOf(pair.first, row));
    }
  } finally {
    verifier.close();
  }
  if (o.json === true) sayJson(rows);
  else say([...texts, ...summary(rows)].join('\n'));
  if (rows.some((r) => r.verdict === 'different')) throw new ExitCode(1);
  if (rows.some((r) => r.verdict === 'unknown')) throw new ExitCode(EXIT_UNKNOWN);
}

/** Verdicts of earlier runs; without a folder for them, none. */
async function openCache() {
  const { join } = await import('node:path');
  const { makeFolder } = await import('../../../base/files.ts');
  const { stateFolder } = await import('../../../base/paths.ts');
  const { FileVerdictCache } = await import('../../../verify/index.ts');
  try {
    makeFolder(stateFolder());
    // Of a difference people want to see the input, which the file does not keep.
    return new FileVerdictCache(join(stateFolder(), 'verdicts.jsonl'), undefined, ['equivalent']);
  } catch (e) {
    note(`k2: verdicts are not kept: ${e instanceof Error ? e.message : String(e)}`);
    return undefined;
  }
}

type ProgramPair = { first: Program; second: Program } | VerifyRow;

/**
 * By section and name, or by name alone; two files of one program each are a pair whatever they are called.
 */
function paired(
  firsts: readonly ProgramRow[],
  seconds: readonly ProgramRow[],
  file: string,
  memoryModel: MemoryModel,
): ProgramPair[] {
  return firsts.map((f): ProgramPair => {
    const { name, section } = labelOf(f);
    const second =
      firsts.length === 1 && seconds.length === 1
        ? seconds[0]
        : (seconds.find((g) => labelOf(g).name === name && labelOf(g).section === section) ??
          seconds.find((g) => labelOf(g).name === name));
    const row = { name, section, ms: 0, memoryModel };
    if (second === undefined) return { ...row, verdict: 'different', reason: `${file} has no such program` };
    if (!f.ok) return { ...row, verdict: 'unknown', reason: f.reason };
    if (!second.ok) return { ...row, verdict: 'unknown', reason: `in ${file}: ${second.reason}` };
    return { first: f.program, second: second.program };
  });
}

async function rowOf(a: Program, b: Program, verifier: WindowVerifier, o: VerifyArgs): Promise<VerifyRow> {
  const { compareVersions, compareWindow } = await import('../../../verify/compare-programs.ts');
  const ask = () =>
    o.window === undefined ? compareVersions(a, b, verifier) : compareWindow(a, b, o.window, verifier);
  const { scope, verdict } = ask();
  const { memoryModel } = o;
  const row = { name: a.name, section: a.section, verdict: verdict.kind, scope, ms: verdict.ms, memoryModel };
  if (verdict.kind === 'equivalent') return { ...row, reason: '', how: verdict.how };
  if (verdict.kind === 'unknown') return { ...row, reason: verdict.reason };
  const { evidenceOf } = await import('../../evidence.ts');
  const c = verdict.counterexample;
  const evidence = c && evidenceOf(a, b, c, o.kernel);
  const [first] = evidence?.outputs ?? [];
  return {
    ...row,
    reason: first === undefined ? verdict.where : `${first.what} is ${first.first} and ${first.second}`,
    evidence,
    start: evidence === undefined ? c : undefined,
  };
}

const HOW: Readonly<Record<string, string>> = {
  identical: 'the same code',
  'normal-form': 'equal normal forms',
  solver: 'by the solver',
  cache: 'proven in an earlier run',
};
const SCOPE: Readonly<Record<Scope, string>> = {
  program: 'whole program',
  window: 'the one range that differs',
  windows: 'range by range',
};

function titleOf(r: VerifyRow): string {
  const name = r.section === '' ? r.name : `${r.name} (${r.section})`;
  const word = r.verdict === 'different' ? 'DIFFERENT' : r.verdict;
  const what = r.verdict === 'equivalent' ? `${HOW[r.how ?? '']}, ${SCOPE[r.scope ?? 'program']}` : r.reason;
  const model = r.memoryModel === 'plain' && r.ms > 0 ? ', plain memory model' : '';
  return `${name}: ${word}: ${what}${model}${r.ms === 0 ? '' : ` (${duration(r.ms)})`}`;
}

function duration(ms: number): string {
  return ms < 1000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

async function textOf(program: Program, r: VerifyRow): Promise<string> {
  const { evidenceText, startText } = await import('../../evidence.ts');
  const more =
    r.evidence !== undefined
      ? evidenceText(program, r.evidence)
      : r.start !== undefined
        ? startText(r.start)
        : [];
  return [titleOf(r), ...more.map((l) => `  ${l}`)].join('\n');
}

/** One line when there are several. */
function summary(rows: readonly VerifyRow[]): string[] {
  if (rows.length < 2) return [];
  const count = (kind: VerifyRow['verdict']): string => {
    const n = rows.filter((r) => r.verdict === kind).length;
    return n === 0 ? '' : `${n} ${kind}`;
  };
  const parts = [count('equivalent'), count('different'), count('unknown')].filter((t) => t !== '');
  return [`${rows.length} programs: ${parts.join(', ')}`];
}
