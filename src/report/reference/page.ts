/** Markdown of reference pages: tables whose cells come from the tables of the program. */
import { linuxName } from '../../base/linux.ts';

/** First lines of a generated page. */
export function head(title: string, sources: readonly string[], text: string): string {
  const from = sources.map((s) => `\`${s}\``).join(', ');
  return `# ${title}\n\nGenerated from ${from} by \`npm run docs:reference\`; do not edit.\n\n${text.trim()}\n`;
}

/** Markdown table; bars inside cells are escaped. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), `|${columns.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** As code; nothing for an empty text. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

/** A byte in hexadecimal. */
export function hexByte(n: number): string {
  return `0x${n.toString(16).padStart(2, '0')}`;
}

export function version(linux: number): string {
  return linuxName(linux);
}
