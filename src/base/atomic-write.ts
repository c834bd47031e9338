/** Writing files so that nobody ever sees half of one. */
import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * The file appears whole or not at all. A device, a pipe or a link at `path` is written to, never replaced.
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
    renameSync(part, path);
  } catch (e) {
    rmSync(part, { force: true });
    throw e;
  }
}
