/** BTF targets: from sections to names, from names to numbers, and programs that load by them in a guest. */
import { afterAll, describe, expect, test } from 'vitest';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opcode } from '../../../src/isa/semantics.ts';
import { accepts, closeKernels, openKernel } from '../../../src/kernel/index.ts';
import { targetOf, typeNumbered } from '../../../src/kernel/run/attach-target.ts';
import type { Program } from '../../../src/program/program.ts';
import { xdpProgram } from '../corpus.ts';
import { hasVm, needsVm, vmKernels } from '../vm/vm.ts';

afterAll(closeKernels);

const FUNC = 12;
const TYPEDEF = 8;

test('the section says what a program attaches to', () => {
  const of = (section: string, hook: Program['hook'] = 'tracing') => targetOf({ hook, section });
  expect(of('fentry/tcp_connect')).toEqual({ kind: FUNC, name: 'tcp_connect' });
  expect(of('fexit.s/vfs_write')).toEqual({ kind: FUNC, name: 'vfs_write' });
  expect(of('?fentry/x')).toEqual({ kind: FUNC, name: 'x' });
  expect(of('tp_btf/sched_switch')).toEqual({ kind: TYPEDEF, name: 'btf_trace_sched_switch' });
  expect(of('iter/task')).toEqual({ kind: FUNC, name: 'bpf_iter_task' });
  expect(of('lsm.s/file_open', 'lsm')).toEqual({ kind: FUNC, name: 'bpf_lsm_file_open' });
  expect(of('fentry')).toEqual({ kind: FUNC, name: '' });
  expect(of('xdp', 'xdp')).toBeUndefined();
});

test('types are numbered over all that stands between them', () => {
  const names = ['', 'int', 's', 'x', 'a', 'x2'];
  const at: number[] = [];
  let strings = '';
  for (const n of names) {
    at.push(strings.length);
    strings += `${n}\0`;
  }
  const type = (name: number, kind: number, members: number, more: number): number[] => [
    at[name]!,
    (kind << 24) | members,
    0,
    ...Array.from({ length: more }, () => 0xffff_ffff),
  ];
  const words = [
    ...type(1, 1, 0, 1), // 1: int
    ...type(2, 4, 2, 6), // 2: struct of two members
    ...type(3, 1, 0, 1), // 3: int x, of another kind
    ...type(0, 13, 3, 6), // 4: prototype of three arguments
    ...type(4, 19, 1, 3), // 5: enum64
    ...type(3, FUNC, 0, 0), // 6
    ...type(5, TYPEDEF, 0, 0), // 7
  ];
  const text = new TextEncoder().encode(strings);
  const btf = new Uint8Array(24 + words.length * 4 + text.length);
  const view = new DataView(btf.buffer);
  for (const [i, w] of [0x1_eb9f, 24, 0, words.length * 4, words.length * 4, text.length].entries())
    view.setUint32(i * 4, w, true);
  for (const [i, w] of words.entries()) view.setUint32(24 + i * 4, w >>> 0, true);
  btf.set(text, 24 + words.length * 4);
  expect(typeNumbered(btf, { kind: FUNC, name: 'x' })).toBe(6);
  expect(typeNumbered(btf, { kind: TYPEDEF, name: 'x2' })).toBe(7);
  expect(typeNumbered(btf, { kind: TYPEDEF, name: 'x' })).toBeUndefined();
  expect(typeNumbered(btf, { kind: FUNC, name: 'nobody' })).toBeUndefined();
});

describe.skipIf(!hasVm)(`in a guest, with all rights${needsVm}`, () => {
  const code = [insn(opcode('mov64.k'), 0), insn(OP_EXIT)];
  const asked = (section: string, hook: Program['hook'], attachType: number) =>
    accepts({ ...xdpProgram(code), hook, section, attachType }, { kernel: openKernel(vmKernels[0] ?? '') });

  test('programs of every BTF-attached kind load', () => {
    expect(asked('fentry/tcp_connect', 'tracing', 24)).toMatchObject({ status: 'accepted' });
    expect(asked('fexit/vfs_unlink', 'tracing', 25)).toMatchObject({ status: 'accepted' });
    expect(asked('tp_btf/sched_switch', 'tracing', 23)).toMatchObject({ status: 'accepted' });
    expect(asked('iter/task', 'tracing', 28)).toMatchObject({ status: 'accepted' });
    expect(asked('lsm/file_open', 'lsm', 27)).toMatchObject({ status: 'accepted' });
  });

  test('a target that this kernel has not is a reason, and no verdict', () => {
    expect(asked('fentry/no_such_function', 'tracing', 24)).toEqual({
      status: 'not checked',
      reason: 'this kernel has no no_such_function to attach to',
    });
  });
});
