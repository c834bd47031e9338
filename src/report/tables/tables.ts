/**
 * Tables that an experiment shows beside its main one: plain data, rendered by markdown.ts and data-table.ts.
 */

export interface DataTable {
  id: string;
  title: string;
  /** One or more sentences on how to read it. */
  note: string;
  columns: readonly TableColumn[];
  rows: readonly (readonly TableCell[])[];
  /** Means and sums, below the rows however they are sorted. */
  foot?: readonly (readonly TableCell[])[];
  /** What the table says, in sentences whose numbers are from its rows. */
  findings?: readonly string[];
  differences?: Differences;
}

/** What the paper's figures and ours are apart, to be drawn. */
export interface Differences {
  /** E.g. `ours - K2`. */
  title: string;
  unit: string;
  /** Ours and theirs beside each other, not their difference. */
  areValues?: boolean;
  /** `series`: one colour each; none: one for all. */
  values: readonly { row: string; series?: string; value: number }[];
}

/** What is shown; numbers are sorted by their value. */
export interface TableCell {
  text: string;
  value?: number;
}

/** A number with so many decimals, `-` where there is none. */
export function num(value: number | null | undefined, digits = 0, sign = false): TableCell {
  if (value === null || value === undefined || Number.isNaN(value)) return { text: '-' };
  const text = fixed(value, digits);
  return { text: sign && Number(value.toFixed(digits)) > 0 ? `+${text}` : text, value };
}

/** With so many decimals; thousands in groups of three. */
export function fixed(value: number, digits = 0): string {
  const text = value.toFixed(digits);
  // Never -0.
  const plain = Number(text) === 0 ? text.replace('-', '') : text;
  return Math.abs(value) < 999.5 ? plain : plain.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
}

export function word(text: string): TableCell {
  return { text };
}

export interface TableColumn {
  label: string;
  numeric: boolean;
  /** Heading above it and its neighbours. */
  group?: string;
}

export function column(label: string, numeric = true): TableColumn {
  return { label, numeric };
}

/** Columns of numbers under one heading. */
export function group(name: string, labels: readonly string[]): TableColumn[] {
  return labels.map((label) => ({ label, numeric: true, group: name }));
}

/** Where there is one row of headings. */
export function flatLabel(c: TableColumn): string {
  return c.group === undefined ? c.label : `${c.label}, ${c.group}`;
}
