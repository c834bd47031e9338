/** Words of the assembler, each with its place. */

/** What the assembler cannot read. `line` and `column` count from 1. */
export class AsmError extends Error {
  readonly line: number;
  readonly column: number;
  /** The message without the place. */
  readonly what: string;

  constructor(what: string, line: number, column: number) {
    super(`line ${line}, column ${column}: ${what}`);
    this.name = 'AsmError';
    this.what = what;
    this.line = line;
    this.column = column;
  }
}

/** `end` closes every line, so that a parser may always look at the next token. */
export interface Token {
  kind: 'number' | 'word' | 'symbol' | 'end';
  text: string;
  column: number;
}

/** Slot number and opcode byte that the verifier's log puts before an instruction. */
const PREFIX = /^\s*(?:\d+:\s*)?(?:\([0-9a-f]{2}\)(?=\s))?/;
const SPACE = /(?:\s+|<[A-Za-z_][\w.$+]*>)+/y;
const TOKEN =
  /(?<number>0[xX][0-9a-fA-F]+|\d+)(?![\w.])|(?<symbol>s>>=|s>=|s<=|s\/=|s%=|s>|s<|>>=|<<=|[-+*/%&|^=!<>]=|[-+*=<>&()[\],:#])|(?<word>(?<=\bmap\[)(?!id:|idx:)[^\]\s]+(?=\])|kernel-function|[A-Za-z_.$][\w.$]*)/y;
/** `// ...`, or `#` at the start of a line or between spaces (`call #7` is a number). */
const COMMENT = /\/\/|(?<=^\s*)#|(?<=\s)#(?=\s|$)/;
/**
 * What an instruction or a label begins with: text behind `;` that does is one more statement, not a comment.
 */
const STATEMENT =
  /^\s*(?:[A-Za-z_.$][\w.$]*:(?!\S)\s*)*(?:[rw](?:\d|10)\s*(?:=|[-+*/%&|^]=|s?>>=|<<=|s[/%]=)|(?:exit|gotol?|may_goto|if|call|lock|store_release|\.insn)\b|\*\s*\(|[A-Za-z_.$][\w.$]*:\s*$)/;

/** One statement of a line: its text, and where that begins. */
export interface Piece {
  text: string;
  start: number;
}

/**
 * The statements of a line, separated by `;`. A line that starts with `;`, and what stands behind a `;` and
 * does not begin like a statement (the kernel's log puts register states there), is a comment.
 */
export function statements(line: string): Piece[] {
  const comment = COMMENT.exec(line);
  const code = comment === null ? line : line.slice(0, comment.index);
  const pieces: Piece[] = [];
  for (let start = 0; start <= code.length; ) {
    const end = code.indexOf(';', start);
    const text = code.slice(start, end < 0 ? undefined : end);
    if (text.trim() === '') {
      if (pieces.length === 0) break;
    } else if (pieces.length === 0 || STATEMENT.test(text)) pieces.push({ text, start });
    else break;
    if (end < 0) break;
    start = end + 1;
  }
  return pieces;
}

/** Tokens of one statement without prefixes, and clang's `<LBB0_1>` notes. */
export function tokens({ text: code, start }: Piece, line: number): Token[] {
  const result: Token[] = [];
  let at = start === 0 ? PREFIX.exec(code)![0].length : 0;
  while (at < code.length) {
    SPACE.lastIndex = at;
    at += SPACE.exec(code)?.[0].length ?? 0;
    if (at === code.length) break;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(code);
    if (match === null) throw new AsmError(`unexpected ${JSON.stringify(code[at])}`, line, start + at + 1);
    const { number, word } = match.groups!;
    const kind = number !== undefined ? 'number' : word !== undefined ? 'word' : 'symbol';
    result.push({ kind, text: match[0], column: start + at + 1 });
    at += match[0].length;
  }
  result.push({ kind: 'end', text: '', column: start + code.trimEnd().length + 1 });
  return result;
}

/** Reads one statement's tokens in order; every complaint names the place. */
export class TokenReader {
  readonly line: number;
  private readonly words: readonly Token[];
  private at = 0;

  constructor(piece: Piece, line: number) {
    this.line = line;
    this.words = tokens(piece, line);
  }

  get next(): Token {
    return this.words[this.at]!;
  }

  /** The token after the next one. */
  get afterNext(): Token {
    return this.words[Math.min(this.at + 1, this.words.length - 1)]!;
  }

  get done(): boolean {
    return this.next.kind === 'end';
  }

  fail(what: string, token: Token = this.next): never {
    throw new AsmError(what, this.line, token.column);
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.at++;
    return token;
  }

  /** Takes the next token when it reads `text`. */
  accept(text: string): boolean {
    if (this.next.kind === 'end' || this.next.text !== text) return false;
    this.at++;
    return true;
  }

  expect(...texts: string[]): void {
    for (const text of texts)
      if (!this.accept(text)) this.fail(`expected ${JSON.stringify(text)}, found ${this.found()}`);
  }

  found(): string {
    return this.done ? 'the end of the line' : JSON.stringify(this.next.text);
  }

  word(what: string): string {
    if (this.next.kind !== 'word') this.fail(`expected ${what}, found ${this.found()}`);
    return this.take().text;
  }

  /** An integer with an optional sign, in [low, high]. */
  integer(what: string, low: bigint, high: bigint): bigint {
    const first = this.next;
    const negative = this.accept('-');
    if (!negative) this.accept('+');
    if (this.next.kind !== 'number') this.fail(`expected ${what}, found ${this.found()}`);
    const magnitude = BigInt(this.take().text);
    const value = negative ? -magnitude : magnitude;
    if (value < low || value > high) this.fail(`${what} ${value} does not fit in ${low} to ${high}`, first);
    return value;
  }
}
