/**
 * Changes that give the verifier a fact. Each is right on every path that can happen, once the fact is proven
 * (verify/reach), or, with `--guard`, says what happens where it does not hold.
 */
import { analyze, liveness } from '../../analysis/index.ts';
import { insn, OP_CALL, OP_EXIT } from '../../isa/insn.ts';
import { opNamed } from '../../isa/semantics.ts';
import { replaceRange } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';

export interface Change {
  /** Index of the first instruction that is new, in the program after the change. */
  at: number;
  what: string;
}

const MOV = opNamed('mov64.k').op;
const JUMP_IF_NOT = opNamed('jne64.k').op;
const FIRST_SAVED = 6;

/** Leaves the function, with 0, where `register` is 0 before instruction `index`. */
export function guardNull(
  program: Program,
  index: number,
  register: number,
): { program: Program; changes: Change[] } {
  const guard = [insn(JUMP_IF_NOT, register, 0, 2, 0), insn(MOV, 0, 0, 0, 0), insn(OP_EXIT)];
  return {
    program: replaceRange(program, index, index, guard),
    changes: [{ at: index, what: `if r${register} is 0, return 0` }],
  };
}

/** Is there such a check right before instruction `index`? */
export function isGuarded({ insns }: Program, index: number, register: number): boolean {
  const check = insns[index - 3];
  return (
    insns[index - 1]?.op === OP_EXIT &&
    check?.op === JUMP_IF_NOT &&
    check.dst === register &&
    check.off === 2 &&
    check.imm === 0
  );
}

/**
 * Writes 0 to a register wherever it has just lost what it held and is read later: after calls (r1 to r5), or
 * where the function starts. A register that holds nothing may hold anything, so that no behaviour is lost.
 * @returns undefined when there is no such place in the function of `index`
 */
export function initialise(
  program: Program,
  index: number,
  register: number,
): { program: Program; changes: Change[] } | undefined {
  const analysis = analyze(program);
  const live = liveness(analysis);
  const fn = program.functions.findIndex((f) => index >= f.start && index < f.end);
  const f = program.functions[fn]!;
  const isLive = (at: number): boolean => at < f.end && live.liveBefore(at).bits[register] !== 0n;
  const { insns } = program;
  // Behind a call, not before what follows it: others may jump there, with the register full.
  const after = (at: number): boolean => insns[at]!.op === OP_CALL && isLive(at + 1);
  const isCallee = register > 0 && register < FIRST_SAVED;
  const places = isCallee ? range(f.start, f.end).filter(after) : [];
  // r1 of the program, and r1 to r5 of its functions, are arguments.
  const isArgument = isCallee && (fn > 0 || register === 1);
  const { cfg } = analysis;
  const isEntered = cfg.predecessors[cfg.blockOf[f.start]!]!.length > 0;
  const atStart = !isArgument && !isEntered && isLive(f.start);
  if (places.length === 0 && !atStart) return undefined;
  const zero = insn(MOV, register, 0, 0, 0);
  let changed = program;
  for (const at of places.reverse()) changed = replaceRange(changed, at, at + 1, [insns[at]!, zero]);
  if (atStart) changed = replaceRange(changed, f.start, f.start, [zero]);
  const what = `r${register} = 0 where it holds nothing`;
  const shift = atStart ? 1 : 0;
  const behind = places.reverse().map((at, n): Change => ({ at: at + 1 + n + shift, what }));
  return { program: changed, changes: atStart ? [{ at: f.start, what }, ...behind] : behind };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}
