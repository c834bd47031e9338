/**
 * Experiment definitions.
 *
 *   YAML --parse--> document --zod--> Definition --expand.ts--> cells
 *
 * Every mistake is reported with file, line and column; the JSON Schema for editors is made from the same
 * description.
 */

import { isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { UserError } from '../../base/errors.ts';
import { readText } from '../../base/files.ts';
import { sha256 } from '../../base/hash.ts';
import { canonicalJson } from '../../base/json.ts';
import { hintFor } from '../../base/text.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { MeasureSchema } from './measures.ts';
import { Options, PartialOptions } from './options.ts';

const NAME = /^[a-z0-9][a-z0-9._-]*$/;
const list = z.array(z.string()).nonempty();

const Selection = z.strictObject({
  corpus: z.string().describe('Name of a corpus: see `k2 corpus list`'),
  variant: z
    .string()
    .optional()
    .describe("Build that is optimized, e.g. clang-14-O2; default: the corpus' baseline"),
  ids: list.optional().describe('Only these programs'),
  group: list.optional().describe('Only programs of these groups'),
  category: list.optional().describe('Only programs of these categories'),
  hook: z
    .array(z.enum(Object.keys(HOOKS) as [string, ...string[]]))
    .nonempty()
    .optional(),
  tag: list.optional().describe('Only programs that have one of these features'),
  slots: z
    .strictObject({ min: z.number().int().min(0).optional(), max: z.number().int().min(1).optional() })
    .optional()
    .describe('Size of the input, in slots'),
  options: PartialOptions.optional().describe(
    "Of these programs only, over the configuration's: a smaller budget for a large one, say",
  ),
});

const sweepOf = Object.fromEntries(
  Object.entries(Options.shape).map(([key, schema]) => [key, z.array(schema).nonempty().optional()]),
) as { [K in keyof typeof Options.shape]: z.ZodOptional<z.ZodArray<(typeof Options.shape)[K]>> };

const Configuration = z.strictObject({
  name: z.string().regex(NAME, 'must be lower case letters, digits, . _ -'),
  options: PartialOptions.default({}),
  sweep: z.strictObject(sweepOf).optional().describe('One configuration per combination of these values'),
});

export const PAPER_TABLES = [
  'table1',
  'table2',
  'table3',
  'table4',
  'table5',
  'table6',
  'table7',
  'table8',
  'table9',
  'table10',
  'figureH',
] as const;

const Metric = z.enum(['size', 'instructions', 'latency', 'static-latency', 'kernel']);

export const DefinitionSchema = z.strictObject({
  name: z
    .string()
    .regex(NAME, 'must be lower case letters, digits, . _ -')
    .describe('Name of the results folder'),
  title: z.string(),
  description: z.string().default(''),
  programs: z.array(Selection).nonempty(),
  configurations: z.array(Configuration).nonempty(),
  baselines: z
    .strictObject({
      variants: z.array(z.string()).default([]).describe('Builds to compare with, e.g. clang-14-O1'),
      paper: z.boolean().default(false).describe("Show the K2 paper's figure of the same program"),
    })
    .default({ variants: [], paper: false }),
  seeds: z.array(z.number().int().min(0)).nonempty().default([1]),
  budget: z
    .strictObject({
      cellSeconds: z
        .number()
        .positive()
        .default(600)
        .describe('Wall-clock limit of one cell: the search ends early, and the result says so'),
      memoryMb: z.number().int().min(128).default(2048).describe("Limit of a worker's JavaScript heap"),
    })
    .default({ cellSeconds: 600, memoryMb: 2048 }),
  table: z
    .enum(PAPER_TABLES)
    .optional()
    .describe(
      'Which table or figure of the K2 paper this reproduces: the report shows our figures next to it',
    ),
  measure: MeasureSchema.optional().describe('What else is measured'),
  full: z
    .strictObject({
      steps: z.number().int().min(0).optional(),
      seeds: z.array(z.number().int().min(0)).nonempty().optional(),
      cellSeconds: z.number().positive().optional(),
    })
    .optional()
    .describe('What replaces steps, seeds and limits under --full'),
  metrics: z.array(Metric).nonempty().default(['size', 'latency']),
});

export type Definition = z.infer<typeof DefinitionSchema>;
export type Selection = z.infer<typeof Selection>;
export type Metric = z.infer<typeof Metric>;
export type PaperTable = (typeof PAPER_TABLES)[number];

/** Changes whenever the definition means something else. */
export function definitionHash(definition: Definition): string {
  return sha256(canonicalJson(definition));
}

/** The definition with its full budgets, under a name of its own. */
export function fullDefinition(definition: Definition): Definition {
  const { steps, seeds, cellSeconds } = definition.full ?? {};
  const full = {
    ...definition,
    name: `${definition.name}-full`,
    title: `${definition.title} (full budget)`,
    seeds: seeds ?? definition.seeds,
    budget: { ...definition.budget, ...(cellSeconds === undefined ? {} : { cellSeconds }) },
  };
  return steps === undefined ? full : withSteps(full, steps);
}

/** The same with so many proposals per cell. */
export function withSteps(definition: Definition, steps: number): Definition {
  const withIt = <T extends { options?: PartialOptions | undefined }>(x: T): T => ({
    ...x,
    options: { ...x.options, steps },
  });
  return {
    ...definition,
    programs: definition.programs.map((p) => (p.options === undefined ? p : withIt(p))),
    configurations: definition.configurations.map(withIt),
  };
}

/** For editors: `# yaml-language-server: $schema=./schema.json`. */
export function definitionJsonSchema(): object {
  return z.toJSONSchema(DefinitionSchema, { io: 'input', target: 'draft-7' });
}

/** @throws UserError naming file, line and column */
export function readDefinition(file: string): Definition {
  return parseDefinition(readText(file), file);
}

/** @throws UserError naming file, line and column */
export function parseDefinition(text: string, file: string): Definition {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new UserError(`${sentence(broken.message)}`, at(broken.pos[0]), 'Mend the YAML.');
  const parsed = DefinitionSchema.safeParse(document.toJS());
  if (parsed.success) {
    checkNames(parsed.data, file);
    return parsed.data;
  }
  const { issues } = parsed.error;
  // A misspelt name also leaves the right one missing: the former is the cause.
  const issue = (issues.find((i) => i.code === 'unrecognized_keys') ?? issues[0]) as z.core.$ZodIssue;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const offset = offsetOf(document.contents, path, unknown !== undefined);
  const name = path.length === 0 ? 'the definition' : path.map(String).join('.');
  if (unknown !== undefined) {
    const known = propertiesAt(issue.path);
    throw new UserError(`${name}: there is no such property.`, at(offset), hintFor(unknown, known));
  }
  const value: unknown = document.getIn(path as (string | number)[]);
  const choices = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const hint = typeof value === 'string' && choices.length > 0 ? hintFor(value, choices) : '';
  throw new UserError(`${name}: ${sentence(issue.message)}`, at(offset), hint);
}

function checkNames(definition: Definition, file: string): void {
  const seen = new Set<string>();
  for (const { name } of definition.configurations) {
    if (seen.has(name)) throw new UserError(`two configurations are called '${name}'.`, file, 'Rename one.');
    seen.add(name);
  }
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Where in the text a path ends; the nearest enclosing node when it is missing. */
function offsetOf(root: unknown, path: readonly PropertyKey[], key: boolean): number {
  let node: unknown = root;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  path.forEach((step, i) => {
    if (isMap(node)) {
      const pair = node.items.find((p) => isPair(p) && String(p.key) === String(step));
      if (pair === undefined) {
        node = undefined;
        return;
      }
      const wanted = key && i === path.length - 1 ? pair.key : (pair.value ?? pair.key);
      if (isNode(wanted)) offset = wanted.range?.[0] ?? offset;
      node = pair.value;
    } else {
      const items = (node as { items?: unknown[] } | undefined)?.items;
      node = items?.[Number(step)];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    }
  });
  return offset;
}

/** Names of the properties that an object at this path may have. */
function propertiesAt(path: readonly PropertyKey[]): string[] {
  let schema = definitionJsonSchema() as JsonSchema | undefined;
  for (const step of path)
    schema = typeof step === 'number' ? schema?.items : schema?.properties?.[String(step)];
  return Object.keys(schema?.properties ?? {});
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
}
