import { expect, test } from 'vitest';
import { isAboutMapTypes, refusalReason, refusedSlot, verifierEffort } from '../../../src/kernel/run/log.ts';

const LEVEL_1 = `func#0 @0
0: R1=ctx() R10=fp0
0: (61) r2 = *(u32 *)(r1 +0)          ; R1=ctx() R2_w=pkt(r=0)
1: (71) r0 = *(u8 *)(r2 +0)
invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)
R2 offset is outside of the packet
verification time 27 usec
stack depth 0
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

test('the reason is the last line that is neither a step nor a statistic', () => {
  expect(refusalReason(LEVEL_1)).toBe('R2 offset is outside of the packet');
  expect(refusalReason('')).toBe('');
  expect(refusalReason('unreachable insn 3\nprocessed 0 insns (limit 1000000)\n')).toBe('unreachable insn 3');
});

test('that a map has no BTF says nothing about the program', () => {
  expect(isAboutMapTypes("map 'flows' has to have BTF in order to use bpf_spin_lock")).toBe(true);
  expect(isAboutMapTypes('R2 !read_ok')).toBe(false);
});

test('the slot is the last one that was simulated, or the one the message names', () => {
  expect(refusedSlot(LEVEL_1)).toBe(1);
  expect(refusedSlot('unreachable insn 3\n')).toBe(3);
  expect(refusedSlot('no log')).toBeUndefined();
});

test('statistics: what the verifier spent; the stack of all subprograms together', () => {
  const log = `func#0 @0
verification time 12 usec
stack depth 152+0+24
processed 2552 insns (limit 1000000) max_states_per_insn 4 total_states 80 peak_states 79 mark_read 3
`;
  expect(verifierEffort(log)).toEqual({
    processed: 2552,
    limit: 1_000_000,
    totalStates: 80,
    peakStates: 79,
    stackDepth: 176,
  });
  expect(verifierEffort('R0 !read_ok\n')).toBeUndefined();
});
