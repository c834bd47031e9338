/** File access whose failures a user can understand. */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from './atomic-write.ts';
import { UserError } from './errors.ts';

const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['no such file or folder', 'Check the path.'],
  EACCES: ['permission denied', 'Choose another place, or change its permissions.'],
  EPERM: ['permission denied', 'Choose another place, or change its permissions.'],
  EROFS: ['the file system is read-only', 'Choose another place.'],
  ENOSPC: ['no space left on the device', 'Free some space and run again: what was finished is kept.'],
  EDQUOT: ['the disk quota is used up', 'Free some space and run again: what was finished is kept.'],
  EISDIR: ['this is a folder', 'Name a file.'],
  EEXIST: ['there is a file of this name', 'Choose another place.'],
  ENOTDIR: ['a part of the path is not a folder', 'Check the path.'],
};

/** A system error on a file as a `UserError`; anything else is thrown as it is. */
export function asUserError(e: unknown, path: string, doing: string): never {
  const code = (e as NodeJS.ErrnoException | undefined)?.code;
  if (e instanceof Error && typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) {
    const [what, hint] = REASONS[code] ?? [`error ${code}`, ''];
    throw new UserError(`cannot ${doing}: ${what}.`, path, hint);
  }
  throw e;
}

/** @throws UserError */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (e) {
    asUserError(e, path, 'read');
  }
}

/** @throws UserError */
export function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path));
}

/** The file appears whole or not at all; its folder is made. @throws UserError */
export function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    makeFolders(dirname(path));
    writeAtomically(path, content);
  } catch (e) {
    asUserError(e, path, 'write');
  }
}

/** @throws UserError */
export function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (e) {
    asUserError(e, path, 'make the folder');
  }
}

/**
 * One after the other: a recursive mkdir says ENOENT where the file system is read-only or a part is a file.
 */
function makeFolders(path: string): void {
  const parent = dirname(path);
  if (!existsSync(parent)) makeFolders(parent);
  try {
    mkdirSync(path);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw e;
  }
}
