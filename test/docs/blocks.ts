/** Commands that a Markdown page tells its reader to type. */

export interface Block {
  /** Line of the page, from 1. */
  line: number;
  /** Words after the language: what it needs, or that it is slow. */
  marks: string[];
  commands: string[];
}

const FENCE = /^\s*```(\w*)\s*(.*)$/;
const SHELLS = ['sh', 'bash', 'console'];
/** Indented code counts where it starts with one of these. */
const FIRST_WORDS = /^(npm|npx|node) /;

/**
 * Fenced blocks of a shell (```sh, ```console with `$ ` before commands; further words are marks), indented blocks of
 * commands, and the `run:` lines of YAML.
 */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; block: Block } | undefined;
  let indented: Block | undefined;
  for (const [i, text] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(text);
    if (fence !== null && open === undefined) {
      const [, language = '', rest = ''] = fence;
      open = { language, block: { line: i + 1, marks: rest.split(/\s+/).filter(Boolean), commands: [] } };
    } else if (fence !== null) {
      blocks.push(open!.block);
      open = undefined;
    } else if (open !== undefined) {
      const command = commandIn(open.language, text.trim());
      if (command !== undefined) open.block.commands.push(command);
    } else if (/^ {4}\S/.test(text) && FIRST_WORDS.test(text.trim())) {
      if (indented === undefined) blocks.push((indented = { line: i + 1, marks: [], commands: [] }));
      indented.commands.push(bare(text.trim()));
    } else indented = undefined;
  }
  return blocks.filter((b) => b.commands.length > 0);
}

function commandIn(language: string, line: string): string | undefined {
  if (language === 'yaml') {
    const run = /^(?:- )?run: (npx k2 .*)$/.exec(line);
    return run?.[1];
  }
  if (!SHELLS.includes(language) || line === '') return undefined;
  if (language === 'console') return line.startsWith('$ ') ? bare(line.slice(2)) : undefined;
  return bare(line);
}

/** Without the comment at its end. */
function bare(command: string): string {
  return command.replace(/\s+#\s.*$/, '');
}
