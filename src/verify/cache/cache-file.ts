/**
 * Verdicts on disk: one JSON line per verdict, appended, so that several processes can share a file and
 * nothing has to be rewritten.
 *
 *   key      sha256 of everything that decides the verdict (window.ts puts the checker's version and budget
 *            into the text)
 *   line     {"k": key, "c": checksum of the rest, "v": verdict}; a line that does not read back whole is
 *            ignored
 *
 * Only verdicts that need no counterexample to be useful are written in full; of a difference the place is
 * kept. Dropping the cache is deleting the file.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import type { Verdict } from '../types.ts';
import { VerdictCache } from './cache.ts';

interface CacheLine {
  k: string;
  c: string;
  v: Verdict;
}

const KINDS = ['equivalent', 'different', 'unknown'] as const;

/** Lines are kept back until there are this many, or the cache is flushed. */
const BATCH = 64;

function sha(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

export class FileVerdictCache extends VerdictCache {
  readonly path: string;
  private readonly stored = new Map<string, Verdict>();
  private pending: string[] = [];

  private readonly kinds: readonly Verdict['kind'][];

  /**
   * @param path file; it need not exist. Reads it once: what others append later is found by the next
   *   process.
   * @param kinds verdicts that are kept
   */
  constructor(path: string, capacity?: number, kinds: readonly Verdict['kind'][] = KINDS) {
    super(capacity);
    this.path = path;
    this.kinds = kinds;
    if (existsSync(path)) for (const line of readFileSync(path, 'utf8').split('\n')) this.read(line);
  }

  /** Verdicts that were read from the file. */
  get size(): number {
    return this.stored.size;
  }

  override get(key: string): Verdict | undefined {
    return this.lookup(key, () => this.stored.get(sha(key)));
  }

  override set(key: string, verdict: Verdict): void {
    super.set(key, verdict);
    const k = sha(key);
    if (this.stored.has(k) || !this.kinds.includes(verdict.kind)) return;
    const kept: Verdict =
      verdict.kind === 'different' ? { kind: 'different', where: verdict.where, ms: verdict.ms } : verdict;
    this.stored.set(k, kept);
    const line: CacheLine = { k, c: checksum(k, kept), v: kept };
    this.pending.push(`${JSON.stringify(line)}\n`);
    if (this.pending.length >= BATCH) this.flush();
  }

  /** Writes what is kept back; one append, so that lines of several processes do not mix. */
  override flush(): void {
    if (this.pending.length === 0) return;
    // A line that another process left unfinished must not swallow the first of these.
    appendFileSync(this.path, `\n${this.pending.join('')}`);
    this.pending = [];
  }

  /** Forgets everything, on disk too. */
  drop(): void {
    this.pending = [];
    this.stored.clear();
    this.clear();
    rmSync(this.path, { force: true });
  }

  private read(text: string): void {
    const line = parse(text);
    if (line !== undefined && line.c === checksum(line.k, line.v)) this.stored.set(line.k, line.v);
  }
}

function checksum(key: string, verdict: Verdict): string {
  return sha(`${key}${JSON.stringify(verdict)}`).slice(0, 12);
}

function parse(text: string): CacheLine | undefined {
  if (text === '') return undefined;
  try {
    const line = JSON.parse(text) as Partial<CacheLine>;
    return typeof line.k === 'string' && typeof line.c === 'string' && line.v !== undefined
      ? { k: line.k, c: line.c, v: line.v }
      : undefined;
  } catch {
    return undefined;
  }
}
