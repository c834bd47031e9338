/**
 * Wrong rewrites, planted: the differential runs find them, and the case that is left is small and plays
 * again.
 */
import { describe, expect, test } from 'vitest';
import {
  caseText,
  type Difference,
  KernelSession,
  kernelDiff,
  kernelTests,
  readCase,
  replay,
} from '../../src/kernel/index.ts';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier } from '../../src/verify/index.ts';
import { hasPaper, paperProgram } from './corpus.ts';
import { hasKernel, needsKernel } from './kernel.ts';
import { type Plant, plants } from './plants.ts';

const PROGRAMS = [
  'xdp1',
  'xdp_pktcntr',
  'xdp_map_access',
  'xdp_redirect',
  'xdp_fw',
  'socket-1',
  'from-network',
];
const RUNS = 1000;
/** No runs can tell these, for all that the prover knows: why. */
const INVISIBLE: Readonly<Record<string, string>> = {
  'xdp_fw: off by one at the edge at 9':
    'a packet that ends there fails the next test of its length, with the same result',
  'socket-1: compared with another number at 10': 'both ways end in tail calls, which fall through',
  'socket-1: branch turned at 11': 'both ways end in tail calls, which fall through',
  'socket-1: off by one at the edge at 20': 'both ways end in tail calls, which fall through',
  'from-network: half loaded at 1': 'no packet is longer than 65,535 bytes',
};

/** Of each kind the first that the kernel accepts. */
function accepted(p: Program): Plant[] {
  const opened = KernelSession.open(p);
  if (!opened.ok) throw new Error(opened.reason);
  const found = new Map<string, Plant>();
  for (const plant of plants(p.insns))
    if (!found.has(plant.kind) && opened.session.check(plant.insns, { explain: false }).status === 'accepted')
      found.set(plant.kind, plant);
  opened.session.close();
  return [...found.values()];
}

const notZero = (d: Difference): number => d.test.packet.filter((b) => b !== 0).length;

describe.skipIf(!hasKernel || !hasPaper)(`planted errors${needsKernel}`, () => {
  test.each(PROGRAMS)('%s', async (name) => {
    const p = paperProgram(name);
    const missed: string[] = [];
    const verifier = await createWindowVerifier();
    for (const { kind, at, insns } of accepted(p)) {
      const wrong = { ...p, insns };
      const r = kernelDiff(p, wrong, kernelTests(p, 1), { limit: RUNS, sequence: 8 });
      if (r.status !== 'ran') throw new Error(r.reason);
      const { difference } = r;
      if (difference === undefined) {
        // Not every change changes something: the prover says which.
        const { kind: verdict } = verifier.checkPrograms(p, wrong);
        if (verdict !== 'equivalent' && INVISIBLE[`${name}: ${kind} at ${at}`] === undefined)
          missed.push(`${kind} at ${at}: ${verdict}`);
        continue;
      }
      // Small enough to be read, and still a difference when it comes back from its file.
      expect(notZero(difference), `${kind} at ${at}`).toBeLessThanOrEqual(16);
      const kept = readCase(caseText([p, wrong], difference, { note: kind }), 'case.json');
      expect(replay(kept), `${kind} at ${at}`).toMatchObject({ status: 'ran', difference: {} });
    }
    verifier.close();
    expect(missed).toEqual([]);
  });
});
