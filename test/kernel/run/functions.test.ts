/**
 * Programs are loaded as libbpf loads them: with the object's BTF, so that global functions are verified
 * alone.
 */
import { describe, expect, it } from 'vitest';
import { insn } from '../../../src/isa/insn.ts';
import { accepts, KernelSession } from '../../../src/kernel/index.ts';
import { referenced } from '../../../src/kernel/run/function-info.ts';
import type { FunctionRange, Program } from '../../../src/program/program.ts';
import { text } from '../../analysis/programs.ts';
import { edit, objectOf, programNamed } from '../../program/elf/fixtures.ts';
import { hasKernel } from '../kernel.ts';

const object = objectOf('functions.o');

/** The version of it in which all functions are static, as k2 loaded it before. */
function asStatic({ btf: _, ...p }: Program): Program {
  return { ...p, functions: p.functions.map(({ contract: __, ...f }): FunctionRange => f) };
}

describe.skipIf(!hasKernel)('loads with function records', () => {
  it.each(['callers', 'ignored', 'dispatch', 'result', 'argument'])('%s', (name) => {
    const program = programNamed(object, name);
    expect(program.btf).toBeDefined();
    const verdict = accepts(program);
    expect(verdict).toMatchObject({ status: 'accepted' });
    expect(verdict).not.toHaveProperty('withoutBtf');
  });

  it.each([
    // The argument that the prototype promises is gone.
    ['ignored', (p: Program) => edit(p, 'ignored', 0, 3, [insn(0xb7, 0, 0, 0, 0)])],
    // What a global function returns is no bound.
    ['result', (p: Program) => without(p, 'result', 0x26)],
    // What its caller passes is none either.
    ['argument', (p: Program) => without(p, 'get', 0x26)],
  ])(
    '%s: what relies on other functions is refused, although it is accepted when all are static',
    (name, change) => {
      const program = programNamed(object, name);
      const changed = change(program);
      const opened = KernelSession.open(program);
      if (!opened.ok) throw new Error(opened.reason);
      const verdict = opened.session.check(changed);
      opened.session.close();
      expect(verdict.status).toBe('refused');
      expect(accepts(asStatic(changed)).status).toBe('accepted');
    },
  );

  it('says so when the kernel does not take the BTF', () => {
    const program = { ...programNamed(object, 'ignored'), btf: new Uint8Array(24) };
    expect(accepts(program)).toMatchObject({ status: 'accepted', withoutBtf: 'EINVAL' });
  });

  it.each(['word', 'option', 'jump', 'loops'])('%s: functions that are left early or called back', (name) => {
    expect(accepts(programNamed(objectOf('leaving.o'), name))).toMatchObject({ status: 'accepted' });
  });
});

/** Without the first conditional jump of a function. */
function without(p: Program, name: string, op: number): Program {
  const f = p.functions.find((g) => g.name === name)!;
  const at = p.insns.findIndex((i, n) => n >= f.start && n < f.end && (i.op & 0xf8) === (op & 0xf8));
  return edit(p, name, at - f.start, 1, []);
}

describe('what is loaded', () => {
  it('is without the functions that nothing refers to', () => {
    const p = text('r0 = 0\ncall pc+2\nexit\nexit\nr0 = 1\nexit\nr0 = 2\nexit');
    const functions = [
      { name: 'a', start: 0, end: 4 },
      { name: 'b', start: 4, end: 6 },
      { name: 'c', start: 6, end: 8 },
    ];
    const code = referenced({ ...p, functions });
    expect(code.functions.map((f) => f.name)).toEqual(['a', 'b']);
    expect(code.insns).toEqual(p.insns.slice(0, 6));
  });
});
