/** Figures that the K2 paper prints, by the corpus' names of its programs: experiments/paper.json. */
import { join } from 'node:path';
import { readText } from '../base/files.ts';
import { PACKAGE_ROOT } from '../base/paths.ts';

export type PaperLoad = 'low' | 'medium' | 'high' | 'saturating';

type ByProgram<T> = Readonly<Record<string, T | undefined>>;

export interface PaperFigures {
  source: string;
  notes: readonly string[];
  /** Slots. */
  table1: ByProgram<{
    O1: number | null;
    O2: number;
    Os: number;
    k2: number;
    percent: number;
    seconds: number;
    iterations: number;
  }>;
  /** Mpps without loss. */
  table2: ByProgram<{ O1: number | null; O2: number; k2: number; percent: number }>;
  /** Load in Mpps, average latency in us. */
  table3: ByProgram<Readonly<Record<PaperLoad, { mpps: number; clang: number; k2: number }>>>;
  /** us per equivalence check with I II III IV, I II III, I II, I, none. */
  table4: ByProgram<readonly number[]>;
  table5: ByProgram<{ produced: number; accepted: number }>;
  table6: ByProgram<{ hits: number; calls: number; percent: number; iterations: number }>;
  /** ns, summed over all instructions. */
  table7: ByProgram<{ O1: number | null; O2: number; k2: number; percent: number }>;
  /** ns of the published -O2 objects, recomputed by that method. */
  table7Recomputed: ByProgram<number>;
  /** Slots with the five settings of table 8. */
  table9: ByProgram<readonly number[]>;
  /** Slots with some of the proposal rules. */
  table10: ByProgram<Readonly<Record<string, number>>>;
}

let figures: PaperFigures | undefined;

export function paperFigures(): PaperFigures {
  figures ??= JSON.parse(readText(join(PACKAGE_ROOT, 'experiments', 'paper.json'))) as PaperFigures;
  return figures;
}
