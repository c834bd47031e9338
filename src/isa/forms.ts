/**
 * Other forms of one operation: the row with another operand, width or size, and the jump that asks another
 * relation.
 *
 *   in:   a row of the semantics table, or an instruction
 *   out:  the row or instruction of the asked form; undefined when there is none
 */
import type { Insn } from './insn.ts';
import { type JumpOp, OPS, type OpSpec, type Relation, specOf } from './semantics.ts';

/** What shall differ; what is left out stays. */
export interface Form {
  operand?: 'X' | 'K';
  width?: 32 | 64;
  size?: 1 | 2 | 4 | 8;
  /** Of a jump. */
  relation?: Relation;
}

/** What rows of one operation have in common: its kind, and within that what it does. */
function operationOf(row: OpSpec, { relation }: Form): string {
  switch (row.kind) {
    case 'alu':
      return `${row.mnemonic}${row.bits ?? ''}`;
    case 'jump':
      return relation ?? row.relation;
    case 'load':
      return `${row.signed} ${row.acquire}`;
    case 'store':
      return `${row.release}`;
    case 'call':
      return row.target;
    default:
      return row.mnemonic;
  }
}

function keyOf(row: OpSpec, change: Form): string {
  const operand = change.operand ?? ('operand' in row ? row.operand : '');
  const width = change.width ?? ('width' in row ? row.width : '');
  const size = change.size ?? ('size' in row ? row.size : '');
  return `${row.kind} ${operationOf(row, change)} ${operand} ${width} ${size}`;
}

const BY_KEY: ReadonlyMap<string, OpSpec> = new Map(OPS.map((row) => [keyOf(row, {}), row]));

/** The row that does what `spec` does, with another operand, width, size or relation. */
export function form<T extends OpSpec>(spec: T, change: Form): T | undefined {
  // The key holds the kind, so the row has the type of the one that was given.
  return BY_KEY.get(keyOf(spec, change)) as T | undefined;
}

function asking(i: Insn, relation: (spec: JumpOp) => Relation): Insn | undefined {
  const spec = specOf(i);
  const row = spec?.kind === 'jump' ? form(spec, { relation: relation(spec) }) : undefined;
  return row && { ...i, op: row.op };
}

/**
 * A conditional jump that is taken when `i` is not; undefined where there is none: for `jset`, and for what
 * is no jump.
 */
export function negated(i: Insn): Insn | undefined {
  return asking(i, (spec) => spec.negated);
}

/** The operation for `i`'s operands in the other order; the operands stay where they are. */
export function operandsSwapped(i: Insn): Insn | undefined {
  return asking(i, (spec) => spec.swapped);
}
