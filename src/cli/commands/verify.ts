/** `k2 verify`: do two files do the same? */
import type { Command } from 'commander';
import { UserError } from '../../program/errors.ts';
import { type WhichPrograms, whichPrograms } from '../args.ts';
import { Exit } from '../failure.ts';
import { say, sayJson } from '../output.ts';

export function verifyCommand(program: Command): void {
  whichPrograms(program.command('verify <original> <other>'))
    .description('prove that two versions of programs do the same; exit code 1 when that cannot be proven')
    .option('--json', 'as JSON')
    .action(verify);
}

async function verify(a: string, b: string, o: WhichPrograms & { json?: boolean }): Promise<void> {
  const { usablePrograms } = await import('../programs.ts');
  const { compareVersions } = await import('../versions.ts');
  const { createWindowVerifier } = await import('../../verify/index.ts');
  const originals = usablePrograms(a, o);
  const others = usablePrograms(b, o);
  const verifier = await createWindowVerifier();
  try {
    const rows = originals.map((p) => {
      const other =
        originals.length === 1 && others.length === 1 ? others[0] : others.find((q) => q.name === p.name);
      if (other === undefined) throw new UserError(`it has no program '${p.name}'.`, b, `${a} has.`);
      return { name: p.name, section: p.section, ...compareVersions(p, other, verifier) };
    });
    if (o.json === true) sayJson(rows);
    else
      for (const r of rows)
        say(
          `${r.name}: ${r.verdict}${r.reason === '' ? `, ${r.hunks.length} changes proven` : `: ${r.reason}`}`,
        );
    if (rows.some((r) => r.verdict !== 'equivalent')) throw new Exit(1);
  } finally {
    verifier.close();
  }
}
