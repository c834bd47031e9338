/**
 * A rewrite rule: what stands in a program, what may stand there instead, and on which conditions.
 *
 *   text --parse.ts--> Rule --match.ts--> Match --build.ts--> instructions
 *                       |
 *                       +--instances.ts--> questions to the verifier: is it right for every choice of
 *                         registers?
 */
import type { Insn } from '../../isa/insn.ts';
import type { Expression } from './expression.ts';

/** Registers of a rule: a letter stands for any register, a number for itself. */
export type Register = string | number;

/** An instruction whose registers and numbers may be variables. What is not listed stands in `insn`. */
export interface InsnLine {
  kind: 'insn';
  insn: Insn;
  dst?: string;
  src?: string;
  off?: Expression;
  imm?: Expression;
  immHi?: Expression;
  /** Both halves of an `ld_imm64`. */
  wide?: Expression;
  /** Where a jump goes to. */
  label?: string;
}
/** `if T goto L`: any conditional jump; `if !T goto L`: its opposite. */
export interface TestLine {
  kind: 'test';
  name: string;
  negated: boolean;
  label: string;
}
/** `...`, `...name`: other instructions; `...name with rX for rY`: with another register for reads of one. */
export interface GapLine {
  kind: 'gap';
  name: string;
  reads?: { instead: string; of: string };
}
export interface LabelLine {
  kind: 'label';
  name: string;
}
export type Line = InsnLine | TestLine | GapLine | LabelLine;

/** What the matcher checks. */
export type Condition =
  | { kind: 'distinct'; a: Register; b: Register }
  /** `gap`: '...' for all gaps without a name. */
  | { kind: 'gap'; gap: string; what: 'avoids' | 'keeps'; register: Register }
  | { kind: 'gap-code'; gap: string; what: 'branches' | 'any' }
  | { kind: 'test-avoids'; test: string; register: Register }
  /** The code before sets the register to a constant, which the name then stands for. */
  | { kind: 'known'; register: Register; name: string }
  | { kind: 'not-after'; line: InsnLine }
  | { kind: 'constant'; expression: Expression };

/** What the rule's own proof assumes, and what the verifier finds out at each place. */
export type Given =
  /** Nothing reads it afterwards. */
  | { kind: 'dead'; register: Register }
  /** It points to memory that nobody else sees: the stack. */
  | { kind: 'private'; register: Register }
  | { kind: 'equals' | 'below'; register: Register; expression: Expression };

export interface Form {
  source: readonly Line[];
  target: readonly Line[];
  where: readonly Condition[];
  given: readonly Given[];
  /** As it was read, with the alternatives that `for` stands for filled in. */
  text: string;
}

/** Forms are tried in their order, and the first one that fits is taken. */
export interface Rule {
  name: string;
  /** One sentence, in Markdown. */
  summary: string;
  forms: readonly Form[];
  /** As it was read. */
  text: string;
}
