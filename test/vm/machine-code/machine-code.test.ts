/**
 * The model of machine code against figures of Linux 6.18 (jited_prog_len), which it must meet to the byte.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readBytes } from '../../../src/base/files.ts';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import type { OpName } from '../../../src/isa/opspec.ts';
import { opcode, opNamed } from '../../../src/isa/semantics.ts';
import { programsOf, readObject } from '../../../src/program/elf/index.ts';
import { sizeOf } from '../../../src/vm/machine-code/encoding.ts';
import { machineCodeBytes, modeledMachineCode } from '../../../src/vm/machine-code/index.ts';
import { functionBytes } from '../../../src/vm/machine-code/layout.ts';
import { LINUX_6_18 } from '../../../src/vm/machine-code/target.ts';

const OBJECTS = join(import.meta.dirname, '../../../corpora/builtin/obj/clang-14-O2');

const bytes = (name: OpName, dst = 0, src = 0, off = 0, imm = 0, cpu = { bmi2: true }): number => {
  const i = insn(opcode(name), dst, src, off, imm);
  return sizeOf(i, opNamed(name), cpu);
};

test('instructions: short constants, registers that need a prefix, forms of their own', () => {
  expect(bytes('mov64.k', 1, 0, 0, 0)).toBe(2); // xor edi, edi
  expect(bytes('mov64.k', 7, 0, 0, 0)).toBe(3);
  expect(bytes('mov64.k', 1, 0, 0, 3)).toBe(5);
  expect(bytes('mov64.k', 1, 0, 0, -1)).toBe(7);
  expect(bytes('mov64.x', 2, 2)).toBe(0);
  expect(bytes('mov32.x', 2, 2)).toBe(2);
  expect(bytes('add64.k', 0, 0, 0, 1000)).toBe(6);
  expect(bytes('add64.k', 1, 0, 0, 1000)).toBe(7);
  expect(bytes('add64.k', 1, 0, 0, 8)).toBe(4);
  expect(bytes('lsh64.k', 3, 0, 0, 1)).toBe(3);
  expect(bytes('lsh64.x', 3, 2)).toBe(5);
  expect(bytes('lsh64.x', 3, 2, 0, 0, { bmi2: false })).toBe(8);
  expect(bytes('ldx.w', 2, 1, 4)).toBe(3);
  expect(bytes('ldx.w', 7, 1, 400)).toBe(7);
  expect(bytes('ldx.b', 2, 1, 4)).toBe(5);
  expect(bytes('st.dw', 10, 0, -8, 0)).toBe(8);
  expect(bytes('stx.b', 10, 1, -1)).toBe(4);
  expect(bytes('atomic.add.dw', 0, 1)).toBe(5);
  expect(bytes('jeq64.k', 1, 0, 4, 0)).toBe(3);
  expect(bytes('jset64.k', 1, 0, 4, 1)).toBe(7);
});

test('a jump is as short as its distance allows, and one to the next instruction is none', () => {
  const frame = { entry: 0, exit: 2 };
  const jumpOver = (n: number): number =>
    functionBytes([{ bytes: 3, ends: 'jump', target: 2 }, { bytes: n }, { bytes: 0, ends: 'exit' }], frame);
  expect(jumpOver(123)).toBe(3 + 2 + 123 + 2);
  expect(jumpOver(124)).toBe(3 + 6 + 124 + 2);
  expect(
    functionBytes(
      [
        { bytes: 0, ends: 'goto', target: 1 },
        { bytes: 0, ends: 'exit' },
      ],
      frame,
    ),
  ).toBe(2);
});

test('a function has an entry, a frame and an epilogue; later exits jump to the first', () => {
  const mov = insn(opcode('mov64.k'), 0, 0, 0, 2);
  const exit = insn(OP_EXIT);
  expect(machineCodeBytes([mov, exit], LINUX_6_18)).toBe(12 + 5 + 6);
  expect(machineCodeBytes([insn(opcode('jeq64.k'), 1, 0, 2, 0), mov, exit, mov, exit], LINUX_6_18)).toBe(
    12 + 3 + 2 + 5 + 6 + 5 + 2,
  );
  const callee = [insn(opcode('mov64.k'), 6, 0, 0, 0), mov, exit];
  expect(machineCodeBytes(callee, LINUX_6_18)).toBe(12 + 1 + 2 + 5 + 1 + 6);
});

/** jited_prog_len of Linux 6.18.44. */
const MEASURED: Readonly<Record<string, number>> = {
  xdp_proto_count: 143,
  xdp_nat44: 1795,
  xdp_syn_cookie: 2992,
  xdp_conntrack: 1469,
  xdp_gre_decap: 902,
  xdp_l2_switch: 628,
  xdp_router_lpm: 629,
  sock_dispatch: 236,
  xdp_vlan_parse: 729,
};

test.each(Object.entries(MEASURED))('%s: as the kernel compiles it', (name, measured) => {
  const file = join(OBJECTS, `${name}.o`);
  const rows = programsOf(readObject(readBytes(file), file), {});
  const program = rows.flatMap((r) => (r.ok ? [r.program] : [])).find((p) => p.name === name);
  expect(modeledMachineCode(program!)).toBe(measured);
});
