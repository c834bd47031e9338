/**
 * Entries of a map by system call: one at a time, or all at once where the kernel can (Linux 5.6, hash tables
 * and tries).
 */
import { Attr, type Bpf, Cmd } from './syscall.ts';

const attr = new Attr(32);

/**
 * LOOKUP, UPDATE, DELETE, NEXT_KEY or LOOKUP_AND_DELETE on one key; `null` key as the kernel understands it.
 */
export function elem(
  bpf: Bpf,
  cmd: (typeof Cmd)['MAP_LOOKUP' | 'MAP_UPDATE' | 'MAP_DELETE' | 'MAP_NEXT_KEY' | 'MAP_LOOKUP_DELETE'],
  fd: number,
  key: Uint8Array | null,
  value?: Uint8Array,
): number {
  const keyAt = key === null || key.length === 0 ? 0n : bpf.address(key);
  attr.u32(0, fd).u64(8, keyAt);
  attr.u64(16, value === undefined ? 0n : bpf.address(value)).u64(24, 0n);
  return bpf.call(cmd, attr.bytes, 32);
}

const ENOENT = 2;
/** No such command for this type of map, or in this kernel. */
const UNKNOWN: ReadonlySet<number> = new Set([-22, -95, -524]);
/** Bytes of the kernel's own position in a map: at most a key. */
const POSITION_BYTES = 512;

/** Buffers for whole-map calls on one map, of at most `limit` entries. */
export class Batch {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly #keySize: number;
  readonly #valueSize: number;
  readonly #limit: number;
  readonly #bpf: Bpf;
  readonly #fd: number;
  readonly #attr = new Attr(56);
  readonly #position = new Uint8Array(POSITION_BYTES);

  private constructor(bpf: Bpf, fd: number, sizes: { keySize: number; valueSize: number; limit: number }) {
    this.#bpf = bpf;
    this.#fd = fd;
    this.#keySize = sizes.keySize;
    this.#valueSize = sizes.valueSize;
    this.#limit = sizes.limit;
    this.keys = new Uint8Array(sizes.keySize * sizes.limit);
    this.values = new Uint8Array(sizes.valueSize * sizes.limit);
  }

  /** As the constructor; undefined when the kernel cannot do this with such a map. */
  static open(
    bpf: Bpf,
    fd: number,
    sizes: { keySize: number; valueSize: number; limit: number },
  ): Batch | undefined {
    const batch = new Batch(bpf, fd, sizes);
    return UNKNOWN.has(batch.readAll()) ? undefined : batch;
  }

  /** Reads the whole map into `keys` and `values`, in the kernel's order; minus the errno when it cannot. */
  readAll(): number {
    this.#attr.clear().u64(8, this.#bpf.address(this.#position));
    const { result, count } = this.#call(Cmd.MAP_LOOKUP_BATCH, 0, this.#limit);
    // "No such entry" is how the kernel says that it came to the end.
    return result === -ENOENT || result >= 0 ? count : result;
  }

  /**
   * Writes entries `from` .. `to - 1` of the buffers; `count` of them were taken before the first refusal.
   */
  write(from: number, to: number): { result: number; count: number } {
    this.#attr.clear();
    return this.#call(Cmd.MAP_UPDATE_BATCH, from, to - from);
  }

  /** As `write`: deletes the keys `from` .. `to - 1`. */
  delete(from: number, to: number): { result: number; count: number } {
    this.#attr.clear();
    return this.#call(Cmd.MAP_DELETE_BATCH, from, to - from);
  }

  #call(cmd: Cmd, from: number, n: number): { result: number; count: number } {
    const bpf = this.#bpf;
    const attr = this.#attr
      .u64(16, bpf.address(this.keys) + BigInt(from * this.#keySize))
      .u64(24, bpf.address(this.values) + BigInt(from * this.#valueSize))
      .u32(32, n)
      .u32(36, this.#fd);
    const result = bpf.call(cmd, attr.bytes, 56);
    const done = attr.getU32(32);
    // An answer that came before the first entry leaves the count as it was.
    return { result, count: result < 0 && result !== -ENOENT && done === n ? 0 : done };
  }
}
