/**
 * What a straight run of instructions is without copies, constants in registers and results that nobody
 * reads.
 */

import { readsOf } from '../../analysis/index.ts';
import { CALLER_SAVED, registersWritten } from '../../isa/effects.ts';
import { form } from '../../isa/forms.ts';
import type { Insn } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { usesSource } from '../edit.ts';
import { MOV64_K, MOV64_X } from '../opcodes.ts';

/** What is known of a register: it holds what another one holds, or a constant. */
type KnownRegister = { register: number } | { constant: number };

/**
 * @param run instructions of which only the last one may go elsewhere
 * @param live registers that are read after the run (bit n = rn)
 */
export function simplified(run: readonly Insn[], live: number): Insn[] {
  return withoutDead(forwarded(run), live);
}

function forwarded(run: readonly Insn[]): Insn[] {
  const known = new Map<number, KnownRegister>();
  return run.map((i) => {
    const now = propagate(i, known);
    const written = registersWritten(now);
    for (const [r, k] of known)
      if (((written >> r) & 1) === 1 || ('register' in k && ((written >> k.register) & 1) === 1))
        known.delete(r);
    if (now.op === MOV64_X && now.off === 0 && now.dst !== now.src) known.set(now.dst, { register: now.src });
    if (now.op === MOV64_K) known.set(now.dst, { constant: now.imm });
    return now;
  });
}

/** The instruction with what is known in place of the registers that hold it. */
function propagate(i: Insn, known: ReadonlyMap<number, KnownRegister>): Insn {
  const spec = specOf(i);
  // An atomic that gives back what was there writes its operand.
  if (spec?.kind === 'atomic' && registersWritten(i) !== 0) return i;
  const readsOnly = spec?.kind === 'store' || spec?.kind === 'atomic' || spec?.kind === 'jump';
  const base = readsOnly ? known.get(i.dst) : undefined;
  const dst = base !== undefined && 'register' in base ? base.register : i.dst;
  const value = usesSource(i) ? known.get(i.src) : undefined;
  if (value === undefined) return { ...i, dst };
  if ('register' in value) return { ...i, dst, src: value.register };
  const folded = spec && form(spec, { operand: 'K' });
  return folded === undefined ? { ...i, dst } : { ...i, op: folded.op, dst, src: 0, imm: value.constant };
}

function withoutDead(run: readonly Insn[], live: number): Insn[] {
  const kept: Insn[] = [];
  let needed = live;
  for (const i of [...run].reverse()) {
    const kind = specOf(i)?.kind;
    const written = registersWritten(i);
    const pure = kind === 'alu' || kind === 'ldimm64' || kind === 'load';
    const idle = i.op === MOV64_X && i.off === 0 && i.dst === i.src;
    if (pure && ((written & needed) === 0 || idle)) continue;
    const clobbered = kind === 'call' ? CALLER_SAVED : written;
    needed = (needed & ~clobbered) | readsOf(i);
    kept.push(i);
  }
  return kept.reverse();
}
