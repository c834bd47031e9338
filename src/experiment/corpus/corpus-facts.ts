/** What a result row keeps of its program's entry in the corpus. */
import { UserError } from '../../base/errors.ts';
import { entryOf, openCorpus, slotsOf } from './corpus.ts';

/** What a corpus says of a program, so that a row can be read where that corpus is not. */
export interface CorpusFacts {
  /** '' when none is stated. */
  license: string;
  /** Slots of each build of it, by the build's name. */
  builds: Readonly<Record<string, number>>;
  /** Slots that the K2 paper prints for it (its table 1), by column. */
  paper?: Readonly<Record<string, number | null>>;
}

/** @throws UserError when the corpus or the program is not there */
export function corpusFacts({ corpus, id }: { corpus: string; id: string }): CorpusFacts {
  const entry = entryOf(openCorpus(corpus), id);
  const builds = entry.builds.flatMap((b) => {
    const slots = slotsOf(b);
    return slots === undefined ? [] : [[b.variant, slots] as const];
  });
  return {
    license: entry.license ?? '',
    builds: Object.fromEntries(builds),
    ...(entry.paper === undefined ? {} : { paper: entry.paper.table1 }),
  };
}

/** Of a row: its own, or for rows of schema 1 the corpus', where it is there. */
export function factsOf(row: {
  facts?: CorpusFacts;
  program: { corpus: string; id: string };
}): CorpusFacts | undefined {
  if (row.facts !== undefined) return row.facts;
  try {
    return corpusFacts(row.program);
  } catch (e) {
    if (e instanceof UserError) return undefined;
    throw e;
  }
}
