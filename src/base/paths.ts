/** Where things are: the package itself, the user's working directory, and what both hold. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The package's own folder: the one whose package.json is ours. */
export const PACKAGE_ROOT = findRoot(import.meta.dirname);

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'k2-bpf') return folder;
    if (dirname(folder) === folder) throw new Error(`no package.json of k2-bpf above ${from}`);
  }
}

/** Version in package.json. */
export const PACKAGE_VERSION: string = JSON.parse(
  readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'),
).version;

/** Compiled code, which worker processes run. */
export const DIST = join(PACKAGE_ROOT, 'dist');

/** Imported and built corpora of this working directory. */
export function stateFolder(): string {
  return resolve('.k2');
}

/** Reference data beside the checkout, if any: `K2_SHARED`, else `../shared`. */
export function sharedFolder(): string {
  return process.env.K2_SHARED ?? resolve(PACKAGE_ROOT, '../shared');
}
