/**
 * The project's one generator of random numbers: sfc32 (small, fast, passes PractRand), seeded by hashing any
 * mix of numbers and strings, so that every stream is a function of (seed, program, chain, ...) and of
 * nothing else.
 */
export class Rng {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  /** Parts that name the stream, e.g. `new Rng(seed, program.name, chain)`. Order matters. */
  constructor(...parts: readonly (number | string)[]) {
    // FNV-1a over the parts, three times with different offsets: sfc32 needs three state words.
    const text = parts.map((p) => `${typeof p}:${p}`).join('\u0000');
    this.a = fnv1a(text, 0x811c9dc5);
    this.b = fnv1a(text, 0x9e3779b9);
    this.c = fnv1a(text, 0x85ebca6b);
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** Uniform in 0 .. 2^32-1. */
  u32(): number {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** Uniform in 0 .. n-1; n at most 2^32. */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n);
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('pick from an empty list');
    return items[this.below(items.length)] as T;
  }

  /** Index drawn with the given non-negative weights. */
  weighted(weights: readonly number[]): number {
    let x = this.unit() * weights.reduce((s, w) => s + w, 0);
    for (let i = 0; i < weights.length; i++) {
      x -= weights[i] as number;
      if (x < 0) return i;
    }
    return weights.length - 1;
  }

  bytes(n: number): Uint8Array {
    const out = new Uint8Array(n);
    for (let i = 0; i < n; i++) out[i] = this.u32() & 0xff;
    return out;
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
}

function fnv1a(text: string, offset: number): number {
  let h = offset | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}
