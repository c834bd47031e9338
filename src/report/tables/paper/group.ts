/** What the tables of the paper are made of: rows by program. */
import type { PaperFigures } from '../../../experiment/paper.ts';
import type { ResultRow, Row } from '../../../experiment/results/result.ts';
import type { DataTable } from '../tables.ts';

/** Rows of one program, in the order of the definition. */
export interface ProgramRows {
  id: string;
  rows: ResultRow[];
}

/** @param rows all of them: those without a result, and rejected ones, too */
export type Build = (
  groups: readonly ProgramRows[],
  paper: PaperFigures,
  rows: readonly Row[],
) => DataTable[];

export const slots = (r: ResultRow): number => r.measurements.slots.after.value;
/** How much less, in percent. */
export const gain = (from: number, to: number): number => ((from - to) / from) * 100;
