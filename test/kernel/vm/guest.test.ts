/**
 * A booted kernel answers as the running one does: verdicts, reasons, statistics; and ends with the process.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { accepts, closeKernels, KernelSession, openKernel } from '../../../src/kernel/index.ts';
import { probeKernel } from '../../../src/kernel/syscall/doctor.ts';
import { paperProgram, xdpProgram } from '../corpus.ts';
import { hasVm, needsVm, vmKernels } from './vm.ts';

const mov = (dst: number, imm: number) => insn(opNamed('mov64.k').op, dst, 0, 0, imm);
const exit = insn(OP_EXIT);

afterAll(closeKernels);

describe.skipIf(!hasVm)(`a guest kernel${needsVm}`, () => {
  const name = vmKernels[0] ?? '';
  const kernel = () => openKernel(name);

  test('says who it is', () => {
    const opened = kernel();
    expect(opened).toMatchObject({ ok: true });
    if (opened.ok) expect(opened.bpf.release).toMatch(/^\d+\.\d+/);
    expect(probeKernel(kernel())).toMatchObject({ available: true });
  });

  test('accepts with statistics, refuses with the reason and the place', () => {
    const good = accepts(xdpProgram([mov(0, 2), exit]), { kernel: kernel(), effort: true });
    expect(good).toMatchObject({
      status: 'accepted',
      verifiedInsns: 2,
      effort: { processed: 2, limit: 1_000_000, stackDepth: 0 },
    });
    const bad = accepts(xdpProgram([mov(1, 2), exit]), { kernel: kernel() });
    expect(bad).toMatchObject({ status: 'refused', reason: expect.stringMatching(/R0 !read_ok/) });
    const opened = KernelSession.open(xdpProgram([mov(0, 2), exit]), { kernel: kernel() });
    if (!opened.ok) throw new Error(opened.reason);
    expect(opened.session.explain([mov(1, 2), mov(2, 2), exit])).toMatchObject({ ok: false, insn: 2 });
    opened.session.close();
  });

  test('programs with maps, and thousands of loads in one boot', () => {
    const program = paperProgram('xdp1');
    const opened = KernelSession.open(program, { kernel: kernel(), effort: true });
    if (!opened.ok) throw new Error(opened.reason);
    const first = opened.session.original;
    expect(first).toMatchObject({ status: 'accepted' });
    // More than a process may have open: what is closed here is closed there.
    for (let i = 0; i < 1100; i++)
      expect(opened.session.check([mov(0, i), exit])).toMatchObject({ status: 'accepted' });
    expect(opened.session.check(program.insns)).toEqual(first);
    opened.session.close();
  });

  test('a guest that is gone says nothing about programs', () => {
    const opened = kernel();
    closeKernels();
    expect(accepts(xdpProgram([mov(0, 2), exit]), { kernel: opened })).toMatchObject({
      status: 'not checked',
    });
    expect(accepts(xdpProgram([mov(0, 2), exit]), { kernel: kernel() })).toMatchObject({
      status: 'accepted',
    });
  });
});
