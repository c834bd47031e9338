/** What produced a result: code, machine, versions. Gathered once per run. */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../base/hash.ts';
import { DIST, PACKAGE_ROOT, PACKAGE_VERSION } from '../../base/paths.ts';

export interface Provenance {
  version: string;
  /** Digest of the compiled code that decides results: floors isa to traffic. */
  code: string;
  /** Of the checkout; null when there is none. */
  commit: string | null;
  dirty: boolean | null;
  node: string;
  cpu: string;
  kernel: string;
  solver: string;
}

/** Floors whose code can change a result. */
const DECIDING = [
  'isa',
  'program',
  'analysis',
  'vm',
  'solver',
  'verify',
  'search',
  'kernel',
  'optimizer',
  'traffic',
];

/** Files of this floor that do. */
const MEASURING = ['measure', 'traffic', 'checking', 'paper'].map((f) => join('experiment', `${f}.js`));

/** Version and digest of the optimizer's compiled code. */
export function optimizerCode(dist: string = DIST): string {
  const files = DECIDING.map((floor) => join(dist, floor))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((f) => f.endsWith('.js'))
        .map((f) => join(folder, f)),
    )
    .concat(MEASURING.map((f) => join(dist, f)).filter((f) => existsSync(f)))
    .sort();
  const digest = sha256(files.map((f) => `${f.slice(dist.length)} ${sha256(readFileSync(f))}`).join('\n'));
  return `${PACKAGE_VERSION}+${digest.slice(0, 12)}`;
}

export function gatherProvenance(code: string): Provenance {
  const status = git('status', '--porcelain', '--', 'src', 'package-lock.json');
  return {
    version: PACKAGE_VERSION,
    code,
    commit: git('rev-parse', 'HEAD') ?? null,
    dirty: status === undefined ? null : status !== '',
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    kernel: `${process.platform} ${release()} ${process.arch}`,
    solver: `z3-solver ${packageVersion('z3-solver')}`,
  };
}

function git(...args: string[]): string | undefined {
  if (!existsSync(join(PACKAGE_ROOT, '.git'))) return undefined;
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', ['-C', PACKAGE_ROOT, ...args], { encoding: 'utf8', stdio }).trim();
  } catch {
    return undefined;
  }
}

/** Version of an installed package. */
function packageVersion(name: string): string {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const file = paths.map((p) => join(p, name, 'package.json')).find((p) => existsSync(p));
  return file === undefined ? 'unknown' : JSON.parse(readFileSync(file, 'utf8')).version;
}
