/** fast-check arbitraries of instructions and programs, built from the semantics table's rows. */
import fc from 'fast-check';
import {
  fieldsOf,
  type Insn,
  nop,
  OPS,
  type OpSpec,
  PseudoLd,
  referenceOf,
  slotOffsets,
  slotsOf,
} from '../../src/isa/index.ts';

const int32 = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  fc.constantFrom(0, 1, -1, 2, 7, 31, 32, 63, 64, 0xff, 0xffff, 0x7fff_ffff, -0x8000_0000),
);
const int16 = fc.oneof(fc.integer({ min: -0x8000, max: 0x7fff }), fc.integer({ min: -16, max: 16 }));

/** 64-bit values as BigInt, with the corners that bugs like. */
export const arbU64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  fc.constantFrom(
    0n,
    1n,
    2n,
    0x7fn,
    0x80n,
    0xffn,
    0x7fffn,
    0x8000n,
    0xffffn,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x1_0000_0000n,
    0x7fff_ffff_ffff_ffffn,
    0x8000_0000_0000_0000n,
    0xffff_ffff_8000_0000n,
    0xffff_ffff_ffff_ffffn,
  ),
);

/** Does the row write the register that `field` names? r10 cannot be written. */
function writes(spec: OpSpec, field: 'dst' | 'src'): boolean {
  if (field === 'src') return spec.kind === 'atomic' && spec.result === 'src';
  return spec.kind === 'alu' || spec.kind === 'load' || spec.kind === 'ldimm64' || spec.kind === 'cast';
}

/** Kinds of `ld_imm64` that carry an upper half. */
const UPPER: readonly number[] = [
  PseudoLd.IMM64,
  PseudoLd.MAP_VALUE,
  PseudoLd.BTF_ID,
  PseudoLd.MAP_IDX_VALUE,
];

/**
 * A valid instruction of one row: `fieldError` finds nothing, and it does not write r10. Jumps go anywhere.
 */
export function arbInsnOf(spec: OpSpec): fc.Arbitrary<Insn> {
  const free = fieldsOf(spec);
  const register = (field: 'dst' | 'src') => fc.integer({ min: 0, max: writes(spec, field) ? 9 : 10 });
  const src = spec.kind === 'ldimm64' ? fc.integer({ min: 0, max: PseudoLd.MAP_IDX_VALUE }) : register('src');
  const imm = spec.kind === 'cast' ? fc.constantFrom(1, 1 << 16) : int32;
  return fc
    .record({
      dst: free.dst ? register('dst') : fc.constant(0),
      src: free.src ? src : fc.constant(spec.src ?? 0),
      off: free.off ? int16 : fc.constant(spec.off ?? 0),
      imm: free.imm ? imm : fc.constant(spec.imm ?? 0),
      immHi: free.immHi ? int32 : fc.constant(0),
    })
    .map((f) => ({
      op: spec.op,
      ...f,
      immHi: spec.kind === 'ldimm64' && !UPPER.includes(f.src) ? 0 : f.immHi,
    }));
}

/** A valid instruction of any row, or of those that `filter` lets through. */
export function arbInsn(filter: (spec: OpSpec) => boolean = () => true): fc.Arbitrary<Insn> {
  return fc.constantFrom(...OPS.filter(filter)).chain(arbInsnOf);
}

/**
 * A well-formed list (`validate` finds nothing): every reference hits an instruction, the last one is `exit`.
 * With `forward` there are no loops. It is one function: calls to local functions and function addresses are
 * left out.
 */
export function arbProgram(
  options: { maxLength?: number; forward?: boolean; filter?: (spec: OpSpec) => boolean } = {},
): fc.Arbitrary<Insn[]> {
  const { maxLength = 30, forward = false, filter = () => true } = options;
  const body = arbInsn((spec) => filter(spec) && spec.name !== 'call.local').filter(
    (i) => referenceOf(i)?.kind !== 'function',
  );
  return fc.array(fc.tuple(body, fc.nat()), { maxLength }).map((drawn) => {
    const insns = [...drawn.map(([i]) => i), { ...nop(), op: 0x95 }];
    const offsets = slotOffsets(insns);
    return insns.map((i, index) => {
      const ref = referenceOf(i);
      if (ref === undefined) return i;
      const pick = drawn[index]![1];
      const aim = forward ? index + 1 + (pick % (insns.length - index - 1)) : pick % insns.length;
      return { ...i, [ref.field]: offsets[aim]! - (offsets[index]! + slotsOf(i)) };
    });
  });
}

/** Any slot contents at all, mostly invalid; `op` other than ld_imm64 keeps `immHi` 0. */
export const arbRawInsn: fc.Arbitrary<Insn> = fc
  .record({
    op: fc.integer({ min: 0, max: 255 }),
    dst: fc.integer({ min: 0, max: 15 }),
    src: fc.integer({ min: 0, max: 15 }),
    off: int16,
    imm: int32,
    immHi: int32,
  })
  .map((i) => (i.op === 0x18 ? i : { ...i, immHi: 0 }));
