/**
 * Rows as they may be handed on: without the instructions of programs that have no license, and without paths
 * of the machine they were made on. What comparisons and the paper's tables need stays.
 */
import { homedir, tmpdir } from 'node:os';
import { PACKAGE_ROOT, sharedFolder } from '../../base/paths.ts';
import { factsOf } from '../corpus/corpus-facts.ts';
import { type CellOutcome, hasResult, type Row } from './result.ts';

const NO_LICENSE = ['', 'none stated'];

/** Whether the program may be handed on, as its corpus says. */
export function isLicensed(row: Pick<Row, 'facts' | 'program'>): boolean {
  return !NO_LICENSE.includes(factsOf(row)?.license ?? '');
}

/** Rows of programs without a license lose their instructions; all rows lose paths. */
export function publicRows(rows: readonly Row[]): Row[] {
  return rows.map((row) => withoutPaths(isLicensed(row) ? row : withoutInstructions(row)));
}

/** Without listings, rewrites, notes and logs: what a comparison does not need. */
export function withoutInstructions(row: Row): Row {
  if (!hasResult(row)) {
    const { log: _, ...rest } = row as Row & { log?: string };
    return rest as Row;
  }
  const { kernel } = row;
  // The kernel's log quotes what it refuses.
  const refused = { reason: 'its log quotes instructions, which are left out here' };
  return {
    ...row,
    ...(row.status === 'rejected' && kernel.status === 'refused'
      ? { reason: `the kernel refuses the output: ${refused.reason}` }
      : {}),
    kernel: kernel.status === 'refused' ? { ...kernel, ...refused } : kernel,
    rewrites: [],
    notes: [],
    disassembly: { before: [], after: [] },
    output: '',
  } satisfies CellOutcome & Row;
}

function withoutPaths(row: Row): Row {
  const paths = [PACKAGE_ROOT, process.cwd(), sharedFolder(), tmpdir(), homedir()]
    .filter((p) => p.length > 1)
    .sort((a, b) => b.length - a.length);
  let json = JSON.stringify(row);
  for (const p of paths) json = json.replaceAll(JSON.stringify(p).slice(1, -1), '…');
  return JSON.parse(json) as Row;
}
