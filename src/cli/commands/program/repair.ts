/** `k2 repair`: a file of which the kernel refuses programs that are safe, in; one that loads, out. */
import type { Command } from 'commander';
import type { Agreement } from '../../../optimizer/repair/agreement.ts';
import type { RepairResult } from '../../../optimizer/repair/repair.ts';
import { count, type WhichPrograms, whichPrograms } from '../../args.ts';
import { ExitCode } from '../../failure.ts';
import { note, say, sayJson } from '../../output.ts';
import { loadOptions } from '../../programs.ts';

interface RepairArgs extends WhichPrograms {
  output: string;
  guard?: boolean;
  diffRuns: number;
  seed: number;
  json?: boolean;
}

/** What became of one program. */
interface RepairRow {
  name: string;
  section: string;
  status: RepairResult['status'] | 'skipped' | 'differs';
  reason?: string;
  refusal?: string;
  steps?: readonly object[];
  processed?: number;
  /**
   * Runs of the result, in our interpreter and in the kernel, that do what our interpreter says of the
   * original.
   */
  agreement?: Agreement;
}

export function repairCommand(program: Command): void {
  whichPrograms(program.command('repair <file>'))
    .description(
      'make programs load that the running kernel refuses although they are safe; every change is proven',
    )
    .requiredOption('-o, --output <file>', 'where to write the result: same kind of file')
    .option(
      '--guard',
      'also add checks for facts that are not proven: such a program returns 0 where they do not hold',
    )
    .option(
      '--diff-runs <n>',
      'runs of each result in the kernel against our interpreter of the original',
      count,
      1000,
    )
    .option('--seed <n>', 'of the inputs for these runs', count, 1)
    .option('--json', 'one row per program as JSON')
    .action(repairFile);
}

async function repairFile(file: string, o: RepairArgs): Promise<void> {
  const { UserError } = await import('../../../base/errors.ts');
  const kernel = await import('../../../kernel/index.ts');
  const { contentsWith, loadFile, saveFile } = await import('../../../program/file.ts');
  const { agreementOf } = await import('../../../optimizer/repair/agreement.ts');
  const { repair } = await import('../../../optimizer/repair/repair.ts');
  const { createSolver } = await import('../../../solver/index.ts');
  const { contextProvider } = await import('../../../verify/index.ts');
  const probe = kernel.probeKernel();
  if (!probe.available)
    throw new UserError(`the running kernel cannot be asked: ${probe.reason}`, '', 'See `k2 doctor`.');
  const loaded = loadFile(file, loadOptions(o));
  const solver = await createSolver();
  const rows: RepairRow[] = [];
  const changes: Parameters<typeof contentsWith>[1][number][] = [];
  for (const row of loaded.rows) {
    if (!row.ok) {
      rows.push({ name: row.name, section: row.section, status: 'skipped', reason: row.reason });
      continue;
    }
    const { program } = row;
    const head = { name: program.name, section: program.section };
    const opened = kernel.KernelSession.open(program);
    if (!opened.ok) {
      rows.push({ ...head, status: 'skipped', reason: opened.reason });
      continue;
    }
    try {
      const contextOf = contextProvider();
      const result = repair(program, opened.session, { solver, contextOf, guard: o.guard === true });
      if (result.status !== 'repaired') {
        rows.push({ ...head, ...result });
        continue;
      }
      const agreement = agreementOf(program, result.program, o.diffRuns, o.seed);
      const { verdict, steps } = result;
      const processed = verdict.status === 'accepted' ? { processed: verdict.verifiedInsns } : {};
      if (agreement.status === 'differ') {
        const reason = `in the ${agreement.where} a run does something else (${agreement.detail}), so it stays as it was`;
        rows.push({ ...head, status: 'differs', steps, agreement, reason });
        continue;
      }
      rows.push({ ...head, status: 'repaired', steps, ...processed, agreement });
      changes.push({ original: program, optimized: result.program });
    } finally {
      opened.session.close();
    }
  }
  solver.close();
  saveFile(o.output, contentsWith(loaded, changes));
  if (o.json === true) sayJson({ output: o.output, programs: rows });
  else {
    for (const r of rows) say(text(r));
    note(`Written: ${o.output}`);
  }
  if (rows.some((r) => r.status === 'not repaired' || r.status === 'differs')) throw new ExitCode(1);
}

function text(r: RepairRow): string {
  const head = `${r.name}${r.section === '' ? '' : ` (${r.section})`}: `;
  switch (r.status) {
    case 'accepted':
      return `${head}accepted as it is`;
    case 'skipped':
      return `${head}skipped: ${r.reason}`;
    case 'differs':
      return `${head}NOT repaired: ${r.reason}`;
    case 'not repaired':
      return `${head}NOT repaired: ${r.reason}\n  the kernel says: ${r.refusal}${stepsText(r)}`;
    case 'repaired': {
      const runs = r.agreement?.status === 'agree' ? agreementText(r.agreement) : '';
      return `${head}repaired, ${r.processed ?? '?'} instructions processed, ${runs}${stepsText(r)}`;
    }
  }
}

function stepsText({ steps = [] }: RepairRow): string {
  return (steps as RepairResult['steps'])
    .map((s) => {
      const proof =
        s.proof === undefined
          ? 'not proven, a check was added'
          : `proven: of ${s.proof.paths} ways here ${s.proof.impossible} cannot happen`;
      const what = [...new Set(s.changes.map((c) => c.what))].join('; ');
      return `\n  instruction ${s.index}: ${s.reason}\n    missing: ${s.misses}\n    ${what} (${s.changes.length} places); ${proof}`;
    })
    .join('');
}

function agreementText({ interpreter, kernel, note }: Extract<Agreement, { status: 'agree' }>): string {
  const inKernel = kernel > 0 ? `${kernel} in the kernel` : (note ?? 'none in the kernel');
  return `${interpreter} runs agree in our interpreter, ${inKernel}`;
}
