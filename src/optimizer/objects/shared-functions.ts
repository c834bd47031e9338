/**
 * Functions that several programs of an object have.
 *
 *   programs --sharedFunctions--> names --frozen--> a program whose shared functions stay as they are
 */
import { KEPT } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import type { OptimizeResult } from '../types.ts';

/** Names of the functions that more than one of the programs has. */
export function sharedFunctions(programs: readonly Program[]): Set<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { functions } of programs)
    for (const { name } of functions) {
      if (seen.has(name)) shared.add(name);
      seen.add(name);
    }
  return shared;
}

/** The program with the instructions of some functions pinned. */
export function frozen(program: Program, names: ReadonlySet<string>): Program {
  const pinned = new Map(program.pinned);
  for (const { name, start, end } of program.functions)
    if (names.has(name))
      for (let at = start; at < end; at++)
        if (!pinned.has(program.origin[at]!))
          pinned.set(program.origin[at]!, `${KEPT}function ${name} is shared`);
  return { ...program, pinned };
}

/** A result with the pins of the original. */
export function thawed(result: OptimizeResult, { pinned }: Program): OptimizeResult {
  const thaw = (program: Program): Program => ({ ...program, pinned });
  const { versions } = result;
  return {
    ...result,
    program: thaw(result.program),
    ...(versions === undefined
      ? {}
      : { versions: versions.map((v) => ({ ...v, program: thaw(v.program) })) }),
    notes: [...result.notes, 'functions that it shares with other programs stay as they are'],
  };
}
