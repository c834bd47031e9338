/**
 * Experiments.
 *
 *   in:   experiments/*.yaml --definition--> cells: programs (corpus) x configurations x seeds (expand)
 *   run:  cells --runner--> processes of this machine (local, pool), or workers anywhere (queue/)
 *         --> optimizer --measure--> rows
 *   out:  results/<experiment>/cells.jsonl (store), one line per cell with status, reason and provenance
 */
export * from '../base/paths.ts';
export * from '../base/statistics.ts';
export * from './corpus/corpus.ts';
export * from './corpus/corpus-check.ts';
export * from './corpus/import.ts';
export type { CorpusBuild, CorpusEntry, Manifest } from './corpus/manifest.ts';
export * from './definition/definition.ts';
export * from './definition/expand.ts';
export * from './definition/measures.ts';
export * from './definition/options.ts';
export * from './measure/traffic.ts';
export * from './paper.ts';
export * from './results/baseline.ts';
export * from './results/compare.ts';
export * from './results/export.ts';
export * from './results/measured.ts';
export * from './results/metrics.ts';
export * from './results/provenance.ts';
export * from './results/publish.ts';
export * from './results/result.ts';
export * from './results/store.ts';
export * from './run/cell.ts';
export * from './run/eta.ts';
export * from './run/runner.ts';
