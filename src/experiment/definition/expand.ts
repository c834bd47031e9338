/** From a definition to its cells: programs x configurations x seeds, in that order. */

import { UserError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { canonicalJson } from '../../base/json.ts';
import { hintFor } from '../../base/text.ts';
import type { OptimizeOptions } from '../../optimizer/types.ts';
import { buildOf, type Corpus, entryOf, inputOf, openCorpus, slotsOf } from '../corpus/corpus.ts';
import type { CorpusEntry } from '../corpus/manifest.ts';
import type { Definition, Selection } from './definition.ts';
import type { MeasureOptions } from './measures.ts';
import { completeOptions, type PartialOptions } from './options.ts';

/** Which program, and as which build. */
export interface ProgramRef {
  corpus: string;
  id: string;
  variant: string;
  hook: string;
  group: string;
  category: string;
}

/** One optimization to run. Plain JSON: it travels to workers. */
export interface Cell {
  /** Equal keys mean equal results: options, input, seed and the optimizer's code are in it. */
  key: string;
  program: ProgramRef;
  configuration: string;
  options: OptimizeOptions;
  measure?: MeasureOptions;
  /** Other builds that are measured too. */
  variants?: readonly string[];
}

interface NamedOptions {
  name: string;
  options: PartialOptions;
}

/** @param code identifies the optimizer's code, see provenance.ts */
export function expand(definition: Definition, code: string): Cell[] {
  const configurations = definition.configurations.flatMap(sweep);
  const { measure } = definition;
  const more = measure === undefined ? {} : { measure, variants: definition.baselines.variants };
  const cells: Cell[] = [];
  const seen = new Set<string>();
  for (const { corpus, entry, variant, own } of definition.programs.flatMap(select)) {
    const { hook, group, category } = entry;
    const program: ProgramRef = { corpus: corpus.name, id: entry.id, variant, hook, group, category };
    const build = buildOf(entry, variant);
    const input = (build === undefined ? undefined : inputOf(build))?.sha256 ?? 'missing';
    for (const { name, options } of configurations) {
      for (const seed of definition.seeds) {
        const complete = completeOptions({ ...options, ...own }, seed);
        const identity = [corpus.name, entry.id, variant, input, complete, definition.budget, code, more];
        const key = sha256(canonicalJson([name, ...identity])).slice(0, 32);
        if (seen.has(key)) continue;
        seen.add(key);
        cells.push({ key, program, configuration: name, options: complete, ...more });
      }
    }
  }
  return cells;
}

function sweep(configuration: Definition['configurations'][number]): NamedOptions[] {
  let named: NamedOptions[] = [{ name: configuration.name, options: configuration.options }];
  for (const [option, values] of Object.entries(configuration.sweep ?? {}))
    named = named.flatMap(({ name, options }) =>
      (values as readonly unknown[]).map((value) => ({
        name: `${name} ${option}=${String(value)}`,
        options: { ...options, [option]: value },
      })),
    );
  return named;
}

interface Selected {
  corpus: Corpus;
  entry: CorpusEntry;
  variant: string;
  /** Options of this selection. */
  own: PartialOptions;
}

/**
 * Programs of a corpus that pass all filters. @throws UserError when a name does not exist or nothing is left
 */
export function select(s: Selection): Selected[] {
  const corpus = openCorpus(s.corpus);
  const { manifest } = corpus;
  const variant = s.variant ?? manifest.baseline;
  const variants = manifest.variants.map((v) => v.id);
  if (!variants.includes(variant))
    throw new UserError(`corpus ${s.corpus} has no variant '${variant}'.`, '', hintFor(variant, variants));
  const named = s.ids?.map((id) => entryOf(corpus, id)) ?? manifest.programs;
  const passes = (filter: readonly string[] | undefined, values: readonly string[]): boolean =>
    filter === undefined || filter.some((f) => values.includes(f));
  const chosen = named.filter((e) => {
    const slots = slotsOf(buildOf(e, variant));
    return (
      passes(s.group, [e.group]) &&
      passes(s.category, [e.category]) &&
      passes(s.hook, [e.hook]) &&
      passes(s.tag, e.features) &&
      (slots === undefined || (slots >= (s.slots?.min ?? 0) && slots <= (s.slots?.max ?? Infinity)))
    );
  });
  if (chosen.length === 0)
    throw new UserError(`no program of corpus ${s.corpus} passes the filters.`, '', 'Loosen them.');
  return chosen.map((entry) => ({ corpus, entry, variant, own: s.options ?? {} }));
}
