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
  /** Digest of the compiled code and the rewrite rules that decide results. */
  code: string;
  /** Of the checkout; null when there is none. */
  commit: string | null;
  dirty: boolean | null;
  node: string;
  cpu: string;
  kernel: string;
  solver: string;
}

/** Folders of compiled code that can change a result. */
const DECIDING = [
  'base',
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
  'experiment/measure',
];
/** The rewrite rules are data that the search reads. */
const RULES = join(PACKAGE_ROOT, 'rules');

/** Version and digest of what decides results: compiled code and rewrite rules. */
export function optimizerCode(dist: string = DIST, rules: string = RULES): string {
  const files = [
    ...DECIDING.flatMap((folder) => filesBelow(dist, folder, '.js')),
    ...filesBelow(rules, '.', '.rules'),
  ];
  const digest = sha256(files.map(({ name, path }) => `${name} ${sha256(readFileSync(path))}`).join('\n'));
  return `${PACKAGE_VERSION}+${digest.slice(0, 12)}`;
}

/** Files of a kind below a folder, by name. */
function filesBelow(root: string, folder: string, extension: string): { name: string; path: string }[] {
  const from = join(root, folder);
  if (!existsSync(from)) return [];
  return readdirSync(from, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith(extension))
    .sort()
    .map((f) => ({ name: join(folder, f), path: join(from, f) }));
}

export function gatherProvenance(code: string): Provenance {
  const status = git('status', '--porcelain', '--', 'src', 'rules', 'package-lock.json');
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
