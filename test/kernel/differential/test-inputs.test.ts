import { describe, expect, test } from 'vitest';
import { insn, OP_CALL, OP_EXIT, OP_LD_IMM64, PseudoLd } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { firstOf, kernelTests, modeledNs, timingTests } from '../../../src/kernel/index.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import { createMachine } from '../../../src/vm/index.ts';
import { hasPaper, paperProgram, xdpProgram } from '../corpus.ts';

const op = (name: string): number => opNamed(name).op;

describe.skipIf(!hasPaper)(
  `inputs for the kernel${hasPaper ? '' : ' (SKIPPED: the K2 programs are not there)'}`,
  () => {
    test('timing tests go from the shortest path to the longest, each path once', () => {
      const p = paperProgram('xdp_fw');
      const tests = timingTests(p, 1, 6);
      const machine = createMachine(p);
      machine.setTests(tests);
      const steps = machine.runAll(p.insns).map((o) => o.steps);
      expect(steps).toHaveLength(6);
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
      expect(timingTests(p, 1, 6)).toEqual(tests);
    });

    test('guided tests reach all of a program that chance does not', () => {
      const p = paperProgram('recvmsg4');
      const machine = createMachine(p);
      machine.setTests(firstOf(kernelTests(p, 1), 200));
      expect(machine.coverage(p.insns).executed.filter((n) => n === 0)).toEqual([]);
    });
  },
);

test('modeled time is that of maps as earlier runs left them', () => {
  // Insert key 0 when it is not there: ten divisions and an update, once.
  const lookup = [
    insn(op('mov64.x'), 2, 10),
    insn(op('add64.k'), 2, 0, 0, -4),
    insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD),
    insn(OP_CALL, 0, 0, 0, 1),
  ];
  const insert = [
    insn(op('mov64.x'), 2, 10),
    insn(op('add64.k'), 2, 0, 0, -4),
    insn(op('mov64.x'), 3, 10),
    insn(op('add64.k'), 3, 0, 0, -16),
    insn(op('mov64.k'), 4),
    insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD),
    insn(OP_CALL, 0, 0, 0, 2),
  ];
  const p = xdpProgram(
    [
      insn(op('st.w'), 10, 0, -4, 0),
      insn(op('st.dw'), 10, 0, -16, 0),
      ...lookup,
      insn(op('jne64.k'), 0, 0, insert.length + 1, 0),
      ...insert,
      insn(op('mov64.k'), 0, 0, 0, 2),
      insn(OP_EXIT),
    ],
    [{ name: 'm', type: MapTypeId.HASH, keySize: 4, valueSize: 8, maxEntries: 8, flags: 0 }],
  );
  const profile = { BPF_FUNC_map_update_elem: 1000, BPF_FUNC_map_lookup_elem: 10 };
  const blank = { ctx: new Uint8Array(24), packet: new Uint8Array(64), maps: [[]], seed: 1 };
  const machine = createMachine(p, { profile });
  machine.setTests([blank]);
  expect(machine.run(p.insns, 0).latency).toBeGreaterThan(1000);
  expect(modeledNs(p, [blank], profile)).toBeLessThan(100);
});
