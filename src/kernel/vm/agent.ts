/**
 * The guest's init: a static executable that makes the system calls that the host asks for.
 *
 *   out:  ELF bytes: two tables of system calls (calls.ts) and some sixty bytes of machine code
 *
 * 1. First table: mount sysfs, map the memory that guest and host share, open the serial port.
 * 2. Loop: write `DONE` to the port, wait for a byte, work through the table at the start of the shared
 *    memory.
 *
 * Everything that the host's calls point to lies in the shared memory, which the guest sees at
 * `SHARED_ADDRESS`.
 */
import { END_OF_TABLE, ENTRY_BYTES, encodeTable, RESULT_AT, Sys, type SystemCall } from './calls.ts';
import { Executable } from './executable.ts';
import { Condition, MachineCode, Reg } from './machine-code.ts';

/** Where the guest's process sees the shared memory. */
export const SHARED_ADDRESS = 0x10_0000_0000n;
/** Slot of the shared memory's PCI device. */
export const SHARED_SLOT = 0x10;
/** What the agent writes when it has nothing to do. */
export const DONE = 'k'.charCodeAt(0);

const PCI_DEVICE = `/sys/bus/pci/devices/0000:00:${SHARED_SLOT.toString(16)}.0`;
const SERIAL_PORT = '/dev/ttyS1';

const AT_FDCWD = -100;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_NOCTTY = 0o400;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const TCSETS = 0x5402;

/**
 * `struct termios` (36 bytes) with every translation off: 115200 baud, 8 bits, receiver on, no modem lines.
 */
function rawPort(): Uint8Array {
  const [B115200, CS8, CREAD, CLOCAL] = [0x1002, 0x30, 0x80, 0x800];
  const VMIN_AT = 17 + 6;
  const termios = new Uint8Array(36);
  new DataView(termios.buffer).setUint32(8, B115200 | CS8 | CREAD | CLOCAL, true);
  termios[VMIN_AT] = 1;
  return termios;
}

/** Descriptors are given out from 0 once the first three are closed. */
const Fd = { enable: 0, memory: 1, port: 2 } as const;

/** @param sharedBytes size of the shared memory */
export function agentExecutable(sharedBytes: number): Uint8Array {
  const file = new Executable();
  const sysfs = file.text('sysfs');
  const start: SystemCall[] = [
    ...[0, 1, 2].map((fd) => ({ number: Sys.close, args: [fd] })),
    { number: Sys.mount, args: [sysfs, file.text('/sys'), sysfs, 0, 0] },
    { number: Sys.openat, args: [AT_FDCWD, file.text(`${PCI_DEVICE}/enable`), O_WRONLY] },
    { number: Sys.write, args: [Fd.enable, file.text('1'), 1] },
    { number: Sys.openat, args: [AT_FDCWD, file.text(`${PCI_DEVICE}/resource2`), O_RDWR] },
    {
      number: Sys.mmap,
      args: [SHARED_ADDRESS, sharedBytes, PROT_READ_WRITE, MAP_SHARED_FIXED, Fd.memory, 0],
    },
    { number: Sys.openat, args: [AT_FDCWD, file.text(SERIAL_PORT), O_RDWR | O_NOCTTY] },
    { number: Sys.ioctl, args: [Fd.port, TCSETS, file.add(rawPort())] },
  ];
  const next: SystemCall[] = [
    { number: Sys.write, args: [Fd.port, file.add(Uint8Array.of(DONE)), 1] },
    { number: Sys.read, args: [Fd.port, file.add(new Uint8Array(1)), 1] },
  ];
  const code = agentCode(file.add(encodeTable(start)), file.add(encodeTable(next)));
  return file.file(file.add(code));
}

function agentCode(start: bigint, next: bigint): Uint8Array {
  return new MachineCode()
    .constant(Reg.rbx, start)
    .call('work')
    .label('loop')
    .constant(Reg.rbx, next)
    .call('work')
    .constant(Reg.rbx, SHARED_ADDRESS)
    .call('work')
    .jump('loop')
    .label('work') // rbx: the table; the system call keeps all registers but rax, rcx and r11
    .load(Reg.rax, Reg.rbx, 0)
    .compare(Reg.rax, END_OF_TABLE)
    .jumpIf(Condition.equal, 'worked')
    .load(Reg.rdi, Reg.rbx, 8)
    .load(Reg.rsi, Reg.rbx, 16)
    .load(Reg.rdx, Reg.rbx, 24)
    .load(Reg.r10, Reg.rbx, 32)
    .load(Reg.r8, Reg.rbx, 40)
    .load(Reg.r9, Reg.rbx, 48)
    .syscall()
    .store(Reg.rbx, RESULT_AT, Reg.rax)
    .add(Reg.rbx, ENTRY_BYTES)
    .jump('work')
    .label('worked')
    .ret()
    .bytes();
}
