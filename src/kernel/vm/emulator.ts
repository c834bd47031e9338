/**
 * One qemu process: a kernel image and an initramfs in, a serial port that answers and memory that both sides
 * see out.
 *
 *   host --a byte on the port--> guest     host <--a byte on the port-- guest     both: `memory`, a file
 *
 * Everything here is synchronous, as bpf(2) of this machine is. The process ends with `stop()` and also when
 * this process dies, however it dies: a shell between the two waits for the end of its input.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const QEMU = 'qemu-system-x86_64';

export interface Machine {
  kernel: string;
  initramfs: Uint8Array;
  /** Size of the memory that host and guest share, and the PCI slot it is in. */
  sharedBytes: number;
  sharedSlot: number;
}

const GUEST_MEGABYTES = 2048;
/** A boot under emulation takes two to five seconds; a busy machine may take much longer. */
const BOOT_SECONDS = 120;
/** The verifier at its limit of a million instructions, emulated, takes about a minute. */
const ANSWER_SECONDS = 600;

/** $1: where the files are; the rest: the command. Stops it at the end of input, and removes the files. */
const GUARD = `
folder=$1; shift
"$@" </dev/null >"$folder/qemu.log" 2>&1 &
emulator=$!
exec 3<&0 </dev/null
{ cat <&3 >/dev/null; kill -9 $emulator; } 2>/dev/null &
guard=$!
wait $emulator
kill $guard 2>/dev/null
printf x 1<>"$folder/port.out"
cat <&3 >/dev/null
rm -rf "$folder"
`;
/** What the shell writes on the port when the emulator has ended. */
const ENDED = 'x'.charCodeAt(0);

/** Why this machine cannot emulate; undefined when it can. */
export function noEmulator(): string | undefined {
  const found = spawnSync(QEMU, ['--version'], { stdio: 'ignore' });
  return found.error === undefined && found.status === 0 ? undefined : `${QEMU} is not installed`;
}

export type Started = { ok: true; emulator: Emulator } | { ok: false; reason: string };

export class Emulator {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #ask: number;
  readonly #answer: number;
  readonly #memory: number;
  #isRunning = true;

  private constructor(
    folder: string,
    child: ChildProcess,
    files: { ask: number; answer: number; memory: number },
  ) {
    this.#folder = folder;
    this.#process = child;
    this.#ask = files.ask;
    this.#answer = files.answer;
    this.#memory = files.memory;
  }

  /** Starts a machine and waits until its init says that it is ready. */
  static start(machine: Machine): Started {
    const missing = noEmulator();
    if (missing !== undefined) return { ok: false, reason: missing };
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'k2-vm-'));
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('initramfs'), machine.initramfs);
    writeFileSync(at('memory'), '');
    const fifos = spawnSync('mkfifo', [at('port.in'), at('port.out')]);
    if (fifos.status !== 0) return { ok: false, reason: 'mkfifo cannot be run' };
    const answer = openSync(at('port.out'), constants.O_RDONLY | constants.O_NONBLOCK);
    const ask = openSync(at('port.in'), constants.O_RDWR);
    const memory = openSync(at('memory'), 'r+');
    const child = spawn('sh', ['-c', GUARD, 'sh', folder, QEMU, ...options(machine, at)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    const emulator = new Emulator(folder, child, { ask, answer, memory });
    const problem = emulator.#wait(BOOT_SECONDS);
    if (problem === undefined) return { ok: true, emulator };
    const reason = `the guest did not start: ${problem}${emulator.#lastWords()}`;
    emulator.stop();
    return { ok: false, reason };
  }

  /** Rings the guest and waits until it has done its work; why it did not, or undefined. */
  exchange(): string | undefined {
    if (!this.#isRunning) return 'the guest is not running';
    writeSync(this.#ask, Uint8Array.of(1));
    const problem = this.#wait(ANSWER_SECONDS);
    if (problem === undefined) return undefined;
    const reason = `${problem}${this.#lastWords()}`;
    this.stop();
    return reason;
  }

  /** Bytes of the shared memory, as they are now. */
  read(at: number, into: Uint8Array): void {
    readSync(this.#memory, into, 0, into.length, at);
  }
  write(at: number, bytes: Uint8Array): void {
    writeSync(this.#memory, bytes, 0, bytes.length, at);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#process.stdin?.destroy();
    for (const fd of [this.#ask, this.#answer, this.#memory]) closeSync(fd);
  }

  /** Waits for a byte of the guest: busily at first, since most answers take less than a millisecond. */
  #wait(seconds: number): string | undefined {
    const start = performance.now();
    const byte = new Uint8Array(1);
    for (let tries = 0; ; tries++) {
      if (readNow(this.#answer, byte)) return byte[0] === ENDED ? 'the emulator ended' : undefined;
      const waited = performance.now() - start;
      if (waited > seconds * 1000) return `no answer in ${seconds} s`;
      if (tries > BUSY_TRIES) sleep(Math.min(5, waited / 20));
    }
  }

  #lastWords(): string {
    for (const log of ['console.log', 'qemu.log']) {
      const text = existsSync(join(this.#folder, log)) ? readFileSync(join(this.#folder, log), 'latin1') : '';
      const lines = text.trimEnd().split('\n');
      const last = (lines.find((l) => l.includes('Kernel panic')) ?? lines.at(-1)!).trim();
      if (last !== '') return ` (its console says: ${last})`;
    }
    return '';
  }
}

const BUSY_TRIES = 50;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms: number): void => {
  Atomics.wait(sleeper, 0, 0, ms);
};

/** Whether a byte was there. */
function readNow(fd: number, byte: Uint8Array): boolean {
  try {
    return readSync(fd, byte, 0, 1, null) === 1;
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw e;
  }
}

function options(machine: Machine, at: (name: string) => string): string[] {
  const memory = `memory-backend-file,id=shared,mem-path=${at('memory')},size=${machine.sharedBytes},share=on`;
  return [
    ...['-machine', 'pc', '-accel', 'tcg', '-cpu', 'max', '-m', `${GUEST_MEGABYTES}`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-kernel', machine.kernel, '-initrd', at('initramfs')],
    ...['-append', 'console=ttyS0 quiet panic=-1'],
    ...[
      '-object',
      memory,
      '-device',
      `ivshmem-plain,memdev=shared,addr=0x${machine.sharedSlot.toString(16)}`,
    ],
    ...['-serial', `file:${at('console.log')}`, '-serial', `pipe:${at('port')}`],
  ];
}
