/**
 * `k2 proofs check`: the proofs that `k2 optimize --proofs` wrote, confirmed by a solver of the user's
 * choice.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { count } from '../../args.ts';
import { EXIT_UNKNOWN, ExitCode } from '../../failure.ts';
import { say, sayJson } from '../../output.ts';

interface CheckArgs {
  solver: string;
  rlimit: number;
  json?: boolean;
}

interface ProofRow {
  program: string;
  rewrite: number;
  status: 'confirmed' | 'contradicted' | 'unknown' | 'damaged' | 'without formula';
  reason?: string;
}

export function proofsCommand(program: Command): void {
  const group = program.command('proofs').description('proofs that k2 optimize --proofs wrote');
  group
    .command('check <folder>')
    .description(
      'confirm them with an SMT-LIB 2 solver; exit code 1 when one is contradicted, 3 when one stays unknown',
    )
    .option('--solver <command>', 'z3, cvc5 or bitwuzla, or a path to one', 'z3')
    .option('--rlimit <n>', "budget of each proof, in the solver's resource units", count, 30_000_000)
    .option('--json', 'one row per proof as JSON')
    .action(check);
}

async function check(folder: string, o: CheckArgs): Promise<void> {
  const { readBytes, readText } = await import('../../../base/files.ts');
  const { sha256 } = await import('../../../base/hash.ts');
  const { UserError } = await import('../../../base/errors.ts');
  const { answerOf, processSolver } = await import('../../../solver/index.ts');
  const { readManifest } = await import('../../proof-files.ts');
  const manifest = readManifest(folder);
  const solver = processSolver(o.solver);
  if (!solver.ok) throw new UserError(solver.reason, '--solver', 'Install it, or name another one.');
  const rows = manifest.proofs.map((p): ProofRow => {
    const head = { program: p.program, rewrite: p.rewrite };
    if (p.script === undefined) return { ...head, status: 'without formula', reason: p.without ?? '' };
    const file = join(folder, p.script.file);
    if (sha256(readBytes(file)) !== p.script.sha256)
      return { ...head, status: 'damaged', reason: `${p.script.file} is not the file that was written` };
    const answer = answerOf(o.solver, readText(file), o.rlimit);
    if (answer.result === 'unsat') return { ...head, status: 'confirmed' };
    return answer.result === 'unknown'
      ? { ...head, status: 'unknown', reason: answer.reason }
      : { ...head, status: 'contradicted', reason: p.script.file };
  });
  const tally = (status: ProofRow['status']): number => rows.filter((r) => r.status === status).length;
  if (o.json === true)
    sayJson({ solver: o.solver, input: manifest.input, outputs: manifest.outputs, proofs: rows });
  else {
    for (const r of rows)
      if (r.status !== 'confirmed' && r.status !== 'without formula')
        say(`${r.program}, rewrite ${r.rewrite}: ${r.status}: ${r.reason}`);
    const structural = tally('without formula');
    say(
      `${tally('confirmed')} of ${rows.length - structural} proofs confirmed by ${o.solver}` +
        `${structural === 0 ? '' : `; ${structural} more rewrites run the same instructions and need no formula`}.`,
    );
  }
  if (tally('contradicted') + tally('damaged') > 0) throw new ExitCode(1);
  if (tally('unknown') > 0) throw new ExitCode(EXIT_UNKNOWN);
}
