/** The paper's -O2 programs, for the benchmarks. */

import { UserError } from '../src/base/errors.ts';
import { entryOf, loadEntry, openCorpus } from '../src/experiment/corpus/corpus.ts';
import type { Program } from '../src/program/program.ts';

const corpus = openCorpus('k2-paper');

/** In the paper's order. */
export const paperNames: readonly string[] = corpus.manifest.programs.map((p) => p.id);

/** Throws UserError for an unknown name, or where the corpus was not imported. */
export function paperProgram(name: string): Program {
  const loaded = loadEntry(corpus, entryOf(corpus, name), corpus.manifest.baseline);
  if (loaded.status !== 'ok') throw new UserError(loaded.reason, name);
  return loaded.program;
}
