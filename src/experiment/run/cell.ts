/** One cell: load the program, optimize it, measure. Runs inside a worker process. */
import { UserError } from '../../base/errors.ts';
import type { OptimizeOptions, OptimizeResult, Progress } from '../../optimizer/types.ts';
import type { Program } from '../../program/program.ts';
import type { WindowVerifier } from '../../verify/index.ts';
import { entryOf, loadEntry, openCorpus } from '../corpus/corpus.ts';
import type { Cell } from '../definition/expand.ts';
import { costsOfBoth, kernelsOf } from '../measure/costs.ts';
import type { Judged, RecordingVerifier } from '../measure/equivalence-time.ts';
import { executedOf, pricesOfBoth } from '../measure/execution-counts.ts';
import type { TimedVersion } from '../measure/traffic.ts';
import { outcomeOf } from '../results/measured.ts';
import type { CellOutcome, Extra } from '../results/result.ts';

export interface CellControl {
  onProgress?(p: Progress): void;
  stop?(): boolean;
}

export type Optimize = (
  program: Program,
  options: OptimizeOptions,
  control?: CellControl,
  verifier?: WindowVerifier,
) => Promise<OptimizeResult>;

/** Never throws for what a program can do wrong; what it throws is a bug, and its worker says so. */
export async function runCell(
  cell: Cell,
  optimize: Optimize,
  control: CellControl = {},
): Promise<CellOutcome> {
  try {
    const corpus = openCorpus(cell.program.corpus);
    const entry = entryOf(corpus, cell.program.id);
    const loaded = loadEntry(corpus, entry, cell.program.variant);
    if (loaded.status !== 'ok') return { status: 'skipped', reason: `${loaded.status}: ${loaded.reason}` };
    const verifier = await verifierFor(cell);
    try {
      const result = await optimize(loaded.program, cell.options, control, verifier);
      const outcome = {
        ...outcomeOf(loaded.program, result, cell.options.goal),
        executed: executedOf(loaded.program, result.program, cell.options),
        prices: pricesOfBoth(loaded.program, result.program),
        costs: costsOfBoth(loaded.program, result, kernelsOf(cell.measure?.kernels, cell.options.kernel)),
      };
      const others = (cell.variants ?? []).flatMap((name): TimedVersion[] => {
        const other = loadEntry(corpus, entry, name);
        return other.status === 'ok' ? [{ name, program: other.program, insns: other.program.insns }] : [];
      });
      const extra = await measureMore(cell, loaded.program, result, others, verifier);
      return extra === undefined ? outcome : { ...outcome, extra };
    } finally {
      verifier?.close();
    }
  } catch (e) {
    if (e instanceof UserError) return { status: 'skipped', reason: e.message };
    throw e;
  }
}

/** Only where its questions or its cache are measured; the optimizer has its own otherwise. */
async function verifierFor({ measure, options }: Cell): Promise<RecordingVerifier | undefined> {
  if (measure?.equivalence === undefined && measure?.cache !== true) return undefined;
  const { recordingVerifier } = await import('../measure/equivalence-time.ts');
  return recordingVerifier(measure.equivalence?.questions ?? 0, options.seed, judgedBy(options));
}

function judgedBy({ solver, memoryModel }: Cell['options']): Judged {
  return { solver, memoryModel };
}

async function measureMore(
  { measure, options, program: { id, variant } }: Cell,
  original: Program,
  result: OptimizeResult,
  others: readonly TimedVersion[],
  verifier: RecordingVerifier | undefined,
): Promise<Extra | undefined> {
  if (measure === undefined) return undefined;
  const extra: Extra = {};
  if (measure.cache === true && verifier !== undefined) {
    const { hits, misses } = verifier.cache.stats;
    extra.cache = { hits, calls: hits + misses, asked: verifier.asked };
  }
  if (measure.equivalence !== undefined && verifier !== undefined) {
    const { measureChecks } = await import('../measure/equivalence-time.ts');
    extra.equivalence = await measureChecks(verifier.questions, measure.equivalence, judgedBy(options));
  }
  if (measure.consent !== undefined) {
    const { measureLoadVerdicts } = await import('../measure/load-verdict.ts');
    const versions = result.versions?.map((v) => v.program) ?? [result.program];
    extra.consent = measureLoadVerdicts(original, versions, measure.consent);
  }
  if (measure.time !== undefined) {
    const { measureTime } = await import('../measure/kernel-time.ts');
    extra.time = measureTime(original, result.program, measure.time);
  }
  if (measure.traffic !== undefined) {
    const { measureTraffic } = await import('../measure/traffic.ts');
    const input: TimedVersion = { name: variant, program: original, insns: original.insns };
    const ours: TimedVersion = { name: 'ours', program: original, insns: result.program.insns };
    extra.traffic = measureTraffic(
      id,
      [input, ours, ...others.filter((o) => o.name !== variant)],
      measure.traffic,
    );
  }
  return extra;
}
