/** The verifier's counterexamples as states that the candidates of a window run from. */
import type { WindowContext } from '../verify/index.ts';
import type { Counterexample } from '../verify/types.ts';
import { HEAD, SHADOW } from '../vm/layout.ts';
import type { MachineState } from '../vm/machine.ts';
import type { WindowMachine } from '../vm/window.ts';

/** States that a counterexample is laid over, one after the other, until one shows the difference. */
const BASES = 6;

/**
 * Lays a counterexample over states that tests reached: its numbers in the registers, its bytes in the memory behind the
 * pointers that stay. What lies behind the results of calls is lost.
 * @returns true when a state was added from which the machine's candidate fails
 */
export function learn(windows: WindowMachine, context: WindowContext, found: Counterexample): boolean {
  const numbers = [...found.registers].filter(
    ([r]) => context.registers[r]?.kind === 'scalar' || context.registers[r]?.kind === 'any',
  );
  if (numbers.length === 0 && found.memory.size === 0) return false;
  for (let n = 0; n < Math.min(BASES, windows.size); n++) {
    if (!windows.add(overlaid(windows.state(n)!, context, numbers, found.memory))) continue;
    if (windows.evaluate(0).error > 0) return true;
    windows.drop();
  }
  return false;
}

function overlaid(
  state: MachineState,
  context: WindowContext,
  numbers: readonly (readonly [number, bigint])[],
  memory: ReadonlyMap<string, number>,
): MachineState {
  const registers = [...state.registers];
  // A register of unknown kind may hold a pointer, which the bytes are behind: it stays one.
  for (const [r, value] of numbers) if (context.registers[r]?.kind === 'scalar') registers[r] = value;
  const bytes = state.bytes.slice();
  const view = new DataView(bytes.buffer);
  const base = view.getBigUint64(HEAD.BASE, true);
  for (const [name, byte] of memory) {
    const [, object, offset] = /^(.*?)([+-]\d+)?$/.exec(name) ?? [];
    const address = addressOf(object ?? '', state, context, view);
    if (address === undefined) continue;
    const at = Number(BigInt.asIntN(64, address + BigInt(offset ?? 0) - base));
    if (at >= 0 && at < bytes.length && (state.shadow[at]! & SHADOW.READ) !== 0) bytes[at] = byte;
  }
  return { ...state, registers, bytes };
}

/** Start of an object by the name that the verifier gives to its base (verify/regions.ts), or a register's value. */
function addressOf(
  object: string,
  state: MachineState,
  context: WindowContext,
  view: DataView,
): bigint | undefined {
  if (object === 'packet') return view.getBigUint64(HEAD.DATA, true);
  if (object === 'ctx') return view.getBigUint64(HEAD.R1, true);
  if (object === `stack:${context.frame}`) return state.registers[10];
  for (const [r, v] of context.registers.entries()) {
    if (object === `r${r}`) return state.registers[r];
    if (v.kind !== 'pointer' || v.variable.tnum.mask !== 0n) continue;
    if (object === `${v.region.key}#${v.id === 0 ? `r${r}` : v.id}`)
      return state.registers[r]! - BigInt(v.off) - v.variable.tnum.value;
  }
  return undefined;
}
