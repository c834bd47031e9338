/**
 * Corpora: named sets of programs.
 *
 *   corpora/<name>/manifest.json --zod--> entries --variant--> file (committed, imported or built)
 *     --> Program
 *
 * A program that is not there, or cannot be read, is a value with a reason, never an exception.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { UserError } from '../../base/errors.ts';
import { readBytes, readText } from '../../base/files.ts';
import { sha256 } from '../../base/hash.ts';
import { PACKAGE_ROOT, sharedFolder, stateFolder } from '../../base/paths.ts';
import { hintFor } from '../../base/text.ts';
import { programsOf, readObject } from '../../program/elf/index.ts';
import type { MapDef, Program } from '../../program/program.ts';
import { readRaw } from '../../program/raw/raw.ts';
import { isHookName } from '../../program/tables/hooks.ts';
import { MapTypeId, mapType } from '../../program/tables/maps.ts';
import { type CorpusBuild, type CorpusEntry, Manifest } from './manifest.ts';

export interface Corpus {
  name: string;
  manifest: Manifest;
  /** Folders in which the manifest's files may be, in order. */
  roots: readonly string[];
}

/** A program, or why there is none. */
export type Loaded =
  | { status: 'ok'; program: Program; file: string; bytes: Uint8Array }
  | { status: 'missing' | 'unreadable'; reason: string };

/**
 * Folders in which a corpus' folder with a manifest may be; what was built here says more than what ships.
 */
function manifestFolders(): string[] {
  return [stateFolder(), join(PACKAGE_ROOT, 'corpora')];
}

/** Names of all corpora with a manifest, sorted. */
export function corpusNames(): string[] {
  const names = new Set<string>();
  for (const folder of manifestFolders()) {
    if (!existsSync(folder)) continue;
    for (const e of readdirSync(folder, { withFileTypes: true }))
      if (e.isDirectory() && existsSync(join(folder, e.name, 'manifest.json'))) names.add(e.name);
  }
  return [...names].sort();
}

const open = new Map<string, Corpus>();

/** @throws UserError when there is no such corpus, or its manifest is damaged */
export function openCorpus(name: string): Corpus {
  const known = open.get(name);
  if (known !== undefined) return known;
  const names = corpusNames();
  if (!names.includes(name)) throw new UserError(`there is no corpus '${name}'.`, '', hintFor(name, names));
  const file = manifestFolders()
    .map((folder) => join(folder, name, 'manifest.json'))
    .find((path) => existsSync(path))!;
  const corpus = { name, manifest: readManifest(file), roots: rootsOf(name) };
  open.set(name, corpus);
  return corpus;
}

/** Where a corpus' files may be: in the package, imported, built, beside the checkout. */
function rootsOf(name: string): string[] {
  const roots = [
    join(PACKAGE_ROOT, 'corpora', name),
    join(stateFolder(), 'corpora', name),
    join(stateFolder(), name),
    join(sharedFolder(), 'corpora', name),
  ];
  return [...new Set(roots.map((r) => resolve(r)))];
}

function readManifest(file: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (e) {
    if (e instanceof SyntaxError) throw new UserError(`this is no JSON: ${e.message}.`, file);
    throw e;
  }
  const parsed = Manifest.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  throw new UserError(`${issue.path.join('.')}: ${issue.message}.`, file, 'Restore the file.');
}

/** @throws UserError when the corpus has no such program */
export function entryOf(corpus: Corpus, id: string): CorpusEntry {
  const entry = corpus.manifest.programs.find((p) => p.id === id);
  if (entry !== undefined) return entry;
  const ids = corpus.manifest.programs.map((p) => p.id);
  throw new UserError(`corpus ${corpus.name} has no program '${id}'.`, '', hintFor(id, ids));
}

export function buildOf(entry: CorpusEntry, variant: string): CorpusBuild | undefined {
  return entry.builds.find((b) => b.variant === variant);
}

/** Slots as the kernel gets them: with the subprograms that are reached. */
export function slotsOf(build: CorpusBuild | undefined): number | undefined {
  return build?.linkedSlots ?? build?.slots;
}

/** The main file of a build, relative to the corpus' data, and its digest. */
export function inputOf(build: CorpusBuild): { path: string; sha256: string } | undefined {
  const { object, sha256, files } = build;
  if (object !== undefined && sha256 !== undefined) return { path: object, sha256 };
  return files?.insns;
}

/** Where a file of a corpus is; undefined when it is nowhere. */
export function locate(corpus: Corpus, path: string): string | undefined {
  return corpus.roots.map((root) => join(root, path)).find((file) => existsSync(file));
}

/** What a user has to do to get the files of a corpus. */
export function howToGet(corpus: Corpus): string {
  switch (corpus.manifest.storage) {
    case 'committed':
      return 'Restore it from the repository.';
    case 'imported':
      return `Run: k2 corpus add ${corpus.name} --clone`;
    default:
      return `Run: k2 corpus build ${corpus.name}`;
  }
}

/** Reads the program of an entry as one of its builds has it. */
export function loadEntry(corpus: Corpus, entry: CorpusEntry, variant: string): Loaded {
  const build = buildOf(entry, variant);
  const input = build === undefined ? undefined : inputOf(build);
  if (build === undefined || input === undefined)
    return { status: 'missing', reason: `corpus ${corpus.name} has no ${variant} build of ${entry.id}` };
  const file = locate(corpus, input.path);
  if (file === undefined)
    return { status: 'missing', reason: `${input.path} is not there. ${howToGet(corpus)}` };
  try {
    const bytes = readBytes(file);
    if (sha256(bytes) !== input.sha256)
      return { status: 'unreadable', reason: `${file} is not the file that the manifest describes (sha256)` };
    const program =
      build.files === undefined
        ? withOverrides(objectProgram(entry, file, bytes), entry)
        : rawProgram(corpus, entry, build.files, file, bytes);
    return { status: 'ok', program, file, bytes };
  } catch (e) {
    if (e instanceof UserError) return { status: 'unreadable', reason: e.message };
    throw e;
  }
}

function rawProgram(
  corpus: Corpus,
  entry: CorpusEntry,
  files: NonNullable<CorpusBuild['files']>,
  file: string,
  insns: Uint8Array,
): Program {
  const text = (kind: string): string => {
    const path = files[kind]?.path;
    const found = path === undefined ? undefined : locate(corpus, path);
    return found === undefined ? '' : readText(found);
  };
  const { hook, attachType, kernelLicense: license } = entry;
  const program = readRaw(
    { file, insns, maps: text('maps'), desc: text('desc') },
    {
      license,
      ...(isHookName(hook) ? { hook } : {}),
      ...(attachType === undefined ? {} : { attachType }),
      maps: mapChanges(entry),
    },
  );
  return { ...program, name: entry.id, section: entry.section };
}

/** What the manifest says of maps, in the terms of `MapDef`. */
function mapChanges(entry: CorpusEntry): Record<string, Partial<MapDef>> {
  return Object.fromEntries(
    Object.entries(entry.mapOverrides ?? {}).map(([name, { maxEntries, inner }]) => [
      name,
      {
        ...(maxEntries === undefined ? {} : { maxEntries }),
        ...(inner === undefined ? {} : { inner: innerMap(name, inner) }),
      },
    ]),
  );
}

function innerMap(outer: string, inner: Omit<MapDef, 'type' | 'name' | 'flags'> & { type: string }): MapDef {
  const type = MapTypeId[inner.type.toUpperCase() as keyof typeof MapTypeId];
  if (type === undefined) throw new UserError(`map type '${inner.type}' is not known.`, `map ${outer}`);
  return { ...inner, name: `${outer}_inner`, type, flags: mapType(type)?.requiredFlags ?? 0 };
}

function objectProgram(entry: CorpusEntry, file: string, bytes: Uint8Array): Program {
  const options = isHookName(entry.hook) ? { hook: entry.hook } : {};
  const rows = programsOf(readObject(bytes, file), options);
  const row = rows.find((r) =>
    r.ok
      ? r.program.name === entry.function && r.program.section === entry.section
      : r.name === entry.function && r.section === entry.section,
  );
  if (row === undefined)
    throw new UserError(`it has no program '${entry.function}' in section '${entry.section}'.`, file);
  if (!row.ok) throw new UserError(row.reason, `${file}, section ${row.section}, ${row.name}`);
  return row.program;
}

function withOverrides(program: Program, entry: CorpusEntry): Program {
  const changes = mapChanges(entry);
  return { ...program, maps: program.maps.map((m) => ({ ...m, ...changes[m.name] })) };
}

/** Whether a program can be read here. */
export function isThere({ corpus, id, variant }: { corpus: string; id: string; variant: string }): boolean {
  const opened = openCorpus(corpus);
  return loadEntry(opened, entryOf(opened, id), variant).status === 'ok';
}

/** One sentence per corpus of whose programs some are not there. */
export function missingPrograms(
  programs: readonly { corpus: string; id: string; variant: string }[],
): string[] {
  return [...new Set(programs.map((p) => p.corpus))].flatMap((name) => {
    const corpus = openCorpus(name);
    const wanted = programs.filter((p) => p.corpus === name);
    const builds = new Map(wanted.map(({ id, variant }) => [`${id} ${variant}`, { id, variant }]));
    const missing = [...builds.values()].filter((b) => !isThere({ corpus: name, ...b }));
    return missing.length === 0
      ? []
      : [`corpus ${name}: ${missing.length} of ${builds.size} programs are not there. ${howToGet(corpus)}`];
  });
}

/** Forgets what was read: for tests and after an import. */
export function forgetCorpora(): void {
  open.clear();
}
