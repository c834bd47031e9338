/** The verifier's counterexamples as states that the candidates of a window run from. */

import type { WindowContext } from '../../verify/index.ts';
import type { Counterexample } from '../../verify/types.ts';
import type { WindowMachine } from '../../vm/machine/window-machine.ts';
import type { MachineState } from '../../vm/memory/machine-state.ts';
import { Overlay } from './counterexample-overlay.ts';

/** States that a counterexample is laid over, one after the other, until one shows the difference. */
const BASES = 6;

/** @returns true when a state was added from which the machine's candidate fails */
export function learn(windows: WindowMachine, context: WindowContext, found: Counterexample): boolean {
  const fails = (state: MachineState | undefined): boolean => {
    if (state === undefined || !windows.add(state)) return false;
    if (windows.evaluate(0).error > 0) return true;
    windows.drop();
    return false;
  };
  const bases = Math.min(BASES, windows.size);
  for (let n = 0; n < bases; n++) {
    const base = windows.state(n)!;
    const overlay = new Overlay(base, context, found);
    if (fails(overlay.whole()) || fails(overlay.finding(windows.missed))) return true;
    if (fails(new Overlay(base, context, found).plain())) return true;
  }
  return false;
}

/** Adds states of counterexamples that an earlier window taught, where the source runs from them. */
export function remember(
  windows: WindowMachine,
  context: WindowContext,
  pooled: readonly Counterexample[],
): void {
  const bases = Math.min(BASES, windows.size);
  for (const found of pooled)
    for (let n = 0; n < bases; n++)
      if (windows.add(new Overlay(windows.state(n)!, context, found).whole())) break;
}
