/**
 * Helper functions of the simulated kernel.
 *
 *   helper number --model, or the stand-in for helpers without one--> r0, memory, external calls
 *
 * HelperModels answer as Linux does, return codes included; what Linux leaves open (time, chance, routes)
 * follows from the test's seed. Every model checks the shadow of the memory it is given.
 */
import { HelperFault } from '../memory/arena.ts';
import { HELPER_EXIT } from '../memory/layout.ts';
import type { HelperCall, HelperModel, HelperModels } from './helper-call.ts';
import { MAP_MODELS } from './map.ts';
import { OUTPUT_MODELS } from './output.ts';
import { PACKET_MODELS } from './packet.ts';
import { SYSTEM_MODELS } from './system.ts';
import { standIn } from './unmodelled.ts';

export type { MissedKey } from '../memory/missed-key.ts';
export { HelperCall, type KernelOptions } from './helper-call.ts';

const MODELS: HelperModels = { ...MAP_MODELS, ...SYSTEM_MODELS, ...OUTPUT_MODELS, ...PACKET_MODELS };
const table: readonly (HelperModel | undefined)[] = Array.from({ length: 256 }, (_, id) => MODELS[id]);

/** Helper numbers that have a model of their own. */
export const MODELLED: readonly number[] = Object.keys(MODELS).map(Number);

/** Runs a helper: 0, a fault code (layout.ts), or HELPER_EXIT when the program ends with it. */
export function callHelper(k: HelperCall, id: number): number {
  try {
    k.ended = false;
    const model = table[id];
    if (model !== undefined) model(k);
    else standIn(k, k.prototype(id));
    return k.ended ? HELPER_EXIT : 0;
  } catch (e) {
    if (e instanceof HelperFault) return e.code;
    throw e;
  }
}
