/**
 * Case files: differences that were found, as JSON that people can read and tests can replay.
 *
 *   Difference + programs --toCase--> JSON text --readCase--> CaseFile --replay--> what the kernel says now
 *
 * `programs`: two programs on one scenario, in the kernel. `model`: one program, the kernel against our
 * interpreter.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.ts';
import { disassemble } from '../../isa/disasm.ts';
import { fromJson, toJson } from '../../program/json.ts';
import type { Program } from '../../program/program.ts';
import type { TestCase } from '../../vm/types.ts';
import type { Scenario } from '../run/observe.ts';
import { type Difference, type DiffResult, kernelDiff } from './diff.ts';
import { machineModel, type ReferenceModel, vmDiff } from './model.ts';

const hex = z.string().regex(/^([0-9a-f]{2})*$/, 'not hexadecimal bytes');
const testSchema = z.strictObject({
  packet: hex,
  ctx: hex,
  /** Per map of the program: [key, value] pairs. */
  maps: z.array(z.array(z.tuple([hex, hex]))),
  seed: z.number().int().min(0),
});
const programSchema = z.looseObject({ listing: z.array(z.string()) });

const common = {
  /** What it shows, and what became of it. */
  note: z.string(),
  /** Whether a replay differs or agrees. A bug that was corrected agrees. */
  expect: z.enum(['differ', 'agree']),
  /** Tests that run before on the same maps. */
  before: z.array(testSchema),
  test: testSchema,
  /** Place -> [first, second], as it was found. */
  places: z.record(z.string(), z.tuple([z.string(), z.string()])),
};
const caseSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('programs'), ...common, first: programSchema, second: programSchema }),
  z.strictObject({ kind: z.literal('model'), ...common, program: programSchema }),
]);
type CaseJson = z.infer<typeof caseSchema>;

export interface CaseFile extends Scenario {
  note: string;
  expect: 'differ' | 'agree';
  places: Difference['places'];
  /** Two programs, or one that is compared with the interpreter. */
  programs: readonly [Program, Program] | readonly [Program];
}

const toHex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const fromHex = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'hex'));

function testToJson(t: TestCase): z.infer<typeof testSchema> {
  return {
    packet: toHex(t.packet),
    ctx: toHex(t.ctx),
    maps: t.maps.map((m) => m.map((e) => [toHex(e.key), toHex(e.value)] as [string, string])),
    seed: t.seed,
  };
}

function testFromJson(t: z.infer<typeof testSchema>): TestCase {
  return {
    packet: fromHex(t.packet),
    ctx: fromHex(t.ctx),
    maps: t.maps.map((m) => m.map(([key, value]) => ({ key: fromHex(key), value: fromHex(value) }))),
    seed: t.seed,
  };
}

/**
 * The program without the folder that it came from and its BTF, which runs do without, and with its text for
 * the reader.
 */
function programToJson({ btf: _, ...p }: Program): z.infer<typeof programSchema> {
  const provenance = { ...p.provenance, file: basename(p.provenance.file) };
  return { ...toJson({ ...p, provenance }), listing: disassemble(p.insns).trimEnd().split('\n') };
}

function programFromJson(json: z.infer<typeof programSchema>, where: string): Program {
  const { listing: _, ...program } = json;
  return fromJson(program, where);
}

/** The text of a case file: one for two programs, or for one against the interpreter. */
export function caseText(
  programs: CaseFile['programs'],
  difference: Omit<Difference, 'index'>,
  options: { note: string; expect?: CaseFile['expect'] },
): string {
  const [first, second] = programs;
  const body = {
    note: options.note,
    expect: options.expect ?? 'differ',
    before: difference.before.map(testToJson),
    test: testToJson(difference.test),
    places: Object.fromEntries(
      Object.entries(difference.places).map(([p, [a, b]]) => [p, [a, b] as [string, string]]),
    ),
  };
  const json: CaseJson =
    second === undefined
      ? { kind: 'model', ...body, program: programToJson(first) }
      : { kind: 'programs', ...body, first: programToJson(first), second: programToJson(second) };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** @throws UserError when the text is no case file */
export function readCase(text: string, where: string): CaseFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    if (e instanceof SyntaxError) throw new UserError(`this is no JSON: ${e.message}.`, where);
    throw e;
  }
  const parsed = caseSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UserError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'no case'}.`, where);
  }
  const c = parsed.data;
  return {
    note: c.note,
    expect: c.expect,
    before: c.before.map(testFromJson),
    test: testFromJson(c.test),
    places: c.places,
    programs:
      c.kind === 'model'
        ? [programFromJson(c.program, where)]
        : [programFromJson(c.first, where), programFromJson(c.second, where)],
  };
}

/** Plays a case again: two programs in the kernel, or one in the kernel and in the model. */
export function replay(c: CaseFile, modelOf: (p: Program) => ReferenceModel = machineModel): DiffResult {
  const [first, second] = c.programs;
  if (second === undefined) return vmDiff(first, modelOf(first), [c.test]);
  return kernelDiff(first, second, [...c.before, c.test], { sequence: c.before.length + 1 });
}
