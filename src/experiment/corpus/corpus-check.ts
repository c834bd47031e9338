/** Is every program of a corpus there, is it the one that was measured, and can it be read? */
import { sizeInSlots } from '../../isa/insn.ts';
import { type Corpus, loadEntry, slotsOf } from './corpus.ts';

export interface CheckRow {
  id: string;
  variant: string;
  status: 'ok' | 'missing' | 'unreadable' | 'differs';
  /** '' when it is ok. */
  reason: string;
}

/** One row per program and build, in the manifest's order. */
export function checkCorpus(corpus: Corpus): CheckRow[] {
  return corpus.manifest.programs.flatMap((entry) =>
    entry.builds.map((build): CheckRow => {
      const { variant } = build;
      const loaded = loadEntry(corpus, entry, variant);
      if (loaded.status !== 'ok') return { id: entry.id, variant, ...loaded };
      const slots = sizeInSlots(loaded.program.insns);
      if (slots !== slotsOf(build))
        return {
          id: entry.id,
          variant,
          status: 'differs',
          reason: `${slots} slots, the manifest says ${slotsOf(build)}`,
        };
      return { id: entry.id, variant, status: 'ok', reason: '' };
    }),
  );
}
