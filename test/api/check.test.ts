import { describe, expect, it } from 'vitest';
import { check } from '../../src/api/check.ts';
import { text } from '../analysis/programs.ts';
import { objectOf, programNamed } from '../program/elf/fixtures.ts';

describe('check', () => {
  it('cannot tell what follows from calls of kernel functions, and shows no run of them', () => {
    const kfunc = 'call kernel-function#0\nr1 = *(u32 *)(r0 +0)\nr0 = 0\nexit';
    expect(check(text(kfunc))).toMatchObject({ status: 'unknown', findings: [{ slot: 1 }] });
    expect(check(text(kfunc)).shownBy).toBeUndefined();
    const fine = check(text('call kernel-function#0\nr0 = 0\nexit'));
    expect(fine.status).toBe('safe');
    // Too new is too new, whatever the function does.
    const old = check(text(kfunc), { kernel: '5.4' });
    expect(old.status).toBe('unsafe');
    expect(old.findings[0]).toMatchObject({ slot: 0, needs: '5.13' });
  });

  it('names kernel functions', () => {
    const object = objectOf('kfunc-clang19.o');
    const names = object.functions.filter((f) => [...f.refs.values()].some((r) => r.kind === 'kfunc'));
    expect(names.length).toBeGreaterThan(0);
    const { findings } = check(programNamed(object, names[0]!.name), { kernel: '5.4' });
    expect(findings.map((f) => f.insn ?? '').join('\n')).toMatch(/call kernel-function bpf_\w+#0/);
  });

  it('speaks for loaders with CAP_PERFMON, or for those without', () => {
    const source = text('*(u8 *)(r10 -8) = 1\nr1 = *(u64 *)(r10 -8)\nr0 = 0\nexit');
    expect(check(source).status).toBe('safe');
    expect(check(source, { kernel: '6.3' }).status).toBe('safe');
    expect(check(source, { kernel: '6.2' }).status).toBe('unsafe');
    expect(check(source, { perfmon: false }).status).toBe('unsafe');
  });

  it('shows no run for what a kernel does not know', () => {
    const { status, findings, shownBy } = check(text('w0 = 0\nif w0 == 1 goto +0\nr0 = 0\nexit'), {
      kernel: '5.0',
    });
    expect({ status, findings, shownBy }).toMatchObject({
      status: 'unsafe',
      findings: [{ slot: 1, reason: 'needs Linux 5.1', needs: '5.1' }],
      shownBy: undefined,
    });
  });
});
