/**
 * Worker processes, so that whatever happens to a cell is a row: an exception, running out of memory, a crash
 * of native code, a hang. (Threads would not survive the last three.) A process serves many cells; a broken
 * one is replaced.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '../../base/errors.ts';
import { DIST } from '../../base/paths.ts';
import type { Cell } from '../definition/expand.ts';
import type { CellOutcome } from '../results/result.ts';

/** To a worker: optimize this, and stop searching after so many seconds. */
export interface Request {
  cell: Cell;
  seconds: number;
}

export type Response =
  | { kind: 'progress'; step: number; steps: number; slots: number }
  | { kind: 'outcome'; outcome: CellOutcome; cpuSeconds: number };

/** What became of a cell, and the processor time that it took; a broken worker does not say how much. */
export interface Worked {
  outcome: CellOutcome;
  cpuSeconds?: number;
}

export interface PoolOptions {
  /** Wall-clock seconds after which the search of a cell ends early. */
  seconds: number;
  /** Limit of a worker's JavaScript heap. */
  memoryMb: number;
  /** URL of a module that exports `optimizeProgram`. */
  optimizer?: string;
  /** Seconds after the limit when a cell that has not answered counts as hung. */
  grace?: number;
}

/** What a started search may still need: the proof at hand, the final check in the kernel. */
const GRACE = 60;
/** Lines of a dead worker's last words that are kept. */
const LOG_LINES = 20;

export const OPTIMIZER_URL = pathToFileURL(join(DIST, 'optimizer', 'index.js')).href;

/** One worker process and the cell it is working on. */
export class Worker {
  readonly #options: PoolOptions;
  #child: ChildProcess | undefined;
  #words = '';

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  run(cell: Cell, onProgress?: (p: Extract<Response, { kind: 'progress' }>) => void): Promise<Worked> {
    const child = (this.#child ??= this.#start());
    this.#words = '';
    const { seconds, grace = GRACE } = this.#options;
    return new Promise((resolve) => {
      const finish = (outcome: CellOutcome, cpuSeconds?: number): void => {
        clearTimeout(hung);
        child.off('message', onMessage).off('error', onError).off('exit', onExit);
        resolve({ outcome, ...(cpuSeconds === undefined ? {} : { cpuSeconds }) });
      };
      const onMessage = (m: Response): void => {
        if (m.kind === 'progress') onProgress?.(m);
        else finish(m.outcome, m.cpuSeconds);
      };
      const onError = (e: Error): void => {
        this.close();
        finish({ status: 'failed', reason: `the worker could not be used: ${e.message}` });
      };
      const onExit = (code: number | null, signal: NodeJS.Signals | null): void =>
        finish({ status: 'failed', reason: causeOfDeath(code, signal, this.#words), log: this.#lastWords() });
      const onHung = (): void => {
        this.close();
        const reason = `hung: no answer ${grace} s after the limit of ${seconds} s`;
        finish({ status: 'failed', reason });
      };
      const hung = setTimeout(onHung, (seconds + grace) * 1000);
      child.on('message', onMessage).on('error', onError).on('exit', onExit);
      child.send({ cell, seconds } satisfies Request, (e) => {
        if (e !== null) onError(e);
      });
    });
  }

  /** Ends the process, whatever it does. */
  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const script = join(DIST, 'experiment', 'run', 'cell-worker.js');
    if (!existsSync(script)) throw new UserError('the package is not built.', script, 'Run: npm run build');
    const child = fork(script, [this.#options.optimizer ?? OPTIMIZER_URL], {
      execArgv: [`--max-old-space-size=${this.#options.memoryMb}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    child.stderr?.on('data', (d: Buffer) => {
      this.#words = (this.#words + d.toString()).slice(-16_384);
    });
    return child;
  }

  #lastWords(): string {
    return this.#words.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  }
}

function causeOfDeath(code: number | null, signal: NodeJS.Signals | null, words: string): string {
  if (/heap out of memory|Allocation failed/i.test(words))
    return 'out of memory: the worker hit its heap limit';
  if (signal === 'SIGKILL') return 'the worker was killed (SIGKILL): the machine may be out of memory';
  if (signal !== null) return `crash: the worker died of ${signal}`;
  return `crash: the worker ended with code ${code}`;
}
