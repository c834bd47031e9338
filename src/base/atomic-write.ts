/** Writing files so that nobody ever sees half of one. */
import { chmodSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * The file appears whole or not at all. A device, a pipe or a link at `path` is written to, never replaced; a
 * file keeps its permissions.
 * @throws the system's error (with `code`)
 */
export function writeAtomically(path: string, content: Uint8Array | string): void {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present !== undefined && !present.isFile()) {
    writeFileSync(path, content);
    return;
  }
  const part = `${path}.part`;
  try {
    writeFileSync(part, content);
    if (present !== undefined) chmodSync(part, present.mode & 0o7777);
    renameSync(part, path);
  } catch (e) {
    rmSync(part, { force: true });
    throw e;
  }
}
