/**
 * K2's five accelerations of equivalence checking, each a switch, so that experiments can measure them one by
 * one. All are on by default; none changes what is right, only what it costs (and so what ends within a
 * budget).
 */
import type { AliasPartition } from '../symbolic/regions.ts';

export interface Accelerations {
  /** I: one memory per region, because provenance is known. Off: one memory for everything. */
  memoryTypes: boolean;
  /** II: one memory and one state per map. Off: all maps share them. */
  mapTypes: boolean;
  /**
   * III: distances between constant offsets are decided while the formula is built. Off: the formula compares
   * every pair of addresses.
   */
  offsets: boolean;
  /** IV: the window is checked, with what is known before and read after it. Off: the whole program. */
  windows: boolean;
  /** V: verdicts are kept under the candidate's canonical form. Off: every question is answered anew. */
  cache: boolean;
}

export const ALL_ACCELERATIONS: Accelerations = {
  memoryTypes: true,
  mapTypes: true,
  offsets: true,
  windows: true,
  cache: true,
};

/** The coarser of what the code needs and what the switches leave. */
export function mergingUnder(a: Accelerations, needed: AliasPartition): AliasPartition {
  if (!a.memoryTypes || needed === 'all') return 'all';
  return a.mapTypes ? needed : 'maps';
}

/** What of the switches can decide a verdict within its budget, as text. */
export function accelerationsKey(a: Accelerations): string {
  return `${+a.memoryTypes}${+a.mapTypes}${+a.offsets}`;
}
