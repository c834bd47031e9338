/**
 * Where a rule fits.
 *
 *   form, instructions, place --matchForm--> Match: what each variable stands for
 *
 * Lines are matched in their order. A gap takes as few instructions as will do, and more where the rest then
 * fits; one that a label ends goes on to where an earlier jump goes to.
 */
import { registersRead, registersWritten } from '../../isa/effects.ts';
import { indexOfSlot } from '../../isa/flow.ts';
import { type Insn, imm64, OP_JA, R10 } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { type Expression, evaluate } from './expression.ts';
import type { Condition, Form, GapLine, InsnLine, Register, TestLine } from './rule.ts';

/** Instructions and what is known of them. */
export interface Code {
  insns: readonly Insn[];
  /** Slot of each instruction (slotOffsets). */
  offsets: Int32Array;
  /** The constant that a register holds before an instruction, where the code before says so. */
  constantBefore(at: number, register: number): bigint | undefined;
}

export interface Range {
  start: number;
  end: number;
}

export interface Match extends Range {
  form: Form;
  registers: ReadonlyMap<string, number>;
  constants: ReadonlyMap<string, bigint>;
  tests: ReadonlyMap<string, Insn>;
  gaps: ReadonlyMap<string, Range>;
  /** Slots that jumps of the source go to. */
  labels: ReadonlyMap<string, number>;
}

/** Most instructions of a form without labels. */
const LONGEST = 10;
/** Most instructions from the start of a form to a label that ends a gap. */
const LONGEST_TO_LABEL = 40;
const CONTROL: ReadonlySet<string | undefined> = new Set([
  undefined,
  'jump',
  'goto',
  'maygoto',
  'call',
  'exit',
]);

export function matchForm(form: Form, code: Code, at: number): Match | undefined {
  const first = form.source[0] as InsnLine;
  if (code.insns[at]?.op !== first.insn.op) return undefined;
  return new Matcher(form, code, at).match(0, at, new Bindings());
}

class Bindings {
  readonly registers: Map<string, number>;
  readonly constants: Map<string, bigint>;
  readonly tests: Map<string, Insn>;
  readonly gaps: Map<string, Range>;
  readonly labels: Map<string, number>;

  constructor(from?: Bindings) {
    this.registers = new Map(from?.registers);
    this.constants = new Map(from?.constants);
    this.tests = new Map(from?.tests);
    this.gaps = new Map(from?.gaps);
    this.labels = new Map(from?.labels);
  }

  register(name: string, value: number): boolean {
    return bind(this.registers, name, value);
  }

  constant(expression: Expression, value: bigint): boolean {
    return expression.kind === 'name'
      ? bind(this.constants, expression.name, value)
      : evaluate(expression, this.constants) === value;
  }
}

/** Binds a name, or compares it with what it is bound to. */
function bind<T>(map: Map<string, T>, name: string, value: T): boolean {
  const known = map.get(name);
  if (known === undefined) map.set(name, value);
  return known === undefined || known === value;
}

/** The register's number; undefined for a variable that stands for none yet. */
export function numberOf(register: Register, registers: ReadonlyMap<string, number>): number | undefined {
  return typeof register === 'number' ? register : registers.get(register);
}

const touches = (mask: number, register: number): boolean => ((mask >> register) & 1) === 1;

class Matcher {
  private readonly form: Form;
  private readonly code: Code;
  private readonly start: number;

  constructor(form: Form, code: Code, start: number) {
    this.form = form;
    this.code = code;
    this.start = start;
  }

  /** Lines from `index` on against instructions from `at` on; `b` is this call's own. */
  match(index: number, at: number, b: Bindings): Match | undefined {
    const { source } = this.form;
    for (; index < source.length; index++) {
      const line = source[index]!;
      if (line.kind === 'gap') return this.gap(line, index, at, b);
      if (line.kind === 'label') {
        if (!bind(b.labels, line.name, this.code.offsets[at]!)) return undefined;
        continue;
      }
      const i = this.code.insns[at];
      if (i === undefined) return undefined;
      if (!(line.kind === 'insn' ? this.insn(line, i, at, b) : this.test(line, i, at, b))) return undefined;
      at++;
    }
    const end = at;
    if (!this.leaves(b, end)) return undefined;
    for (const condition of this.form.where) if (!this.holds(condition, b)) return undefined;
    const { registers, constants, tests, gaps, labels } = b;
    return { form: this.form, start: this.start, end, registers, constants, tests, gaps, labels };
  }

  private insn(line: InsnLine, i: Insn, at: number, b: Bindings): boolean {
    const { insn } = line;
    if (i.op !== insn.op) return false;
    if (line.dst === undefined ? i.dst !== insn.dst : !b.register(line.dst, i.dst)) return false;
    if (line.src === undefined ? i.src !== insn.src : !b.register(line.src, i.src)) return false;
    if (line.wide !== undefined) return b.constant(line.wide, BigInt.asIntN(64, imm64(i)));
    if (line.label !== undefined) return this.jump(line.label, i, at, b) && this.imm(line, i, b);
    if (line.off === undefined ? i.off !== insn.off : !b.constant(line.off, BigInt(i.off))) return false;
    return this.imm(line, i, b);
  }

  private imm({ insn, imm, immHi }: InsnLine, i: Insn, b: Bindings): boolean {
    if (imm === undefined ? i.imm !== insn.imm : !b.constant(imm, BigInt(i.imm))) return false;
    return immHi === undefined ? i.immHi === insn.immHi : b.constant(immHi, BigInt(i.immHi));
  }

  private jump(label: string, i: Insn, at: number, b: Bindings): boolean {
    return bind(b.labels, label, this.code.offsets[at]! + 1 + i.off);
  }

  private test({ name, label }: TestLine, i: Insn, at: number, b: Bindings): boolean {
    if (specOf(i)?.kind !== 'jump' || b.tests.has(name)) return false;
    b.tests.set(name, i);
    return this.jump(label, i, at, b);
  }

  private gap(line: GapLine, index: number, at: number, b: Bindings): Match | undefined {
    const next = this.form.source[index + 1];
    if (next?.kind === 'label') {
      const slot = b.labels.get(next.name);
      const end = slot === undefined ? undefined : indexOfSlot(this.code.offsets, slot);
      if (end === undefined || end < at || end - this.start > LONGEST_TO_LABEL) return undefined;
      for (let p = at; p < end; p++) if (!this.fits(line, p, end, b)) return undefined;
      b.gaps.set(line.name, { start: at, end });
      return this.match(index + 1, end, b);
    }
    for (let end = at; end < this.start + LONGEST; end++) {
      const longer = new Bindings(b);
      longer.gaps.set(line.name, { start: at, end });
      const match = this.match(index + 1, end, longer);
      if (match !== undefined) return match;
      if (end >= this.code.insns.length || !this.fits(line, end, undefined, b)) return undefined;
    }
    return undefined;
  }

  /** May the instruction stand in the gap? `end`: where the gap ends, if that is known already. */
  private fits(line: GapLine, at: number, end: number | undefined, b: Bindings): boolean {
    const i = this.code.insns[at]!;
    const mode = this.form.where.find((c) => c.kind === 'gap-code' && c.gap === line.name);
    const what = mode?.kind === 'gap-code' ? mode.what : undefined;
    const spec = specOf(i);
    if (what === undefined && CONTROL.has(spec?.kind)) return false;
    if (what === 'branches' && (spec?.kind === 'jump' || i.op === OP_JA)) {
      const slot = this.code.offsets[at]! + 1 + i.off;
      const { offsets } = this.code;
      if (slot <= offsets[at]! || (end !== undefined && slot > offsets[end]!)) return false;
    }
    return this.form.where.every((c) => {
      if (c.kind !== 'gap' || (c.gap !== line.name && !(c.gap === '...' && isUnnamed(line)))) return true;
      const register = numberOf(c.register, b.registers);
      return register === undefined || allows(c, i, register);
    });
  }

  /** Jumps outside go behind the form, or to its start and before it. */
  private leaves(b: Bindings, end: number): boolean {
    const { offsets } = this.code;
    const inside = new Set(this.form.source.flatMap((line) => (line.kind === 'label' ? [line.name] : [])));
    for (const [name, slot] of b.labels)
      if (!inside.has(name) && slot > offsets[this.start]! && slot < offsets[end]!) return false;
    return true;
  }

  private holds(c: Condition, b: Bindings): boolean {
    switch (c.kind) {
      case 'distinct':
        return numberOf(c.a, b.registers) !== numberOf(c.b, b.registers);
      case 'gap': {
        const register = numberOf(c.register, b.registers);
        for (const [name, gap] of b.gaps) {
          if (name !== c.gap && !(c.gap === '...' && /^\d/.test(name))) continue;
          for (let p = gap.start; p < gap.end; p++)
            if (register === undefined || !allows(c, this.code.insns[p]!, register)) return false;
        }
        return true;
      }
      case 'gap-code':
        return true;
      case 'test-avoids': {
        const [test, register] = [b.tests.get(c.test), numberOf(c.register, b.registers)];
        return test !== undefined && register !== undefined && !touches(registersRead(test), register);
      }
      case 'known': {
        const register = numberOf(c.register, b.registers);
        if (register === undefined || register === R10) return false;
        const constant = this.code.constantBefore(this.start, register);
        return constant !== undefined && bind(b.constants, c.name, BigInt.asIntN(64, constant));
      }
      case 'not-after': {
        const before = this.code.insns[this.start - 1];
        return before === undefined || !this.insn(c.line, before, this.start - 1, new Bindings(b));
      }
      case 'constant': {
        const value = evaluate(c.expression, b.constants);
        return value !== undefined && value !== 0n;
      }
    }
  }
}

function isUnnamed({ name }: GapLine): boolean {
  return /^\d/.test(name);
}

function allows(c: Condition & { kind: 'gap' }, i: Insn, register: number): boolean {
  const mask = c.what === 'avoids' ? registersRead(i) | registersWritten(i) : registersWritten(i);
  return !touches(mask, register);
}
