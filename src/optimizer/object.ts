/** Object in, object out: every program of it, or those of one section or name. */

import { UserError } from '../base/errors.ts';
import type { ProgramOptions } from '../program/elf/index.ts';
import { programsOf, readObject, rewritePrograms, writeObject } from '../program/elf/index.ts';
import type { Program } from '../program/program.ts';
import { contextProvider, createWindowVerifier } from '../verify/index.ts';
import type { Control } from './pipeline.ts';
import { optimizePareto, optimizeProgram, threadsFor } from './program.ts';
import type { OptimizeOptions, OptimizeResult } from './types.ts';

export type ObjectRow =
  | { status: 'optimized'; name: string; section: string; original: Program; result: OptimizeResult }
  | { status: 'skipped'; name: string; section: string; reason: string };

export interface ObjectResult {
  /** The drop-in object. */
  bytes: Uint8Array;
  /** Where several versions were asked for: an object with the first of each program, with the second, ... */
  versions: readonly Uint8Array[];
  rows: readonly ObjectRow[];
}

export interface ObjectOptions extends ProgramOptions {
  /** Only programs whose section or function has this name. */
  section?: string;
  /** The front of slots against modeled latency instead of the best for one goal. */
  pareto?: boolean;
}

/**
 * @param file the object's name, for messages
 * @throws UserError when the file is no BPF object, or has no program of that section
 */
export async function optimizeObject(
  bytes: Uint8Array,
  file: string,
  options: OptimizeOptions,
  objectOptions: ObjectOptions = {},
  control: Control = {},
): Promise<ObjectResult> {
  const object = readObject(bytes, file);
  const { section } = objectOptions;
  const named = (row: { name: string; section: string }): boolean =>
    section === undefined || row.section === section || row.name === section;
  const all = programsOf(object, objectOptions);
  const chosen = all
    .map((row) => (row.ok ? { ...row, name: row.program.name, section: row.program.section } : row))
    .filter(named);
  if (chosen.length === 0) {
    const names = all.map((row) => (row.ok ? row.program.section : row.section));
    throw new UserError(
      section === undefined ? 'the object has no programs' : `no section or function is named "${section}"`,
      file,
      names.length === 0 ? '' : `It has: ${[...new Set(names)].join(', ')}.`,
    );
  }
  const verifier = await createWindowVerifier({ contextOf: contextProvider(), solver: options.solver });
  const threads = threadsFor(control, options);
  const rows: ObjectRow[] = [];
  try {
    for (const row of chosen) {
      const { name, section: where } = row;
      if (!row.ok) rows.push({ status: 'skipped', name, section: where, reason: row.reason });
      else {
        const original = row.program;
        const result =
          objectOptions.pareto === true
            ? await optimizePareto(original, options, control, { verifier, threads })
            : await optimizeProgram(original, options, control, verifier, threads);
        rows.push({ status: 'optimized', name, section: where, original, result });
      }
    }
  } finally {
    verifier.close();
    await threads?.close();
  }
  const done = rows.flatMap((row) => (row.status === 'optimized' ? [row] : []));
  const objectWith = (optimized: (result: OptimizeResult) => Program): Uint8Array =>
    writeObject(
      object,
      rewritePrograms(
        object,
        done.map(({ original, result }) => ({ original, optimized: optimized(result) })),
      ),
    );
  // A program that has fewer versions stays at its last one.
  const nth = ({ versions = [], program }: OptimizeResult, n: number): Program =>
    (versions[n] ?? versions.at(-1))?.program ?? program;
  const count = Math.max(0, ...done.map(({ result }) => result.versions?.length ?? 0));
  return {
    bytes: objectWith((result) => result.program),
    versions: Array.from({ length: count }, (_, n) => objectWith((result) => nth(result, n))),
    rows,
  };
}
