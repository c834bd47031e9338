/**
 * Experiments.
 *
 *   in:   experiments/*.yaml --definition--> cells: programs (corpus) x configurations x seeds (expand)
 *   run:  cells --runner--> processes of this machine (local, pool), or workers anywhere (queue/) --> optimizer --measure--> rows
 *   out:  results/<experiment>/cells.jsonl (store), one line per cell with status, reason and provenance
 */
export * from './baseline.ts';
export * from './cell.ts';
export * from './check.ts';
export * from './compare.ts';
export * from './corpus.ts';
export * from './definition.ts';
export * from './eta.ts';
export * from './expand.ts';
export * from './export.ts';
export * from './home.ts';
export * from './import.ts';
export type { CorpusBuild, CorpusEntry, Manifest } from './manifest.ts';
export * from './measure.ts';
export * from './measures.ts';
export * from './metrics.ts';
export * from './options.ts';
export * from './paper.ts';
export * from './provenance.ts';
export * from './publish.ts';
export * from './result.ts';
export * from './runner.ts';
export * from './statistics.ts';
export * from './store.ts';
export * from './traffic.ts';
