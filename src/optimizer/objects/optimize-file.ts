/**
 * File in, file out: every program of it, or those that were chosen when it was loaded.
 *
 *   LoadedFile --optimizeProgram--> a row per program --writeRows (objects), contentsWith (raw)--> a drop-in
 *     file
 */

import { type ObjectFile, programsOf } from '../../program/elf/index.ts';
import { contentsWith, type FileContents, type LoadedFile } from '../../program/file.ts';
import type { Program } from '../../program/program.ts';
import { createWindowVerifier } from '../../verify/index.ts';
import type { OptimizeControl } from '../pipeline.ts';
import { threadsFor, verifierOptions } from '../program.ts';
import type { FileRow, ObjectSizes, OptimizeOptions, OptimizeResult } from '../types.ts';
import { bytesOfCode, writeRows } from './object.ts';
import { NOT_BEGUN, optimizeOne, type ProgramOutcome } from './optimize-one.ts';
import { optimizePrograms } from './program-pool.ts';
import { frozen, sharedFunctions, thawed } from './shared-functions.ts';
import { worthwhile } from './worthwhile.ts';

export interface FileResult {
  /** The drop-in file. */
  contents: FileContents;
  /** Where several versions were asked for: a file with the first of each program, with the second, ... */
  versions: readonly FileContents[];
  /** In the order of the file. */
  rows: readonly FileRow[];
  /** Of an object. */
  sizes?: ObjectSizes;
}

/** @param pareto the front of slots against modeled latency instead of the best for one goal */
export async function optimizeFile(
  file: LoadedFile,
  options: OptimizeOptions,
  { pareto = false }: { pareto?: boolean } = {},
  control: OptimizeControl = {},
): Promise<FileResult> {
  const programs = file.rows.flatMap((row) => (row.ok ? [row.program] : []));
  const optimizeAll = (some: readonly Program[]): Promise<ProgramOutcome[]> =>
    control.threaded === true && options.solver === undefined
      ? optimizePrograms(some, { options, pareto }, control)
      : oneByOne(some, options, pareto, control);
  const outcomes = await optimizeAll(programs);
  const byProgram = new Map(programs.map((program, n) => [program, outcomes[n]!]));
  if (file.source !== 'raw') {
    const again = losers(file.source, byProgram);
    const shared = sharedFunctions(programsOf(file.source).flatMap((row) => (row.ok ? [row.program] : [])));
    const second = await optimizeAll(again.map((program) => frozen(program, shared)));
    again.forEach((program, n) => {
      const outcome = second[n]!;
      if (outcome.status === 'optimized')
        byProgram.set(program, { ...outcome, result: thawed(outcome.result, program) });
    });
  }
  const rows = file.rows.map((row): FileRow => {
    if (!row.ok) return { status: 'skipped', name: row.name, section: row.section, reason: row.reason };
    const { program } = row;
    const { name, section } = program;
    const outcome = byProgram.get(program)!;
    return outcome.status === 'skipped'
      ? { ...outcome, name, section }
      : { ...outcome, name, section, original: program };
  });
  const best = fileOf(file, rows, (result) => result.program);
  // A program that has fewer versions stays at its last one.
  const nth = ({ versions = [], program }: OptimizeResult, n: number): Program =>
    (versions[n] ?? versions.at(-1))?.program ?? program;
  const counts = rows.map((row) => (row.status === 'optimized' ? (row.result.versions?.length ?? 0) : 0));
  const versions = Array.from(
    { length: Math.max(0, ...counts) },
    (_, n) => fileOf(file, rows, (result) => nth(result, n)).contents,
  );
  return { ...best, versions };
}

/** Programs whose changes would make the object larger, because they share functions with others. */
function losers(object: ObjectFile, outcomes: ReadonlyMap<Program, ProgramOutcome>): Program[] {
  const changes = [...outcomes].flatMap(([original, outcome]) =>
    outcome.status === 'optimized' && outcome.result.program !== original
      ? [{ original, optimized: outcome.result.program }]
      : [],
  );
  const kept = worthwhile(object, changes);
  return changes.flatMap((change) => (kept.includes(change) ? [] : [change.original]));
}

async function oneByOne(
  programs: readonly Program[],
  options: OptimizeOptions,
  pareto: boolean,
  control: OptimizeControl,
): Promise<ProgramOutcome[]> {
  const verifier = await createWindowVerifier(verifierOptions(options));
  const threads = threadsFor(control, options);
  const outcomes: ProgramOutcome[] = [];
  try {
    for (const program of programs)
      outcomes.push(
        control.stop?.() === true && outcomes.length > 0
          ? NOT_BEGUN
          : await optimizeOne(program, options, pareto, control, { verifier, threads }),
      );
  } finally {
    verifier.close();
    await threads?.close();
  }
  return outcomes;
}

/** The file with one version of each program. */
function fileOf(
  file: LoadedFile,
  rows: readonly FileRow[],
  chosen: (result: OptimizeResult) => Program,
): Omit<FileResult, 'versions'> {
  const { source } = file;
  const wanted = rows.map((row) =>
    row.status === 'optimized' ? { row, optimized: chosen(row.result) } : { row },
  );
  if (source === 'raw') {
    const changes = wanted.flatMap(({ row, optimized }) =>
      row.status === 'optimized' && optimized !== undefined ? [{ original: row.original, optimized }] : [],
    );
    return { contents: contentsWith(file, changes), rows };
  }
  const { bytes, code, rows: kept } = writeRows(source, wanted);
  const sizes = {
    codeBefore: bytesOfCode(source),
    codeAfter: code,
    fileBefore: file.size,
    fileAfter: bytes.length,
  };
  return { contents: { kind: 'object', bytes }, rows: kept, sizes };
}
