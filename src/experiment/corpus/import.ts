/**
 * Brings the files of a corpus that does not ship its bytes into `.k2/corpora/<name>`: from a folder that
 * holds them, or from the public repository that its manifest names. Every file must be the one that the
 * manifest describes.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { readBytes, writeWhole } from '../../base/files.ts';
import { sha256 } from '../../base/hash.ts';
import { stateFolder } from '../../base/paths.ts';
import { type Corpus, forgetCorpora } from './corpus.ts';

interface WantedFile {
  /** Below the corpus' data. */
  path: string;
  /** In the repository. */
  upstream: string;
  sha256: string;
}

export interface Imported {
  folder: string;
  files: number;
}

/** @throws UserError when files are missing or other than described; nothing is written then */
export function importFrom(corpus: Corpus, from: string): Imported {
  const wanted = wantedFiles(corpus);
  const found = wanted.map((w) => ({ path: w.path, bytes: findFile(w, from) }));
  const missing = found.flatMap((f) => (f.bytes === undefined ? [f.path] : []));
  if (missing.length > 0)
    throw new UserError(
      `${missing.length} of ${wanted.length} files are not there as the manifest describes them (sha256), first ${missing[0]}.`,
      from,
      `Name a copy of ${repositoryOf(corpus).url} at commit ${repositoryOf(corpus).commit}, or use --clone.`,
    );
  const folder = join(stateFolder(), 'corpora', corpus.name);
  for (const { path, bytes } of found) writeWhole(join(folder, path), bytes as Uint8Array);
  forgetCorpora();
  return { folder, files: found.length };
}

/** Fetches the one commit with git. @throws UserError */
export function importClone(corpus: Corpus): Imported {
  const { url, commit } = repositoryOf(corpus);
  const folder = mkdtempSync(join(tmpdir(), 'k2-corpus-'));
  try {
    git(folder, 'init', '--quiet');
    git(folder, 'fetch', '--quiet', '--depth=1', url, commit);
    git(folder, '-c', 'advice.detachedHead=false', 'checkout', '--quiet', 'FETCH_HEAD');
    return importFrom(corpus, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function git(folder: string, ...args: string[]): void {
  const r = spawnSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (r.error !== undefined) throw new UserError('git cannot be run.', '', 'Install git, or use --from DIR.');
  if (r.status !== 0)
    throw new UserError(
      `git ${args[0]} failed: ${r.stderr.trim().split('\n').at(-1)}`,
      '',
      'Check the network, or use --from DIR.',
    );
}

function wantedFiles(corpus: Corpus): WantedFile[] {
  const wanted = corpus.manifest.programs.flatMap((p) =>
    p.builds.flatMap((b) => Object.values(b.files ?? {})),
  );
  if (wanted.length === 0)
    throw new UserError(`corpus ${corpus.name} is not one that is imported.`, '', 'See k2 corpus list.');
  return [...new Map(wanted.map((w) => [w.path, w])).values()];
}

function findFile(w: WantedFile, from: string): Uint8Array | undefined {
  for (const file of [join(from, w.upstream), join(from, w.path)]) {
    if (!existsSync(file)) continue;
    const bytes = readBytes(file);
    if (sha256(bytes) === w.sha256) return bytes;
  }
  return undefined;
}

function repositoryOf(corpus: Corpus): { url: string; commit: string } {
  for (const p of corpus.manifest.programs) {
    const { repository: url, commit } = p.provenance ?? {};
    if (url !== undefined && commit !== undefined) return { url, commit };
  }
  throw new UserError(`corpus ${corpus.name} names no repository.`, '', 'Use --from DIR.');
}
