/** Tables that an experiment shows beside its main one: plain data, rendered by markdown.ts and page.ts. */

export interface DataTable {
  id: string;
  title: string;
  /** One or more sentences on how to read it. */
  note: string;
  columns: readonly { label: string; numeric: boolean }[];
  rows: readonly (readonly TableCell[])[];
}

/** What is shown; numbers are sorted by their value. */
export interface TableCell {
  text: string;
  value?: number;
}

/** A number with so many decimals, `-` where there is none. */
export function num(value: number | null | undefined, digits = 0, sign = false): TableCell {
  if (value === null || value === undefined || Number.isNaN(value)) return { text: '-' };
  const text = value.toFixed(digits);
  return { text: sign && value > 0 ? `+${text}` : text, value };
}

export function word(text: string): TableCell {
  return { text };
}

export function column(label: string, numeric = true): { label: string; numeric: boolean } {
  return { label, numeric };
}
