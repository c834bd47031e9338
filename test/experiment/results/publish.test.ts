import { homedir, tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/base/paths.ts';
import { publicRows } from '../../../src/experiment/results/publish.ts';
import { hasResult, type ResultRow, type Row } from '../../../src/experiment/results/result.ts';
import { ROWS } from '../../report/rows.ts';

const licensed = ROWS.find(hasResult) as ResultRow;
const REFUSAL = { status: 'refused', reason: '0: (b7) r1 = 5; R1 type=scalar expected=fp' } as const;
/** A program of a corpus that states no license, whose output the kernel refused. */
const unlicensed = {
  ...licensed,
  program: { ...licensed.program, corpus: 'k2-paper', id: 'xdp1' },
  status: 'rejected',
  reason: `the kernel refuses the output: ${REFUSAL.reason}`,
  kernel: REFUSAL,
  notes: [`window 3: ${licensed.disassembly.before[0]}`],
} as Row;

describe('publicRows', () => {
  it('keeps instructions of programs with a license', () => {
    expect(publicRows([licensed])).toEqual([licensed]);
  });

  it('leaves out every field that quotes instructions of programs without one', () => {
    const text = JSON.stringify(publicRows([unlicensed]));
    for (const line of [...licensed.disassembly.before, ...licensed.disassembly.after]) {
      const insn = line.replace(/^\d+: /, '');
      expect(text).not.toContain(JSON.stringify(insn).slice(1, -1));
    }
    expect(text).not.toContain('r1 = 5');
    const [row] = publicRows([unlicensed]) as [ResultRow];
    expect(row).toMatchObject({ output: '', rewrites: [], notes: [], status: 'rejected' });
    expect(row.measurements).toEqual(licensed.measurements);
    expect(row.convergence).toEqual(licensed.convergence);
  });

  it('asks the row for the license before the corpus', () => {
    const program = { ...licensed.program, corpus: 'not-here' };
    const stated = { ...licensed, program, facts: { license: 'MIT', builds: {} } } as Row;
    expect(publicRows([stated])).toEqual([stated]);
    const [row] = publicRows([{ ...stated, facts: { license: '', builds: {} } }]) as [ResultRow];
    expect(row.output).toBe('');
  });

  it('leaves out paths of the machine', () => {
    const reason = `${PACKAGE_ROOT}/x and ${tmpdir()}/y and ${homedir()}/z`;
    const failed = { ...(ROWS.find((r) => r.status === 'failed') as Row), reason };
    expect(publicRows([failed])[0]!.reason).toBe('…/x and …/y and …/z');
  });
});
