/**
 * bpf(2) from Node, without a compiler: the raw `syscall` of libc through koffi.
 *
 *   in:   a command number and its attribute bytes (layouts: include/uapi/linux/bpf.h, union bpf_attr)
 *   out:  a file descriptor or 0, or minus the errno
 *
 * Nothing here throws for a kernel's "no": a negative number is an answer. koffi is loaded on first use, so
 * that a machine without it, or without Linux, is "no kernel here".
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, release } from 'node:os';
import { arch, platform } from 'node:process';

/** bpf(2) commands that this project uses. */
export const Cmd = {
  MAP_CREATE: 0,
  MAP_LOOKUP: 1,
  MAP_UPDATE: 2,
  MAP_DELETE: 3,
  MAP_NEXT_KEY: 4,
  PROG_LOAD: 5,
  TEST_RUN: 10,
  OBJ_INFO: 15,
  BTF_LOAD: 18,
  MAP_LOOKUP_DELETE: 21,
  MAP_FREEZE: 22,
  MAP_LOOKUP_BATCH: 24,
  MAP_UPDATE_BATCH: 26,
  MAP_DELETE_BATCH: 27,
} as const;
export type Cmd = (typeof Cmd)[keyof typeof Cmd];

/**
 * A region of memory that the kernel shares with us. Touching `bytes` after `unmap` is a crash: drop it
 * first.
 */
export interface Mapping {
  bytes: Uint8Array;
  unmap(): void;
}

/**
 * The few system calls everything else is made of: of this machine's kernel, or of a guest's
 * (vm/transport.ts).
 */
export interface Bpf {
  /** As uname(2) has it: which kernel answers. */
  readonly release: string;
  /** Values that a per-CPU map holds per key: the number of possible CPUs. */
  possibleCpus(): number;
  /** bpf(cmd, attr, size): >= 0, or minus the errno. Buffers that `attr` points to must stay referenced. */
  call(cmd: Cmd, attr: Uint8Array, size: number): number;
  /**
   * Address of the first byte. Valid while the array is referenced, for the calls that follow until `address`
   * is used again: build an attribute, then use it at once.
   */
  address(bytes: Uint8Array): bigint;
  close(fd: number): void;
  /** A file of the kernel's own (sysfs), whole; undefined when it cannot be read. */
  readFile(path: string): Uint8Array | undefined;
  /** Shared mapping of a map fd, read-write from its start unless told otherwise; or minus the errno. */
  mmap(fd: number, length: number, how?: { offset?: number; readOnly?: boolean }): Mapping | number;
  /** Bind the calling thread to these CPUs; 0, or minus the errno. */
  setAffinity(cpus: readonly number[]): number;
  /** CPUs the calling thread may use; empty when the kernel does not say. */
  getAffinity(): number[];
  /** Moves the calling thread into a new network namespace; 0, or minus the errno. */
  unshareNetwork(): number;
  /**
   * Moves the calling thread into the network namespace of an open `/proc/.../ns/net`; 0, or minus the errno.
   */
  enterNetwork(fd: number): number;
}

export type OpenBpf = { ok: true; bpf: Bpf } | { ok: false; reason: string };

/** Number of bpf(2), per Node's name of the architecture. All of them are little-endian. */
const SYSCALL_NUMBER: Readonly<Record<string, number>> = { x64: 321, arm64: 280, riscv64: 280, loong64: 280 };

/** Errno names that libc has no macro for, or another first. */
const KERNEL_ERRNO: Readonly<Record<number, string>> = { 95: 'EOPNOTSUPP', 524: 'ENOTSUPP' };
const errnoNames: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, n]) => [n, name]),
);

/** `EPERM` for 1 (or -1), `errno 4711` for one nobody knows. */
export function errnoName(n: number): string {
  const e = Math.abs(n);
  return KERNEL_ERRNO[e] ?? errnoNames.get(e) ?? `errno ${e}`;
}

/** The kernel refused a step that a caller could not do without. `code` is the errno's name. */
export class BpfError extends Error {
  readonly code: string;
  readonly errno: number;
  /** @param what what was tried, e.g. `create map stats` */
  constructor(what: string, errno: number) {
    const code = errnoName(errno);
    super(`${what}: ${code}`);
    this.name = 'BpfError';
    this.code = code;
    this.errno = Math.abs(errno);
  }
}

/** The result when it is not negative; otherwise throws `BpfError`. */
export function must(result: number, what: string): number {
  if (result < 0) throw new BpfError(what, result);
  return result;
}

type LoadKoffi = () => typeof import('koffi');
const requireKoffi: LoadKoffi = () => createRequire(import.meta.url)('koffi');

let opened: OpenBpf | undefined;

/** bpf(2) of this machine, opened once; `reason` says why there is none. */
export function openBpf(): OpenBpf {
  opened ??= openBpfWith(requireKoffi, platform, arch);
  return opened;
}

/** As `openBpf`, with the parts that a machine may lack given from outside. */
export function openBpfWith(loadKoffi: LoadKoffi, os: string, machine: string): OpenBpf {
  if (os !== 'linux') return { ok: false, reason: `bpf(2) is Linux only, this is ${os}` };
  const nr = SYSCALL_NUMBER[machine];
  if (nr === undefined) return { ok: false, reason: `number of bpf(2) on ${machine} is not known` };
  try {
    return { ok: true, bpf: bind(loadKoffi(), nr) };
  } catch (e) {
    return { ok: false, reason: `koffi cannot be loaded: ${(e as Error).message.split('\n')[0]}` };
  }
}

const CPU_MASK_BYTES = 128;

function bind(koffi: typeof import('koffi'), nr: number): Bpf {
  const libc = koffi.load('libc.so.6');
  const syscall = libc.func('long syscall(long, int, void*, unsigned int)');
  const close = libc.func('int close(int)');
  const mmap = libc.func('int64_t mmap(void*, size_t, int, int, int, int64_t)');
  const munmap = libc.func('int munmap(int64_t, size_t)');
  const setaffinity = libc.func('int sched_setaffinity(int, size_t, void*)');
  const unshare = libc.func('int unshare(int)');
  const setns = libc.func('int setns(int, int)');
  const CLONE_NEWNET = 0x4000_0000;
  const getaffinity = libc.func('int sched_getaffinity(int, size_t, void*)');
  let possible: number | undefined;
  return {
    release: release(),
    possibleCpus() {
      const list = (): string => readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim();
      possible ??= Number(list().split(/[,-]/).at(-1)) + 1;
      return possible;
    },
    call(cmd, attr, size) {
      const r: number = syscall(nr, cmd, attr, size);
      return r < 0 ? -koffi.errno() : r;
    },
    address: (bytes) => koffi.address(bytes),
    close: (fd) => {
      close(fd);
    },
    readFile(path) {
      try {
        return readFileSync(path);
      } catch {
        return undefined;
      }
    },
    mmap(fd, length, { offset = 0, readOnly = false } = {}) {
      const [PROT_READ, PROT_READ_WRITE] = [1, 3];
      const MAP_SHARED = 1;
      const protection = readOnly ? PROT_READ : PROT_READ_WRITE;
      const at: number | bigint = mmap(null, length, protection, MAP_SHARED, fd, offset);
      if (Number(at) === -1) return -koffi.errno();
      const bytes = new Uint8Array(koffi.view(BigInt(at), length));
      return {
        bytes,
        unmap: () => {
          munmap(at, length);
        },
      };
    },
    unshareNetwork: () => (unshare(CLONE_NEWNET) < 0 ? -koffi.errno() : 0),
    enterNetwork: (fd) => (setns(fd, CLONE_NEWNET) < 0 ? -koffi.errno() : 0),
    setAffinity(cpus) {
      const mask = new Uint8Array(CPU_MASK_BYTES);
      for (const c of cpus) mask[c >> 3] = mask[c >> 3]! | (1 << (c & 7));
      return setaffinity(0, CPU_MASK_BYTES, mask) < 0 ? -koffi.errno() : 0;
    },
    getAffinity() {
      const mask = new Uint8Array(CPU_MASK_BYTES);
      if (getaffinity(0, CPU_MASK_BYTES, mask) < 0) return [];
      return Array.from({ length: CPU_MASK_BYTES * 8 }, (_, c) => c).filter(
        (c) => (mask[c >> 3]! >> (c & 7)) & 1,
      );
    },
  };
}

/** File descriptors that are closed together. */
export class Fds {
  readonly #bpf: Bpf;
  #fds: number[] = [];
  constructor(bpf: Bpf) {
    this.#bpf = bpf;
  }
  /** Take ownership; a negative result throws `BpfError`. */
  own(fd: number, what: string): number {
    this.#fds.push(must(fd, what));
    return fd;
  }
  close(): void {
    for (const fd of this.#fds.reverse()) this.#bpf.close(fd);
    this.#fds = [];
  }
}

/** Runs `body` with a scope whose descriptors are closed however it ends. */
export function withFds<T>(bpf: Bpf, body: (fds: Fds) => T): T {
  const fds = new Fds(bpf);
  try {
    return body(fds);
  } finally {
    fds.close();
  }
}

/** Attribute bytes with a view: little-endian fields at fixed offsets. */
export class Attr {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }
  u32(at: number, value: number): this {
    this.#view.setUint32(at, value, true);
    return this;
  }
  u64(at: number, value: bigint): this {
    this.#view.setBigUint64(at, value, true);
    return this;
  }
  text(at: number, value: string, limit: number): this {
    // Object names in the kernel: letters, digits, '_' and '.', at most 15 and a NUL.
    const clean = value.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, limit - 1);
    for (let i = 0; i < limit; i++) this.bytes[at + i] = i < clean.length ? clean.charCodeAt(i) : 0;
    return this;
  }
  getU32(at: number): number {
    return this.#view.getUint32(at, true);
  }
  clear(): this {
    this.bytes.fill(0);
    return this;
  }
}
