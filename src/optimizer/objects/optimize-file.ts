/**
 * File in, file out: every program of it, or those that were chosen when it was loaded.
 *
 *   LoadedFile --optimizeProgram--> a row per program --writeRows (objects), contentsWith (raw)--> a drop-in
 *     file
 */
import { contentsWith, type FileContents, type LoadedFile } from '../../program/file.ts';
import type { Program } from '../../program/program.ts';
import { createWindowVerifier } from '../../verify/index.ts';
import type { OptimizeControl } from '../pipeline.ts';
import { optimizePareto, optimizeProgram, threadsFor, verifierOptions } from '../program.ts';
import type { FileRow, ObjectSizes, OptimizeOptions, OptimizeResult } from '../types.ts';
import { bytesOfCode, writeRows } from './object.ts';

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
  const verifier = await createWindowVerifier(verifierOptions(options));
  const threads = threadsFor(control, options);
  const rows: FileRow[] = [];
  try {
    for (const row of file.rows) {
      if (!row.ok) {
        const { name, section, reason } = row;
        rows.push({ status: 'skipped', name, section, reason });
        continue;
      }
      const original = row.program;
      const result = pareto
        ? await optimizePareto(original, options, control, { verifier, threads })
        : await optimizeProgram(original, options, control, verifier, threads);
      rows.push({ status: 'optimized', name: original.name, section: original.section, original, result });
    }
  } finally {
    verifier.close();
    await threads?.close();
  }
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
