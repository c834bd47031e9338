/** Recording what a verifier is asked, and asking it again with accelerations off. */
import { afterAll, describe, expect, it } from 'vitest';
import { entryOf, loadEntry, openCorpus } from '../../../src/experiment/corpus/corpus.ts';
import type { EquivalenceOptions } from '../../../src/experiment/definition/measures.ts';
import { measureChecks, recordingVerifier } from '../../../src/experiment/measure/equivalence-time.ts';
import { nop } from '../../../src/isa/insn.ts';

const corpus = openCorpus('builtin');
const loaded = loadEntry(corpus, entryOf(corpus, 'xdp_proto_count'), corpus.manifest.baseline);
if (loaded.status !== 'ok') throw new Error(loaded.reason);
const { program } = loaded;

describe('recordingVerifier', async () => {
  const verifier = await recordingVerifier(6, 1);
  afterAll(() => verifier.close());
  // The same code is equivalent; none at all is not, where something is read later.
  for (let k = 0; k < 20; k++) {
    const window = { start: k % 4, end: (k % 4) + 1 };
    verifier.check(program, window, k % 2 === 0 ? program.insns.slice(window.start, window.end) : [nop()]);
  }

  it('keeps as many as wanted, proven and refuted ones', () => {
    expect(verifier.asked).toBe(20);
    expect(verifier.questions).toHaveLength(6);
  });

  it('gives the same verdicts with accelerations off', async () => {
    const switches: EquivalenceOptions['switches'] = [['I', 'II', 'III', 'IV'], ['I', 'II', 'III'], []];
    const rows = await measureChecks(verifier.questions, {
      questions: 6,
      seconds: 60,
      rlimit: 3_000_000,
      switches,
    });
    expect(rows.map((r) => r.on)).toEqual(switches);
    for (const r of rows) {
      expect(r.asked).toBe(6);
      expect(r.verdicts.equivalent + r.verdicts.different + r.verdicts.unknown).toBe(6);
      expect(r.verdicts.equivalent).toBeGreaterThanOrEqual(3);
      expect(r.meanUs).toBeGreaterThan(0);
      expect(r.isCut).toBe(false);
    }
  });
});
