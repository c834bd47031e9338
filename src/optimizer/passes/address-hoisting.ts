/**
 * Addresses taken again and again are kept in a register (search/rewrites/values/address-hoisting.ts), where
 * that pays.
 */

import { addressHoistings, type Hoisting } from '../../search/rewrites/values/address-hoisting.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';

/** Fewest copies that pay for the slot of the first taking. */
const FEWEST = 2;

/** @returns true when the program has changed */
export function hoistAddresses(accepted: AcceptedRewrites, stop: () => boolean): boolean {
  const before = accepted.best;
  // Each takes a register from the others, so the next one is looked for anew.
  while (!stop() && addressHoistings(accepted.best).some((h) => !stop() && hoist(accepted, h)));
  return accepted.best !== before;
}

function hoist(accepted: AcceptedRewrites, { at, replacement, copies }: Hoisting): boolean {
  const by = 'address kept';
  const transaction = accepted.transaction();
  if (!transaction.rewrite({ window: { start: at, end: at + 1 }, replacement, by })) return false;
  let made = 0;
  for (const [n, copy] of copies.entries()) {
    const window = { start: copy.at, end: copy.at + 1 };
    if (transaction.rewrite({ window, replacement: [copy.replacement], by })) made++;
    if (made + copies.length - 1 - n < FEWEST) return false;
  }
  return accepted.keep(transaction);
}
