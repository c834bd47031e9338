/** How a command ends when something goes wrong. */

import { UserError } from '../base/errors.ts';
import { AsmError } from '../isa/asm/lexer.ts';

export const EXIT_USER = 2;
/** Neither proven nor refuted. */
export const EXIT_UNKNOWN = 3;
export const EXIT_INTERRUPTED = 130;
const EXIT_BUG = 70;

/** Ends a command with a code after it has said everything itself. */
export class ExitCode extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** What to print on stderr, and the exit code. */
export function describeFailure(e: unknown): { text: string; code: number } {
  if (e instanceof ExitCode) return { text: '', code: e.code };
  if (e instanceof UserError) return { text: paragraph(`k2: ${e.message}`), code: EXIT_USER };
  if (e instanceof AsmError) return { text: paragraph(`k2: ${e.message}`), code: EXIT_USER };
  const code = (e as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC')
    return { text: 'k2: no space left on the device. Free some space.\n', code: EXIT_USER };
  const stack = e instanceof Error ? (e.stack ?? e.message) : String(e);
  return {
    text: `${stack}\n\nThis is a bug in k2, not your fault. Please report it with the command and the text above.\n`,
    code: EXIT_BUG,
  };
}

/** One paragraph: no line breaks, closed by a full stop. */
function paragraph(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return `${/[.!?]$/.test(line) ? line : `${line}.`}\n`;
}
