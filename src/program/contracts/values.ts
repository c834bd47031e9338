/**
 * Values that a file states and others may change: what holds for everyone who loads the file, and what holds
 * only if the user says so.
 *
 *   in:   a map as the file defines it, what the user assumes
 *   out:  the map as proofs, tests and kernel loads take it
 *
 * Loaders write read-only data before they load a program (libbpf skeletons, RewriteConstants, set_global)
 * and freeze it then, so a program meets one unknown constant per byte. Neither `const` nor its bytes in the
 * file say what that is: only some languages mark what is set with `volatile`. Literals that the compiler
 * made (.rodata.cst8, .rodata.str1.1, tables without a name) have no name to be set by.
 */
import type { MapDef } from '../program.ts';
import { isFrozen } from './shared-memory.ts';

export const ASSUMPTIONS = ['rodata=final'] as const;
export type Assumption = (typeof ASSUMPTIONS)[number];

/** A fact that proofs may use, and who guarantees it. */
export interface ValueFact {
  readonly fact: string;
  readonly guarantee: 'kernel' | 'loader' | 'file' | 'nobody';
  /** When proofs rely on it. */
  readonly used: 'always' | 'never' | Assumption;
}

/** As docs/limits.md lists them. */
export const VALUE_FACTS: readonly ValueFact[] = [
  {
    fact: 'literals in .rodata.cst* and .rodata.str*, and tables without a name, are what the file says',
    guarantee: 'file',
    used: 'always',
  },
  { fact: 'named variables in .rodata are what the file says', guarantee: 'nobody', used: 'rodata=final' },
  { fact: '.rodata and .kconfig do not change while a program runs', guarantee: 'loader', used: 'always' },
  { fact: '.data and .bss hold what the file says', guarantee: 'nobody', used: 'never' },
  { fact: 'the value of a .kconfig variable', guarantee: 'nobody', used: 'never' },
  { fact: 'a weak kernel symbol or function exists', guarantee: 'nobody', used: 'never' },
  { fact: 'the value of a CO-RE relocation', guarantee: 'nobody', used: 'never' },
  {
    fact: 'an array has the entries that the file says: lookups with a constant key in range do not fail',
    guarantee: 'file',
    used: 'always',
  },
  { fact: 'two maps of the file are two maps, also when both are pinned', guarantee: 'file', used: 'always' },
  { fact: 'an inner map has the key and value size of its template', guarantee: 'kernel', used: 'always' },
  { fact: 'an inner map has the number of entries of its template', guarantee: 'nobody', used: 'never' },
];

/** The map under what the user assumes. */
export function assumed(map: MapDef, assumptions: readonly Assumption[] = []): MapDef {
  const isFinal = assumptions.includes('rodata=final') && map.initial !== undefined && isFrozen(map);
  return isFinal && map.readonly !== true ? { ...map, readonly: true } : map;
}

/** Begins the reason why an instruction with the address of a weak kernel symbol or function is not final. */
export const WEAK = 'weak ';

/** Is what an instruction refers to absent in some kernels? Its address is 0 there. */
export function isWeak(pin: string | undefined): boolean {
  return pin?.startsWith(WEAK) === true;
}
