/**
 * What `k2 optimize` tells people of one program: sizes, the kernel check, versions, and each rewrite with
 * its proof.
 */
import { basename } from 'node:path';
import type {
  AppliedRewrite,
  DifferentialRun,
  KernelCheck,
  ObjectSizes,
  OptimizeResult,
  Version,
} from '../optimizer/types.ts';
import type { JobRow } from './optimize-job.ts';

/** Rewrites that are shown unasked. */
const SHOWN = 8;
/** Lines of one rewrite that are shown unasked. */
const LINES = 16;

const PROOFS: Readonly<Record<AppliedRewrite['how'], string>> = {
  identical: 'the same code',
  'normal-form': 'normal forms',
  solver: 'the solver',
  cache: 'an earlier proof',
};

/** @param files what was written, for the versions */
export function rowText(row: JobRow, { all, files }: { all: boolean; files: readonly string[] }): string {
  const name = row.section === '' ? row.name : `${row.name} (${row.section})`;
  if (row.status === 'skipped') return `${name}: left as it is: ${row.reason}`;
  const r = row.result;
  const less = r.slotsBefore === 0 ? 0 : ((r.slotsBefore - r.slotsAfter) / r.slotsBefore) * 100;
  const [from, to] = [r.latencyBefore.path.toFixed(1), r.latencyAfter.path.toFixed(1)];
  return [
    `${name}: ${r.slotsBefore} -> ${r.slotsAfter} slots (${less.toFixed(1)} % less), ${from} -> ${to} ns modeled, ${counted(r.rewrites.length, 'proven rewrite')}`,
    ...rewritesText(r, all),
    ...(r.versions === undefined ? [] : versionsText(r.versions, files)),
    `  kernel: ${kernelText(r.kernel)}`,
    `  differential runs: ${differentialText(r.differential)}`,
    ...r.notes.map((n) => `  note: ${n}`),
  ].join('\n');
}

/** What became of the object as a whole. */
export function sizesText({ codeBefore, codeAfter, fileBefore, fileAfter }: ObjectSizes): string {
  const less = codeBefore === 0 ? 0 : ((codeBefore - codeAfter) / codeBefore) * 100;
  return `object: ${codeBefore} -> ${codeAfter} bytes of code (${less.toFixed(1)} % less), file ${fileBefore} -> ${fileAfter} bytes`;
}

function rewritesText({ rewrites }: OptimizeResult, all: boolean): string[] {
  const shown = all ? rewrites : rewrites.slice(0, SHOWN);
  const rest = rewrites.length - shown.length;
  return [
    ...shown.flatMap((rewrite, n) => rewriteText(rewrite, n, all)),
    ...(rest === 0 ? [] : [`  and ${counted(rest, 'more rewrite')} (--diff shows all)`]),
  ];
}

/** One rewrite as a diff; what both sides begin or end with is left out. */
function rewriteText(rewrite: AppliedRewrite, n: number, all: boolean): string[] {
  const { window, before, after, by, how, slotsAfter } = rewrite;
  const least = Math.min(before.length, after.length);
  let [head, tail] = [0, 0];
  while (head < least && before[head] === after[head]) head++;
  while (tail < least - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const cut = (lines: readonly string[]): readonly string[] => lines.slice(head, lines.length - tail);
  const [gone, come] = [cut(before), cut(after)];
  const title = `  ${n + 1}. instructions ${window.start}..${window.end}, by ${by}, proven by ${PROOFS[how]}: ${slotsAfter} slots`;
  if (!all && gone.length + come.length > LINES)
    return [title, `     ${gone.length} instructions became ${come.length} (--diff shows them)`];
  return [title, ...gone.map((line) => `     - ${line}`), ...come.map((line) => `     + ${line}`)];
}

function versionsText(versions: readonly Version[], files: readonly string[]): string[] {
  if (versions.length === 0) return ['  versions: none but the input'];
  return [
    '  versions:',
    ...versions.map((v, n) => {
      const file = basename(files[n] ?? '');
      const figures = `${v.slots} slots, ${v.latency.path.toFixed(1)} ns modeled, ${counted(v.rewrites.length, 'proven rewrite')}`;
      return `    ${file}: ${figures}; kernel: ${v.kernel.status}; differential runs: ${differentialText(v.differential)}`;
    }),
  ];
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function kernelText(k: KernelCheck): string {
  if (k.status !== 'accepted') return `${k.status}: ${k.reason}`;
  const without = k.withoutBtf === undefined ? '' : ` without its BTF (${k.withoutBtf})`;
  return `accepted${without}, ${k.verifiedInsnsBefore} -> ${k.verifiedInsns} instructions verified`;
}

function differentialText(d: DifferentialRun): string {
  if (d.status === 'not run') return `not run: ${d.reason}`;
  return d.status === 'agree' ? `${d.runs} agree` : `DIFFER after ${d.runs}: ${d.detail}`;
}
