/**
 * Inputs to try before a solver is asked: corner values, values that occur in the code, earlier
 * counterexamples, seeded noise.
 */
import type { TermAssignment } from '../../solver/index.ts';
import type { Hint } from '../symbolic/inputs.ts';

const M64 = 0xffff_ffff_ffff_ffffn;
const CORNERS: readonly bigint[] = [
  0n,
  1n,
  M64,
  0x8000_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffffn,
  0x8000_0000n,
  0x7fff_ffffn,
  0x1_0000_0000n,
  0xffff_ffff_0000_0000n,
  0xffffn,
  0x8000n,
  0xffn,
  0x80n,
  2n,
  M64 - 1n,
];

/** 64 bits that depend on every bit of the seed (splitmix64 over FNV-1a of the text). */
function mix(text: string, seed: bigint): bigint {
  let h = 0xcbf2_9ce4_8422_2325n ^ seed;
  for (let i = 0; i < text.length; i++) h = ((h ^ BigInt(text.charCodeAt(i))) * 0x100_0000_01b3n) & M64;
  h = ((h ^ (h >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & M64;
  h = ((h ^ (h >> 27n)) * 0x94d0_49bb_1331_11ebn) & M64;
  return h ^ (h >> 31n);
}

/**
 * The n-th input. Deterministic: the same number always gives the same values.
 * @param constants values that occur in the code
 */
export function sample(
  n: number,
  constants: readonly bigint[],
  hints: ReadonlyMap<string, Hint>,
): TermAssignment {
  const seed = BigInt(n + 1) * 0x9e37_79b9_7f4a_7c15n;
  const draw = (name: string): bigint => {
    const h = mix(name, seed);
    // The first input is noise: it refutes most. Later ones mix in special values.
    if (n === 0) return h;
    const choice = h & 7n;
    const pick = Number((h >> 8n) & 0xffffn);
    if (choice < 2n) return CORNERS[pick % CORNERS.length]!;
    if (choice < 4n && constants.length > 0)
      return constants[pick % constants.length]! + BigInt((pick >> 8) % 3) - 1n;
    if (choice === 4n) return (h >> 8n) & 0xffn;
    return mix(name, h);
  };
  const memo = new Map<string, bigint>();
  return {
    variable: (name, width) => {
      let v = memo.get(name);
      if (v === undefined) {
        v = BigInt.asUintN(width, draw(name));
        const hint = hints.get(name);
        if (hint !== undefined && (v < hint.min || v > hint.max))
          v = hint.min + (v % (hint.max - hint.min + 1n));
        memo.set(name, v);
      }
      return v;
    },
    byte: (memory, address) => {
      const h = mix(memory, seed ^ address);
      const choice = h & 7n;
      if (n > 0 && choice < 2n) return choice === 0n ? 0 : 0xff;
      return Number((h >> 8n) & 0xffn);
    },
  };
}
