/**
 * States that a window runs from besides those that tests reach, so that more of its branches are taken, and
 * what looks alike by chance is told apart: packets that end early, maps without entries or with those that
 * are looked up, values that are zero, pointers that lead to the same place in all tests.
 */

import type { Insn } from '../../isa/insn.ts';
import { opcode, specOf } from '../../isa/semantics.ts';
import type { WindowContext } from '../../verify/index.ts';
import type { WindowMachine } from '../../vm/machine/window-machine.ts';
import type { MachineState } from '../../vm/memory/machine-state.ts';
import { StateEditor } from '../../vm/memory/state-editor.ts';
import { endPacket } from './packet-end.ts';

const ADD64_K = opcode('add64.k');
/** States that each change is tried on, until the source runs from one. */
const BASES = 4;
/** Lengths of packets that are tried. */
const MOST_LENGTHS = 7;
/** Longest packet that code compares with. */
const LONGEST = 1514;

/** Pointers that are not farther apart may lead to the same object. */
const NEAR = 256n;

/** False: it changes nothing. */
type Change = (draft: StateEditor) => boolean;

/** Adds those that the source runs from without a fault. */
export function addBoundaryStates(
  windows: WindowMachine,
  source: readonly Insn[],
  context: WindowContext,
): void {
  const bases = Array.from({ length: Math.min(BASES, windows.size) }, (_, n) => windows.state(n)!);
  const change = (of: (draft: StateEditor, base: MachineState) => boolean): void => {
    bases.some((base) => {
      const draft = new StateEditor(base);
      return of(draft, base) && windows.add(draft.state);
    });
  };
  const each = (what: (draft: StateEditor, map: number) => boolean): Change => {
    return (draft) => draft.writableMaps.filter((map) => what(draft, map)).length > 0;
  };
  for (const r of context.registers.keys())
    change((draft) => context.registers[r]!.kind === 'any' && part(draft, context, r));
  if (!source.some((i) => specOf(i)?.kind === 'jump')) return;
  for (const length of lengthsIn(source)) change((draft) => endPacket(draft, context, length));
  change(each((draft, map) => draft.clear(map)));
  change(each((draft, map) => draft.isKeyed(map) && draft.empty(map)));
  change((draft, base) => {
    if (!windows.add(base)) return false;
    windows.drop();
    return windows.missed.filter((key) => draft.insert(key)).length > 0;
  });
}

/**
 * A register of unknown kind that points where another one does points elsewhere; false where it does not.
 */
function part(draft: StateEditor, { registers }: WindowContext, r: number): boolean {
  const now = draft.registers[r]!;
  const isNear = (address: bigint): boolean => {
    const distance = BigInt.asIntN(64, address - now);
    return distance < NEAR && distance > -NEAR;
  };
  const meets = registers.some((v, k) => k !== r && v.kind === 'any' && isNear(draft.registers[k]!));
  if (!meets || !draft.holds(now)) return false;
  const other = draft.writableMaps.flatMap((map) => draft.values(map, 2)).find((value) => !isNear(value));
  if (other === undefined) return false;
  draft.registers[r] = other;
  return true;
}

/** Lengths around those that a window asks for. */
function lengthsIn(source: readonly Insn[]): number[] {
  const sums = source.flatMap((i) => {
    const isSum = i.op === ADD64_K && i.imm > 0 && i.imm <= LONGEST;
    return isSum ? [i.imm - 1, i.imm] : [];
  });
  return [...new Set([0, ...sums])].slice(0, MOST_LENGTHS);
}
