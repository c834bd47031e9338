/**
 * Data files of cases: blocks between lines of dashes, with `field: value` lines first and code sections
 * after them.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface Block {
  file: string;
  /** The block as it stands in the file. */
  text: string;
  field(name: string): string;
  /** Lines of a section, in order. */
  code(section: string): string[];
}

function readBlock(file: string, text: string, sections: readonly string[]): Block {
  const head = new Map<string, string>();
  const code = new Map<string, string[]>();
  let into: string[] | undefined;
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^([a-z]+):\s*(.*)$/.exec(line) ?? [];
    if (sections.includes(name) && value === '') code.set(name, (into = []));
    else if (into !== undefined) into.push(line);
    else if (name !== '') head.set(name, value);
    else if (line.trim() !== '' && !line.startsWith('#')) throw new Error(`${file}: cannot read: ${line}`);
  }
  return { file, text, field: (name) => head.get(name) ?? '', code: (name) => code.get(name) ?? [] };
}

/** All blocks of the `.txt` files of a folder, in the files' order. */
export function readBlocks(folder: URL, sections: readonly string[]): Block[] {
  return readdirSync(folder)
    .filter((f) => f.endsWith('.txt'))
    .sort()
    .flatMap((f) =>
      readFileSync(new URL(f, folder), 'utf8')
        .split(/^-{3,}\s*$/m)
        .filter((b) => b.trim() !== '')
        .map((b) => readBlock(f, b, sections)),
    );
}
