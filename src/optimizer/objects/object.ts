/**
 * Object in, object out: every program of it, or those of one section or name.
 *
 *   bytes --readObject--> programs --optimizeProgram--> smaller programs --worthwhile--> those that make the object smaller
 *         --writeObject--> bytes, and what became of the object as a whole
 */

import { UserError } from '../../base/errors.ts';
import type { ProgramOptions } from '../../program/elf/index.ts';
import {
  type ObjectFile,
  programsOf,
  readObject,
  rewritePrograms,
  writeObject,
} from '../../program/elf/index.ts';
import type { Program } from '../../program/program.ts';
import { contextProvider, createWindowVerifier } from '../../verify/index.ts';
import type { Control } from '../pipeline.ts';
import { optimizePareto, optimizeProgram, threadsFor } from '../program.ts';
import type { ObjectSizes, OptimizeOptions, OptimizeResult } from '../types.ts';
import { slotsOfCode, worthwhile } from './worthwhile.ts';

/** Bytes of a slot. */
const SLOT = 8;

export type ObjectRow =
  | { status: 'optimized'; name: string; section: string; original: Program; result: OptimizeResult }
  | { status: 'skipped'; name: string; section: string; reason: string };

export interface ObjectResult {
  /** The drop-in object. */
  bytes: Uint8Array;
  /** Where several versions were asked for: an object with the first of each program, with the second, ... */
  versions: readonly Uint8Array[];
  rows: readonly ObjectRow[];
  sizes: ObjectSizes;
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
  const put = (chosen: (result: OptimizeResult) => Program): Written =>
    write(
      object,
      rows.map((row) => (row.status === 'optimized' ? { row, optimized: chosen(row.result) } : { row })),
    );
  // A program that has fewer versions stays at its last one.
  const nth = ({ versions = [], program }: OptimizeResult, n: number): Program =>
    (versions[n] ?? versions.at(-1))?.program ?? program;
  const count = Math.max(
    0,
    ...rows.map((row) => (row.status === 'optimized' ? (row.result.versions?.length ?? 0) : 0)),
  );
  const best = put((result) => result.program);
  return {
    bytes: best.bytes,
    versions: Array.from({ length: count }, (_, n) => put((result) => nth(result, n)).bytes),
    rows: best.rows,
    sizes: {
      codeBefore: slotsOfCode(object, []) * SLOT,
      codeAfter: best.code,
      fileBefore: bytes.length,
      fileAfter: best.bytes.length,
    },
  };
}

interface Written {
  bytes: Uint8Array;
  rows: ObjectRow[];
  /** Bytes of code. */
  code: number;
}

/** Programs that would make the object larger stay as they were, and their rows say so. */
function write(object: ObjectFile, wanted: readonly { row: ObjectRow; optimized?: Program }[]): Written {
  const changes = wanted.flatMap(({ row, optimized }) =>
    row.status === 'optimized' && optimized !== undefined ? [{ row, original: row.original, optimized }] : [],
  );
  const kept = worthwhile(object, changes);
  const rewrites = rewritePrograms(object, kept);
  const rows = wanted.map(({ row, optimized }): ObjectRow => {
    const isDropped =
      row.status === 'optimized' && optimized !== row.original && !kept.some((change) => change.row === row);
    return isDropped ? { ...row, result: unchanged(row.original, row.result) } : row;
  });
  return { bytes: writeObject(object, rewrites), rows, code: slotsOfCode(object, rewrites) * SLOT };
}

/** The result of a program that stays as it was after all. */
function unchanged(original: Program, result: OptimizeResult): OptimizeResult {
  return {
    ...result,
    program: original,
    slotsAfter: result.slotsBefore,
    insnsAfter: result.insnsBefore,
    latencyAfter: result.latencyBefore,
    rewrites: [],
    kernel: asBefore(result.kernel),
    notes: [
      ...result.notes,
      `left as it was: ${result.slotsAfter} slots, but functions that it shares would need copies, and the object would grow`,
    ],
  };
}

function asBefore(kernel: OptimizeResult['kernel']): OptimizeResult['kernel'] {
  if (kernel.status !== 'accepted') return kernel;
  const { verifiedInsnsBefore, jitedBytesBefore } = kernel;
  return { ...kernel, verifiedInsns: verifiedInsnsBefore, jitedBytes: jitedBytesBefore };
}
