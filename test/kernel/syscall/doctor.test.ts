import { describe, expect, test } from 'vitest';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { accepts, type Bpf, canRun, errnoName, KernelSession } from '../../../src/kernel/index.ts';
import { probeKernel } from '../../../src/kernel/syscall/doctor.ts';
import { openBpfWith } from '../../../src/kernel/syscall/syscall.ts';
import { xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const tiny = xdpProgram([insn(opNamed('mov64.k').op, 0, 0, 0, 2), insn(OP_EXIT)]);

/** A kernel that answers every bpf(2) with the same errno. */
function refusing(errno: number): Bpf {
  return {
    release: '0.0',
    possibleCpus: () => 1,
    call: () => -errno,
    address: () => 0n,
    close: () => {},
    readFile: () => undefined,
    mmap: () => -errno,
    setAffinity: () => 0,
    getAffinity: () => [0],
    unshareNetwork: () => 0,
    enterNetwork: () => 0,
  };
}

describe('a machine without bpf(2)', () => {
  const noKoffi = () => {
    throw new Error("Cannot find module 'koffi'\nRequire stack: ...");
  };
  test('no koffi, another system, an unknown machine: a reason each, never a crash', () => {
    expect(openBpfWith(noKoffi, 'linux', 'x64')).toEqual({
      ok: false,
      reason: "koffi cannot be loaded: Cannot find module 'koffi'",
    });
    expect(openBpfWith(noKoffi, 'darwin', 'arm64')).toMatchObject({
      reason: expect.stringMatching(/Linux only/),
    });
    expect(openBpfWith(noKoffi, 'linux', 'mips')).toMatchObject({
      reason: expect.stringMatching(/not known/),
    });
  });

  test.each([
    [1, /load an XDP program: EPERM .*CAP_BPF/],
    [38, /load an XDP program: ENOSYS .*no bpf/],
    [22, /load an XDP program: EINVAL$/],
  ])('errno %i', (errno, reason) => {
    expect(probeKernel({ ok: true, bpf: refusing(errno) })).toEqual({
      available: false,
      reason: expect.stringMatching(reason),
    });
  });

  test('errno names, the kernel-only one too', () => {
    expect([1, -38, 524, 11, 95, 4711].map(errnoName)).toEqual([
      'EPERM',
      'ENOSYS',
      'ENOTSUPP',
      'EAGAIN',
      'EOPNOTSUPP',
      'errno 4711',
    ]);
  });
});

describe.skipIf(!hasKernel)(`the running kernel${needsKernel}`, () => {
  test('is found to be usable', () => {
    expect(probeKernel()).toMatchObject({ available: true, cpus: expect.any(Number) });
  });

  const canDrop = process.geteuid?.() === 0;
  test.skipIf(!canDrop)('without rights (needs root to drop them): EPERM becomes "not checked"', () => {
    process.seteuid!(65_534);
    try {
      expect(probeKernel()).toEqual({ available: false, reason: expect.stringMatching(/EPERM/) });
      expect(accepts(tiny)).toEqual({ status: 'not checked', reason: 'EPERM' });
      expect(canRun(tiny)).toEqual({ ok: false, reason: 'EPERM' });
      const withMap = {
        ...tiny,
        maps: [{ name: 'm', type: 1, keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 }],
      };
      expect(KernelSession.open(withMap)).toEqual({ ok: false, reason: 'create map m: EPERM' });
    } finally {
      process.seteuid!(0);
    }
    expect(accepts(tiny).status).toBe('accepted');
  });
});
