/**
 * The contract of a function: what its callers may count on, and what it may count on itself, whoever loads,
 * links, replaces or calls it. Data that every floor reads; where it comes from: derive.ts.
 *
 *   static   all its calls are in this program, and its code is what runs: facts flow both ways
 *   global   anybody may call it (a program that replaces or extends, an object that is linked with this
 *            one), and the
 *            kernel may put another program in its place (freplace): of its arguments only the prototype is
 *              known, of its
 *            effects and its result nothing
 *   weak     as global; a linker may put another function in its place, too
 */

/** What an argument register holds whenever somebody calls the function. */
export type Parameter =
  /** Any number. */
  | { kind: 'scalar' }
  /** The context of the program's hook, as the hook gave it. */
  | { kind: 'ctx' }
  /** Memory that may be read and written; what it is part of, nobody knows. */
  | { kind: 'memory'; size: number; nullable: boolean }
  /** A dynptr, a kernel object, a page of an arena, or what no prototype describes. */
  | { kind: 'dynptr' | 'object' | 'arena' | 'unknown' };

/** Who may call a function, and put another one in its place. */
export type Linkage = 'static' | 'global' | 'weak';

/** What others may assume of a function, or replace. */
export interface FunctionContract {
  readonly linkage: Linkage;
  /**
   * How the kernel verifies it: wherever it is called, with what the caller has, or once, alone, with what
   * the prototype says; its callers then know of the result only that it is a number.
   */
  readonly verified: 'with callers' | 'alone';
  /** From r1 on, as the prototype in BTF has them; undefined without one: then r1 to r5 may hold anything. */
  readonly parameters?: readonly Parameter[];
  /**
   * The prototype returns a number: only such functions may be left early (legacy packet loads, tail calls).
   */
  readonly returnsNumber?: boolean;
  /** Called by the kernel when the program throws; its result is then the program's. */
  readonly isExceptionCallback?: true;
  /** Type id of the function in the BTF that the program is loaded with. */
  readonly btfType?: number;
}

/**
 * What a function without a contract is: raw instructions and objects without symbols are loaded that way.
 */
const STATIC: FunctionContract = { linkage: 'static', verified: 'with callers' };

/** Whoever has a contract: a function of a program. */
interface Bound {
  readonly contract?: FunctionContract;
}

export function contractOf(f: Bound | undefined): FunctionContract {
  return f?.contract ?? STATIC;
}

/** Others may call it or put other code in its place: nothing may be concluded across its calls. */
export function isOpen(f: Bound | undefined): boolean {
  return contractOf(f).linkage !== 'static';
}

/** The kernel verifies it by itself, from its prototype. */
export function isVerifiedAlone(f: Bound | undefined): boolean {
  return contractOf(f).verified === 'alone';
}

/** The kernel calls it when the program throws. */
export function isExceptionCallback(f: Bound | undefined): boolean {
  return contractOf(f).isExceptionCallback === true;
}

const ALL_ARGUMENTS = 0x3e;

/** Registers (bit n = rn) that every call of an open function passes, whether its code reads them or not. */
export function argumentRegisters(f: Bound | undefined): number {
  const { parameters } = contractOf(f);
  if (parameters === undefined) return ALL_ARGUMENTS;
  return ((1 << Math.min(parameters.length, 5)) - 1) << 1;
}
