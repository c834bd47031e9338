/**
 * One run per result folder: a file with the process id of who is writing. A lock whose process is gone is
 * void.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from './errors.ts';
import { asUserError } from './files.ts';

/** @returns what gives the lock back. @throws UserError when somebody else has it */
export function lockFolder(folder: string): () => void {
  const file = join(folder, '.lock');
  const own = `${file}.${process.pid}`;
  try {
    writeFileSync(own, String(process.pid));
  } catch (e) {
    asUserError(e, file, 'write');
  }
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(own, file);
        return () => rmSync(file, { force: true });
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== 'EEXIST') asUserError(e, file, 'write');
      }
      const holder = holderOf(file);
      if (holder !== undefined && isAlive(holder))
        throw new UserError(
          `another run (process ${holder}) is writing these results.`,
          folder,
          'Wait for it, or use another folder with --results.',
        );
      rmSync(file, { force: true });
    }
    throw new UserError('the lock of these results changes hands too fast.', folder, 'Try again.');
  } finally {
    rmSync(own, { force: true });
  }
}

function holderOf(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}
