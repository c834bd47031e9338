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

/** Slot number and opcode byte that the checker's log puts before an instruction. */
const PREFIX = /^\s*(?:\d+:\s*)?(?:\([0-9a-f]{2}\)(?=\s))?/;
const SPACE = /(?:\s+|<[A-Za-z_][\w.$+]*>)+/y;
const TOKEN =
  /(?<number>0[xX][0-9a-fA-F]+|\d+)(?![\w.])|(?<symbol>s>>=|s>=|s<=|s\/=|s%=|s>|s<|>>=|<<=|[-+*/%&|^=!<>]=|[-+*=<>&()[\],:#])|(?<word>kernel-function|[A-Za-z_.$][\w.$]*)/y;

/** Tokens of one line without prefixes, comments (`;`, `//`, `#` at the start) and clang's `<LBB0_1>` notes. */
export function tokens(text: string, line: number): Token[] {
  const result: Token[] = [];
  if (/^\s*#/.test(text)) return [{ kind: 'end', text: '', column: 1 }];
  const comment = /;|\/\//.exec(text);
  const code = comment === null ? text : text.slice(0, comment.index);
  let at = PREFIX.exec(code)![0].length;
  while (at < code.length) {
    SPACE.lastIndex = at;
    at += SPACE.exec(code)?.[0].length ?? 0;
    if (at === code.length) break;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(code);
    if (match === null) throw new AsmError(`unexpected ${JSON.stringify(code[at])}`, line, at + 1);
    const { number, word } = match.groups!;
    const kind = number !== undefined ? 'number' : word !== undefined ? 'word' : 'symbol';
    result.push({ kind, text: match[0], column: at + 1 });
    at += match[0].length;
  }
  result.push({ kind: 'end', text: '', column: code.trimEnd().length + 1 });
  return result;
}

/** Reads one line's tokens in order; every complaint names the place. */
export class Reader {
  readonly line: number;
  private readonly words: readonly Token[];
  private at = 0;

  constructor(text: string, line: number) {
    this.line = line;
    this.words = tokens(text, line);
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
