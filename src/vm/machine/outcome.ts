/** Reads a run's outcome from the memory that it left behind. */
import type { Arena } from '../memory/arena.ts';
import { CELL, CODE, FAULTS, HEAD, HELPER_EXIT, RECORD, REGS } from '../memory/layout.ts';
import { allMaps } from '../memory/sim-map.ts';
import type { ExternalCall, Outcome } from '../types.ts';

/** @param status what `exec` returned */
export function readOutcome(arena: Arena, status: number, calls: readonly ExternalCall[]): Outcome {
  const { bytes, view, at } = arena;
  const fault = status === HELPER_EXIT ? undefined : FAULTS[status];
  const data = at + arena.headOffset(HEAD.DATA);
  const end = at + arena.headOffset(HEAD.DATA_END);
  const ctx = at + arena.head(HEAD.CTX);
  return {
    status: fault === undefined ? 'exit' : 'fault',
    ...(fault === undefined ? {} : { fault, at: (arena.u32(CELL.PC) - CODE) / RECORD }),
    r0: view.getBigUint64(REGS, true),
    packet: bytes.slice(data, end),
    ctx: contextBytes(arena, ctx, arena.head(HEAD.CTX_SIZE)),
    maps: allMaps(arena).map((m) => m.contents()),
    calls: [...calls],
    steps: arena.u32(CELL.STEPS) / RECORD,
    latency: view.getFloat64(CELL.LATENCY, true),
  };
}

/** Context bytes with pointer fields blanked: their values mean nothing outside. */
function contextBytes(arena: Arena, p: number, size: number): Uint8Array {
  const { bytes, delta } = arena;
  const out = bytes.slice(p, p + size);
  for (let i = 0; i < size; i++)
    if ((bytes[p + i + delta]! & 4) !== 0) {
      const n = arena.view.getUint16(p + i + 2, true);
      out.fill(0, i, i + n);
    }
  return out;
}
