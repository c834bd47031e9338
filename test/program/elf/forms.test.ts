import { describe, expect, it } from 'vitest';
import { parseElf } from '../../../src/program/elf/container/elf.ts';
import { writeElf } from '../../../src/program/elf/container/elf-write.ts';
import { programsOf, readObject, rewritePrograms, writeObject } from '../../../src/program/elf/index.ts';
import { bytesOf, objectOf, okPrograms } from './fixtures.ts';

describe('objects of other forms', () => {
  const object = objectOf('forms.o');
  const rows = new Map(
    programsOf(object).map((r) => [r.ok ? r.program.name : r.name, r.ok ? r.program.hook : r.reason]),
  );

  it('have the type of their context where the section does not tell it', () => {
    expect(rows.get('by_context')).toBe('xdp');
    expect(rows.get('by_typedef')).toBe('xdp');
    expect(rows.get('sock_addr')).toBe('cgroup_sock_addr');
    expect(rows.get('event')).toBe('tracepoint');
    expect(rows.get('enter')).toBe('kprobe');
  });

  it('say which types a context may be that of', () => {
    expect(rows.get('many_hooks')).toMatch(/a __sk_buff, may be that of sched_cls, .*name one with --type/);
    expect(rows.get('unknown_context')).toBe(
      "section 'anything' does not tell the program type: name it with --type",
    );
    expect(rows.get('no_context')).toMatch(/name it with --type/);
  });

  it('take what the user says over the context, and the section over both', () => {
    const named = programsOf(object, { hook: 'sched_cls' });
    const hookOf = (name: string) => {
      const row = named.find((r) => r.ok && r.program.name === name);
      return row?.ok === true ? row.program.hook : undefined;
    };
    expect(hookOf('many_hooks')).toBe('sched_cls');
    expect(hookOf('unknown_context')).toBe('sched_cls');
    expect(hookOf('by_context')).toBe('sched_cls');
    expect(hookOf('fine')).toBe('xdp');
  });

  it('name what one program lacks, and give the others', () => {
    expect(rows.get('calls_nobody')).toMatch(/undefined symbol 'nobody'/);
    expect(rows.get('reads_nothing')).toMatch(/undefined symbol 'nothing'/);
    expect(rows.get('reads_common')).toMatch(
      /'tally' is an uninitialised common variable: build with -fno-common/,
    );
    expect(rows.get('fine')).toBe('xdp');
    const [fine] = okPrograms(object).filter((p) => p.name === 'fine');
    expect(fine!.license).toBe('GPL');
    const changed = { original: fine!, optimized: fine! };
    expect(writeObject(object, rewritePrograms(object, [changed]))).toEqual(
      new Uint8Array(bytesOf('forms.o')),
    );
  });

  it('may have nothing but .text', () => {
    const programs = okPrograms(objectOf('text.o'));
    expect(programs.map((p) => [p.name, p.hook, p.functions.map((f) => f.name)])).toEqual([
      ['pass', 'xdp', ['pass']],
      ['options', 'sock_ops', ['options', 'twice']],
    ]);
  });

  it('may define one map wrongly: programs that do not use it are there', () => {
    const elf = parseElf(new Uint8Array(bytesOf('legacy.o')), 'short.o');
    const programs = okPrograms(objectOf('legacy.o'));
    const used = programs.map((p) => p.maps[0]?.name);
    const name = used.find((n) => n !== undefined)!;
    elf.symbols.find((s) => s.name === name)!.size = 8;
    const rows = programsOf(readObject(writeElf(elf), 'short.o'));
    const broken = rows.filter((r) => !r.ok && r.reason.includes(`map ${name} is only 8 bytes`));
    expect(broken.length).toBeGreaterThan(0);
    for (const p of programs)
      if (p.maps.every((m) => m.name !== name))
        expect(rows.some((r) => r.ok && r.program.name === p.name)).toBe(true);
  });

  it('may have the machine number 0, which is kept', () => {
    const bytes = new Uint8Array(bytesOf('table.o'));
    bytes[18] = 0;
    bytes[19] = 0;
    const old = readObject(bytes, 'old.o');
    expect(okPrograms(old).map((p) => p.insns)).toEqual(okPrograms(objectOf('table.o')).map((p) => p.insns));
    expect(writeObject(old, [])).toEqual(bytes);
    bytes[18] = 62;
    expect(() => readObject(bytes, 'x86.o')).toThrow(/machine 62/);
  });
});

it('numbered sections of tail-called programs: the context tells the type, the number where nothing else does', () => {
  const rows = programsOf(objectOf('numbered.o')).map((r) => [
    r.ok ? r.program.name : r.name,
    r.ok ? r.program.hook : r.reason,
  ]);
  expect(rows).toEqual([
    ['tail_xdp', 'xdp'],
    ['tail_tc', 'sched_cls'],
    ['tail_unknown', 'sched_cls'],
  ]);
});
