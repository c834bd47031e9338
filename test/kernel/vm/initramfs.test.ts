/** The bytes that boot: machine code, executable, archive. Nothing here needs an emulator. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentExecutable } from '../../../src/kernel/vm/agent.ts';
import { decodeResults, encodeTable, RESULT_AT, Sys } from '../../../src/kernel/vm/calls.ts';
import { cpio } from '../../../src/kernel/vm/cpio.ts';
import { Executable } from '../../../src/kernel/vm/executable.ts';
import { Condition, MachineCode, Reg } from '../../../src/kernel/vm/machine-code.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('instructions are encoded as an assembler encodes them', () => {
  const code = (build: (c: MachineCode) => MachineCode): string => hex(build(new MachineCode()).bytes());
  expect(code((c) => c.constant(Reg.rbx, 0x10_0000_0000n))).toBe('48bb0000000010000000');
  expect(code((c) => c.constant(Reg.r9, -1n))).toBe('49b9ffffffffffffffff');
  expect(code((c) => c.load(Reg.rax, Reg.rbx, 0))).toBe('488b4300');
  expect(code((c) => c.load(Reg.r10, Reg.rbx, 32))).toBe('4c8b5320');
  expect(code((c) => c.store(Reg.rbx, 56, Reg.rax))).toBe('48894338');
  expect(code((c) => c.compare(Reg.rax, -1))).toBe('4883f8ff');
  expect(code((c) => c.add(Reg.rbx, 64))).toBe('4883c340');
  expect(code((c) => c.syscall().ret())).toBe('0f05c3');
  expect(code((c) => c.jumpIf(Condition.equal, 'end').jump('end').label('end').ret())).toBe(
    '0f8405000000e900000000c3',
  );
  expect(code((c) => c.label('top').call('top'))).toBe('e8fbffffff');
  expect(() => new MachineCode().jump('nowhere').bytes()).toThrow(/nowhere/);
});

test('a table of calls keeps its numbers, arguments and order; results are read back', () => {
  const table = encodeTable([
    { number: Sys.bpf, args: [5, 0x10_0001_0000n, 152] },
    { number: Sys.close, args: [-1] },
  ]);
  const view = new DataView(table.buffer);
  expect([0, 1, 2, 3, 4].map((i) => view.getBigInt64(i * 8, true))).toEqual([
    321n,
    5n,
    0x10_0001_0000n,
    152n,
    0n,
  ]);
  expect(view.getBigInt64(64, true)).toBe(3n);
  expect(view.getBigInt64(128, true)).toBe(-1n);
  view.setBigInt64(RESULT_AT, 7n, true);
  view.setBigInt64(64 + RESULT_AT, -9n, true);
  expect(decodeResults(table)).toEqual([7, -9]);
});

const isX64 = process.platform === 'linux' && process.arch === 'x64';

test.skipIf(!isX64)('an executable runs: it writes its text and exits with its status', () => {
  const file = new Executable();
  const text = file.text('bytes of our own');
  const code = new MachineCode()
    .constant(Reg.rax, BigInt(Sys.write))
    .constant(Reg.rdi, 1n)
    .constant(Reg.rsi, text)
    .constant(Reg.rdx, 16n)
    .syscall()
    .constant(Reg.rax, 60n) // exit
    .constant(Reg.rdi, 42n)
    .syscall();
  const folder = mkdtempSync(join(tmpdir(), 'k2-test-'));
  const path = join(folder, 'program');
  try {
    writeFileSync(path, file.file(file.add(code.bytes())));
    chmodSync(path, 0o755);
    const r = spawnSync(path, { encoding: 'utf8' });
    expect([r.stdout, r.status]).toEqual(['bytes of our own', 42]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the init is small and starts inside its one segment', () => {
  const init = agentExecutable(1 << 20);
  const view = new DataView(init.buffer, init.byteOffset, init.byteLength);
  expect(init.length).toBeLessThan(2048);
  const entry = Number(view.getBigUint64(24, true) - view.getBigUint64(64 + 16, true));
  expect(hex(init.subarray(entry, entry + 2))).toBe('48bb');
  expect(Number(view.getBigUint64(64 + 32, true))).toBe(init.length);
});

test('an archive has a member per entry, padded, and an end', () => {
  const archive = Buffer.from(
    cpio([
      { kind: 'folder', path: 'dev' },
      { kind: 'device', path: 'dev/ttyS1', major: 4, minor: 65 },
      { kind: 'file', path: 'init', mode: 0o755, bytes: Uint8Array.of(1, 2, 3) },
    ]),
  );
  const members: string[] = [];
  const fields: number[][] = [];
  for (let at = 0; at < archive.length; ) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (i: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + i * 8, at + 14 + i * 8), 16);
    const [size, name] = [field(6), field(11)];
    members.push(archive.toString('latin1', at + 110, at + 110 + name - 1));
    fields.push([field(1), size, field(9), field(10)]);
    at += (110 + name + 3) & ~3;
    at += (size + 3) & ~3;
  }
  expect(members).toEqual(['dev', 'dev/ttyS1', 'init', 'TRAILER!!!']);
  expect(fields.slice(0, 3)).toEqual([
    [0o040755, 0, 0, 0],
    [0o020600, 0, 4, 65],
    [0o100755, 3, 0, 0],
  ]);
});
