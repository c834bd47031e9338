/**
 * The relations that conditional jumps ask of their operands, each with its negation and with what asks the
 * same of the operands in the other order. Every other table of conditions comes from this one.
 */

/** `dst REL src`; u is unsigned, s signed. `set`: they have a bit in common; `clear`: they have none. */
export type Relation =
  | 'eq'
  | 'ne'
  | 'set'
  | 'clear'
  | 'ugt'
  | 'uge'
  | 'ult'
  | 'ule'
  | 'sgt'
  | 'sge'
  | 'slt'
  | 'sle';

export interface RelationRow {
  /** Holds when this one does not. */
  readonly negated: Relation;
  /** Holds of (b, a) when this one holds of (a, b). */
  readonly swapped: Relation;
}

/** Closed under both columns. No jump asks `clear`. */
export const RELATIONS: Readonly<Record<Relation, RelationRow>> = {
  eq: { negated: 'ne', swapped: 'eq' },
  ne: { negated: 'eq', swapped: 'ne' },
  set: { negated: 'clear', swapped: 'set' },
  clear: { negated: 'set', swapped: 'clear' },
  ugt: { negated: 'ule', swapped: 'ult' },
  ule: { negated: 'ugt', swapped: 'uge' },
  uge: { negated: 'ult', swapped: 'ule' },
  ult: { negated: 'uge', swapped: 'ugt' },
  sgt: { negated: 'sle', swapped: 'slt' },
  sle: { negated: 'sgt', swapped: 'sge' },
  sge: { negated: 'slt', swapped: 'sle' },
  slt: { negated: 'sge', swapped: 'sgt' },
};
