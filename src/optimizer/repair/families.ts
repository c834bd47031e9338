/**
 * What the kernel's verifier says when it refuses a program, by family: which fact it misses, of which
 * register. One row per message of Linux 5.4 to 6.18; `fact` is absent where no repair is known.
 */
import type { RegisterFact } from '../../verify/reach/path-facts.ts';

export type FamilyName =
  | 'uninitialised register'
  | 'access through a number'
  | 'argument is a number'
  | 'half of a pointer spilled'
  | 'packet bounds'
  | 'memory bounds'
  | 'variable stack offset'
  | 'too large'
  | 'unavailable helper'
  | 'loop'
  | 'result range'
  | 'other';

interface Family {
  name: FamilyName;
  pattern: RegExp;
  /** What must hold of the register in the pattern's first group. */
  fact?: RegisterFact;
  /** For people: what the verifier misses. */
  misses: string;
}

const FAMILIES: readonly Family[] = [
  {
    name: 'uninitialised register',
    pattern: /^R(\d+) !read_ok/,
    fact: 'written',
    misses: 'that the register is written on every path that can happen',
  },
  {
    name: 'access through a number',
    pattern: /^R(\d+) invalid mem access '(?:scalar|inv|map_value_or_null|mem_or_null|sock_or_null)'/,
    fact: 'pointer',
    misses: 'that the register is an address, and not NULL, on every path that can happen',
  },
  {
    name: 'argument is a number',
    pattern: /^R(\d+) type=(?:scalar|inv|map_value_or_null) expected=/,
    fact: 'pointer',
    misses: 'that the argument is an address, and not NULL, on every path that can happen',
  },
  {
    name: 'half of a pointer spilled',
    pattern: /^invalid size of register spill/,
    misses: 'the upper half of a pointer that is kept on the stack',
  },
  {
    name: 'packet bounds',
    pattern: /^(?:R\d+ offset is outside of the packet|invalid access to packet)/,
    misses: "that the access lies before the packet's end",
  },
  {
    name: 'memory bounds',
    pattern:
      /^(?:invalid access to (?:map value|memory)|R\d+ (?:min|max) value is outside of the (?:allowed memory|array|map value) range|R\d+ unbounded memory access|R\d+ (?:unbounded|min value is negative)|math between .* unbounded)/,
    misses: 'bounds of an offset',
  },
  {
    name: 'variable stack offset',
    pattern: /^(?:invalid variable-offset|variable stack access|invalid (?:read|write|indirect) .*stack)/,
    misses: 'which bytes of the stack are accessed, or that they are written',
  },
  {
    name: 'too large',
    pattern:
      /^(?:BPF program is too large|The sequence of \d+ jumps is too complex|combined stack size|too many states)/,
    misses: 'nothing: the program is more than it looks at',
  },
  { name: 'loop', pattern: /^(?:back-edge from|infinite loop detected)/, misses: 'that the loop ends' },
  {
    name: 'unavailable helper',
    pattern: /^(?:program of this type cannot use helper|unknown func|invalid func)/,
    misses: 'nothing: this kernel has no such helper for programs of this type',
  },
  {
    name: 'result range',
    pattern: /^At program exit the register R0/,
    misses: 'that the result is one that the hook allows',
  },
];

const OTHER: Family = {
  name: 'other',
  pattern: /^/,
  misses: 'something that no rule of this version is about',
};

export interface Diagnosis {
  family: FamilyName;
  misses: string;
  fact?: RegisterFact;
  register?: number;
}

/** The family of a reason as the kernel gives it. */
export function diagnose(reason: string): Diagnosis {
  const text = reason.replace(/^\d+: \([0-9a-f]{2}\)[^;]*; /, '');
  const family = FAMILIES.find((f) => f.pattern.test(text)) ?? OTHER;
  const register = family.pattern.exec(text)?.[1];
  return {
    family: family.name,
    misses: family.misses,
    ...(family.fact === undefined ? {} : { fact: family.fact }),
    ...(register === undefined ? {} : { register: Number(register) }),
  };
}
