/**
 * The few parts of the WebAssembly binary format that the interpreter needs: instructions as byte strings
 * that compose, and a module around them. Reference: WebAssembly Core Specification 2.0, chapter 5.
 */

/** A piece of code: the encoded bytes of zero or more instructions. */
export type Code = readonly number[];

/** Value types. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
/** Block without a result. */
const EMPTY = 0x40;

export function unsigned(n: number): number[] {
  const out: number[] = [];
  let rest = n;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return out;
}

function signed(n: bigint): number[] {
  const out: number[] = [];
  let rest = n;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) return [...out, low];
    out.push(low | 0x80);
  }
}

export function seq(...parts: readonly Code[]): Code {
  return parts.flat();
}

export const i32 = (n: number): Code => [0x41, ...signed(BigInt(n | 0))];
export const i64 = (n: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, n))];
export function f64(n: number): Code {
  return [0x44, ...new Uint8Array(new Float64Array([n]).buffer)];
}

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const tee = (local: number, value: Code): Code => [...value, 0x22, ...unsigned(local)];
export const call = (fn: number, ...args: readonly Code[]): Code => [...args.flat(), 0x10, ...unsigned(fn)];

export const block = (body: Code): Code => [0x02, EMPTY, ...body, 0x0b];
export const loop = (body: Code): Code => [0x03, EMPTY, ...body, 0x0b];
/**
 * (block (block ... `inner`) after[0]) after[1] ...: leaving the n-th block from within goes to `after[n]`.
 */
export function nestedBlocks(inner: Code, after: readonly Code[]): Code {
  return [after.map(() => [0x02, EMPTY]), inner, after.map((code) => [0x0b, ...code])].flat(2);
}
export const br = (depth: number): Code => [0x0c, ...unsigned(depth)];
export const brIf = (depth: number, condition: Code): Code => [...condition, 0x0d, ...unsigned(depth)];
export function brTable(index: Code, depths: readonly number[], other: number): Code {
  return [...index, 0x0e, ...unsigned(depths.length), ...depths.flatMap(unsigned), ...unsigned(other)];
}
export const when = (condition: Code, then: Code): Code => [...condition, 0x04, EMPTY, ...then, 0x0b];
export const whenElse = (condition: Code, then: Code, other: Code): Code => [
  ...condition,
  0x04,
  EMPTY,
  ...then,
  0x05,
  ...other,
  0x0b,
];
/** Lazy choice with a result of value type `type`. */
export const choose = (type: number, condition: Code, then: Code, other: Code): Code => [
  ...condition,
  0x04,
  type,
  ...then,
  0x05,
  ...other,
  0x0b,
];
export const ret = (value: Code): Code => [...value, 0x0f];

/** Loads and stores; addresses are i32, `offset` is added without wrapping, alignment is never promised. */
const load =
  (opcode: number) =>
  (address: Code, offset = 0): Code => [...address, opcode, 0, ...unsigned(offset)];
const store =
  (opcode: number) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, opcode, 0, ...unsigned(offset)];

export const load32 = load(0x28);
export const load64 = load(0x29);
export const loadF64 = load(0x2b);
export const load32u8 = load(0x2d);
export const load32u16 = load(0x2f);
export const load64s8 = load(0x30);
export const load64u8 = load(0x31);
export const load64s16 = load(0x32);
export const load64u16 = load(0x33);
export const load64s32 = load(0x34);
export const load64u32 = load(0x35);
export const store32 = store(0x36);
export const store64 = store(0x37);
export const storeF64 = store(0x39);
export const store64as8 = store(0x3c);
export const store64as16 = store(0x3d);
export const store64as32 = store(0x3e);

const unary =
  (opcode: number) =>
  (a: Code): Code => [...a, opcode];
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode];

export const eqz32 = unary(0x45);
export const eq32 = binary(0x46);
export const ne32 = binary(0x47);
export const lts32 = binary(0x48);
export const ltu32 = binary(0x49);
export const gtu32 = binary(0x4b);
export const geu32 = binary(0x4f);
export const eq64 = binary(0x51);
export const ne64 = binary(0x52);
export const lts64 = binary(0x53);
export const ltu64 = binary(0x54);
export const gtu64 = binary(0x56);
export const geu64 = binary(0x5a);
export const gtF64 = binary(0x64);

export const add32 = binary(0x6a);
export const sub32 = binary(0x6b);
export const mul32 = binary(0x6c);
export const divs32 = binary(0x6d);
export const divu32 = binary(0x6e);
export const rems32 = binary(0x6f);
export const remu32 = binary(0x70);
export const and32 = binary(0x71);
export const or32 = binary(0x72);
export const xor32 = binary(0x73);
export const shl32 = binary(0x74);
export const shrs32 = binary(0x75);
export const shru32 = binary(0x76);
export const rotl32 = binary(0x77);

export const popcnt64 = unary(0x7b);
export const add64 = binary(0x7c);
export const sub64 = binary(0x7d);
export const mul64 = binary(0x7e);
export const divs64 = binary(0x7f);
export const divu64 = binary(0x80);
export const rems64 = binary(0x81);
export const remu64 = binary(0x82);
export const and64 = binary(0x83);
export const or64 = binary(0x84);
export const xor64 = binary(0x85);
export const shl64 = binary(0x86);
export const shrs64 = binary(0x87);
export const shru64 = binary(0x88);
export const rotl64 = binary(0x89);

export const addF64 = binary(0xa0);
export const wrap = unary(0xa7);
export const extendS = unary(0xac);
export const extendU = unary(0xad);
export const toF64 = unary(0xba);
export const extend8S32 = unary(0xc0);
export const extend16S32 = unary(0xc1);

export interface Func {
  /** Value types of parameters and of the result. */
  params: readonly number[];
  results: readonly number[];
  /** Value types of further locals; they are numbered after the parameters. */
  locals: readonly number[];
  body: Code;
  /** Exported under this name. */
  name?: string;
}

export interface Import {
  name: string;
  params: readonly number[];
  results: readonly number[];
}

const utf8 = (s: string): number[] => {
  const bytes = [...new TextEncoder().encode(s)];
  return [...unsigned(bytes.length), ...bytes];
};
const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];

/**
 * A module that imports the memory `env.memory` and the functions `env.<name>` (numbered first), and defines
 * `functions` (numbered after them).
 */
export function assemble(imports: readonly Import[], functions: readonly Func[]): Uint8Array<ArrayBuffer> {
  const type = (f: { params: readonly number[]; results: readonly number[] }): number[] => [
    0x60,
    ...unsigned(f.params.length),
    ...f.params,
    ...unsigned(f.results.length),
    ...f.results,
  ];
  const bodies = functions.map((f) => {
    const code = [...vector(f.locals.map((t) => [1, t])), ...f.body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  const exported = functions.flatMap((f, k) =>
    f.name === undefined ? [] : [[...utf8(f.name), 0x00, ...unsigned(imports.length + k)]],
  );
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([...imports, ...functions].map(type))),
    ...section(
      2,
      vector([
        [...utf8('env'), ...utf8('memory'), 0x02, 0x00, 1],
        ...imports.map((f, k) => [...utf8('env'), ...utf8(f.name), 0x00, ...unsigned(k)]),
      ]),
    ),
    ...section(3, vector(functions.map((_, k) => unsigned(imports.length + k)))),
    ...section(7, vector(exported)),
    ...section(10, vector(bodies)),
  ]);
}
