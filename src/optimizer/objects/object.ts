/**
 * One object out of its optimized programs.
 *
 *   object, rows --worthwhile--> the programs that make the object smaller --writeObject--> bytes, rows,
 *     bytes of code
 */
import { type ObjectFile, rewritePrograms, writeObject } from '../../program/elf/index.ts';
import type { Program } from '../../program/program.ts';
import type { FileRow, OptimizeResult } from '../types.ts';
import { slotsOfCode, worthwhile } from './worthwhile.ts';

/** Bytes of a slot. */
const SLOT = 8;

export function bytesOfCode(object: ObjectFile): number {
  return slotsOfCode(object, []) * SLOT;
}

export interface WrittenObject {
  bytes: Uint8Array;
  rows: FileRow[];
  /** Bytes of code. */
  code: number;
}

/** Programs that would make the object larger stay as they were, and their rows say so. */
export function writeRows(
  object: ObjectFile,
  wanted: readonly { row: FileRow; optimized?: Program }[],
): WrittenObject {
  const changes = wanted.flatMap(({ row, optimized }) =>
    row.status === 'optimized' && optimized !== undefined ? [{ row, original: row.original, optimized }] : [],
  );
  const kept = worthwhile(object, changes);
  const rewrites = rewritePrograms(object, kept);
  const rows = wanted.map(({ row, optimized }): FileRow => {
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
    ...(result.proofs === undefined ? {} : { proofs: [] }),
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
