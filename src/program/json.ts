/** Programs as JSON: for workers, caches and result files. Instructions and byte arrays are base64. */
import { z } from 'zod';
import { UserError } from '../base/errors.ts';
import { decode, encode } from '../isa/codec.ts';
import type { MapDef, Program } from './program.ts';
import { isHookName } from './tables/hooks.ts';

const natural = z.number().int().min(0);

const mapSchema = z.strictObject({
  name: z.string(),
  type: natural,
  keySize: natural,
  valueSize: natural,
  maxEntries: natural,
  flags: natural,
  get inner() {
    return mapSchema.optional();
  },
  get values() {
    return z.array(z.strictObject({ index: natural, map: mapSchema })).optional();
  },
  initial: z.base64().optional(),
  readonly: z.boolean().optional(),
});

const parameterSchema = z.union([
  z.strictObject({ kind: z.enum(['scalar', 'ctx', 'dynptr', 'object', 'arena', 'unknown']) }),
  z.strictObject({ kind: z.literal('memory'), size: natural, nullable: z.boolean() }),
]);

const contractSchema = z.strictObject({
  linkage: z.enum(['static', 'global', 'weak']),
  verified: z.enum(['with callers', 'alone']),
  parameters: z.array(parameterSchema).readonly().optional(),
  returnsNumber: z.boolean().optional(),
  isExceptionCallback: z.literal(true).optional(),
  btfType: natural.optional(),
});

const functionSchema = z.strictObject({
  name: z.string(),
  start: natural,
  end: natural,
  contract: contractSchema.optional(),
});

const coreSchema = z.strictObject({ type: natural, access: natural, kind: natural });

const programSchema = z.strictObject({
  name: z.string(),
  section: z.string(),
  hook: z.string().refine(isHookName, 'no such hook'),
  attachType: natural.optional(),
  license: z.string(),
  insns: z.base64(),
  functions: z.array(functionSchema),
  maps: z.array(mapSchema),
  origin: z.array(z.number().int().min(-1)),
  pinned: z.array(z.tuple([natural, z.string()])),
  btf: z.base64().optional(),
  core: z.array(z.tuple([natural, coreSchema])).optional(),
  provenance: z
    .object({ file: z.string(), sha256: z.string() })
    .catchall(z.union([z.string(), z.number()]).optional()),
});

/** A program as plain JSON. */
export type ProgramJson = z.infer<typeof programSchema>;
type MapJson = z.infer<typeof mapSchema>;

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

function mapToJson(m: MapDef): MapJson {
  const { inner, values, initial, ...rest } = m;
  return {
    ...rest,
    ...(inner === undefined ? {} : { inner: mapToJson(inner) }),
    ...(values === undefined
      ? {}
      : { values: values.map(({ index, map }) => ({ index, map: mapToJson(map) })) }),
    ...(initial === undefined ? {} : { initial: toBase64(initial) }),
  };
}

function mapFromJson(m: MapJson): MapDef {
  const { inner, values, initial, ...rest } = m;
  return {
    ...rest,
    ...(inner === undefined ? {} : { inner: mapFromJson(inner) }),
    ...(values === undefined
      ? {}
      : { values: values.map(({ index, map }) => ({ index, map: mapFromJson(map) })) }),
    ...(initial === undefined ? {} : { initial: fromBase64(initial) }),
  };
}

/** The inverse of `fromJson`. */
export function toJson(program: Program): ProgramJson {
  const { btf, core, ...rest } = program;
  return {
    ...rest,
    ...(btf === undefined ? {} : { btf: toBase64(btf) }),
    ...(core === undefined ? {} : { core: [...core] }),
    insns: toBase64(encode(program.insns)),
    functions: program.functions.map((f) => ({ ...f })),
    maps: program.maps.map(mapToJson),
    origin: [...program.origin],
    pinned: [...program.pinned],
    provenance: { ...program.provenance },
  };
}

/**
 * @param where what the JSON is, for messages
 * @throws UserError when it is not a program: wrong shape, instructions that cannot be decoded, functions or
 *   origins that do not fit the instructions
 */
export function fromJson(json: unknown, where = 'program JSON'): Program {
  const parsed = programSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UserError(`${issue?.message ?? 'no program'}`, `${where}, ${issue?.path.join('.') ?? ''}`);
  }
  const { insns: text, hook, maps, pinned, btf, core, ...rest } = parsed.data;
  const insns = decode(fromBase64(text));
  if (!insns.ok) throw new UserError(insns.reason, `${where}, insns, slot ${insns.slot}`);
  const length = insns.insns.length;
  if (rest.origin.length !== length)
    throw new UserError(`${rest.origin.length} origins for ${length} instructions`, where);
  let at = 0;
  for (const f of rest.functions) {
    if (f.start !== at || f.end <= f.start)
      throw new UserError(`function ${f.name} is not where it should be`, where);
    at = f.end;
  }
  if (at !== length) throw new UserError('the functions do not cover the instructions', where);
  return {
    ...rest,
    ...(btf === undefined ? {} : { btf: fromBase64(btf) }),
    ...(core === undefined ? {} : { core: new Map(core) }),
    hook,
    insns: insns.insns,
    maps: maps.map(mapFromJson),
    pinned: new Map(pinned),
  };
}
