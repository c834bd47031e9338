/**
 * A corpus of one's own from files: `.k2/<name>/` with copies of them and a manifest.
 *
 *   objects, raw instructions --every program that can be read--> entries --> manifest.json
 */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { readBytes, writeWhole } from '../../base/files.ts';
import { sha256 } from '../../base/hash.ts';
import { stateFolder } from '../../base/paths.ts';
import { isNop, sizeInSlots } from '../../isa/insn.ts';
import { programsOf, readObject } from '../../program/elf/index.ts';
import type { Program } from '../../program/program.ts';
import { readRawFile } from '../../program/raw/raw.ts';
import type { HookName } from '../../program/tables/hook-types.ts';
import { corpusNames, forgetCorpora } from './corpus.ts';
import type { CorpusBuild, CorpusEntry, Manifest } from './manifest.ts';

/** The one build of each program. */
const VARIANT = 'given';
const NAME = /^[a-z0-9][a-z0-9._-]*$/;

export interface NewCorpus {
  folder: string;
  programs: string[];
  /** Programs that cannot be used, with reasons. */
  skipped: string[];
}

export interface NewOptions {
  /** Program type, where neither section nor .desc tells. */
  hook?: HookName;
  license?: string;
}

interface FoundProgram {
  program: Program;
  build: CorpusBuild;
}

/** @throws UserError when the name is taken, or no program can be read */
export function newCorpus(name: string, files: readonly string[], options: NewOptions = {}): NewCorpus {
  if (!NAME.test(name)) throw new UserError(`'${name}' cannot be a name.`, '', 'Use a-z, 0-9, . _ and -.');
  if (corpusNames().includes(name))
    throw new UserError(
      `there is a corpus '${name}' already.`,
      '',
      'Choose another name, or remove its folder.',
    );
  const folder = join(stateFolder(), name);
  const copies = new Map<string, Uint8Array>();
  const skipped: string[] = [];
  const found = files.flatMap((file) =>
    file.endsWith('.insns')
      ? rawProgram(file, copies, options)
      : objectPrograms(file, copies, skipped, options),
  );
  if (found.length === 0)
    throw new UserError('none of the files has a program that can be used.', skipped[0] ?? '');
  const programs: CorpusEntry[] = found.map(({ program, build }, i) => ({
    id: idOf(found, i),
    group: name,
    category: '',
    description: '',
    license: options.license ?? 'none stated',
    kernelLicense: program.license,
    section: program.section,
    function: build.files === undefined ? program.name : '',
    hook: program.hook,
    ...(program.attachType === undefined ? {} : { attachType: program.attachType }),
    features: [],
    builds: [build],
  }));
  const manifest: Manifest = {
    corpus: name,
    title: `${programs.length} programs`,
    storage: 'committed',
    baseline: VARIANT,
    variants: [{ id: VARIANT, toolchain: '', level: '', cpu: '' }],
    programs,
  };
  for (const [path, bytes] of copies) writeWhole(join(folder, path), bytes);
  writeWhole(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  forgetCorpora();
  return { folder, programs: programs.map((p) => p.id), skipped };
}

function sizes({ insns }: Program): Pick<CorpusBuild, 'slots' | 'instructions' | 'status'> {
  return {
    slots: sizeInSlots(insns),
    instructions: insns.filter((i) => !isNop(i)).length,
    status: 'untested',
  };
}

/** Where a file's copy is, below the corpus' folder. Files of one name must be one file. */
function copy(file: string, copies: Map<string, Uint8Array>): { path: string; sha256: string } {
  const [path, bytes] = [basename(file), readBytes(file)];
  const known = copies.get(path);
  if (known !== undefined && Buffer.compare(known, bytes) !== 0)
    throw new UserError('two different files have this name.', file, 'Rename one.');
  copies.set(path, bytes);
  return { path, sha256: sha256(bytes) };
}

function objectPrograms(
  file: string,
  copies: Map<string, Uint8Array>,
  skipped: string[],
  { hook }: NewOptions,
): FoundProgram[] {
  const { path, sha256 } = copy(file, copies);
  return programsOf(readObject(copies.get(path)!, file), hook === undefined ? {} : { hook }).flatMap(
    (row) => {
      if (row.ok)
        return [
          { program: row.program, build: { variant: VARIANT, object: path, sha256, ...sizes(row.program) } },
        ];
      skipped.push(`${file}, section ${row.section}, ${row.name}: ${row.reason}`);
      return [];
    },
  );
}

function rawProgram(file: string, copies: Map<string, Uint8Array>, { hook }: NewOptions): FoundProgram[] {
  const program = readRawFile(file, hook === undefined ? {} : { hook });
  const beside = ['insns', 'maps', 'desc'].map((kind) => [kind, file.replace(/insns$/, kind)] as const);
  const files = Object.fromEntries(
    beside
      .filter(([, path]) => existsSync(path))
      .map(([kind, path]) => [kind, { ...copy(path, copies), upstream: basename(path) }]),
  );
  return [{ program, build: { variant: VARIANT, files, ...sizes(program) } }];
}

/** The program's name, with its file's before it where that is not enough. */
function idOf(found: readonly FoundProgram[], i: number): string {
  const { program, build } = found[i]!;
  const isAlone = found.every(({ program: other }, k) => k === i || other.name !== program.name);
  if (isAlone) return program.name;
  return `${(build.object ?? build.files?.insns?.path ?? '').replace(/\.\w+$/, '')}-${program.name}`;
}
