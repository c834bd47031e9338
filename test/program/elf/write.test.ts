import { describe, expect, it } from 'vitest';
import { insn } from '../../../src/isa/insn.ts';
import type { ObjectFile } from '../../../src/program/elf/index.ts';
import {
  programsOf,
  readObject,
  rewriteProgram,
  rewritePrograms,
  writeObject,
} from '../../../src/program/elf/index.ts';
import type { Program } from '../../../src/program/program.ts';
import {
  bytesOf,
  edit,
  essence,
  HARMLESS,
  NAMES,
  objectOf,
  okPrograms,
  pad,
  programNamed,
} from './fixtures.ts';

const CLANGS = ['clang14', 'clang19'];

function padded(object: ObjectFile): { original: Program; optimized: Program }[] {
  return okPrograms(object).map((p) => ({ original: p, optimized: pad(p) }));
}

function rewritten(object: ObjectFile): ObjectFile {
  return readObject(writeObject(object, rewritePrograms(object, padded(object))), object.file);
}

/** Line records of one section: [byte offset, the rest as text]. */
function lines(object: ObjectFile, section: string): [number, string][] {
  const block = object.btfExt?.line?.blocks.find((b) => b.section === section);
  return (block?.records ?? []).map((r) => [r.insnOff, r.rest.join(' ')]);
}

describe('writing', () => {
  it.each(NAMES)('%s: without rewrites it is the same file', (name) => {
    const object = objectOf(name);
    expect(Buffer.compare(writeObject(object, []), bytesOf(name))).toBe(0);
    expect(
      rewritePrograms(
        object,
        okPrograms(object).map((p) => ({ original: p, optimized: p })),
      ),
    ).toEqual([]);
  });

  it.each(NAMES)('%s: longer functions come back as they were given', (name) => {
    const object = objectOf(name);
    const changes = padded(object);
    const again = rewritten(object);
    expect(okPrograms(again).map(essence)).toEqual(changes.map((c) => essence(c.optimized)));
    // Rows that are no programs stay rows.
    expect(programsOf(again).filter((r) => !r.ok)).toEqual(programsOf(object).filter((r) => !r.ok));
  });

  it.each(NAMES)('%s: taking the addition away again gives the original programs', (name) => {
    const object = objectOf(name);
    const longer = rewritten(object);
    const changes = okPrograms(longer).map((original) => ({
      original,
      optimized: original.functions.reduce((q, f) => edit(q, f.name, 0, HARMLESS.length, []), original),
    }));
    const back = readObject(writeObject(longer, rewritePrograms(longer, changes)), name);
    expect(okPrograms(back).map(essence)).toEqual(okPrograms(object).map(essence));
    expect([...(okPrograms(back)[0]?.pinned ?? [])]).toEqual([...(okPrograms(object)[0]?.pinned ?? [])]);
    // Symbols too: functions begin, and end, where they did.
    const places = (o: ObjectFile): string[] => o.functions.map((f) => `${f.name} ${f.start} ${f.end}`);
    expect(places(back)).toEqual(places(object));
    // And the records of .BTF.ext.
    const records = (o: ObjectFile): unknown =>
      o.btfExt &&
      [o.btfExt.func, o.btfExt.core].map((t) => t?.blocks.map((b) => b.records.map((r) => r.insnOff)));
    expect(records(back)).toEqual(records(object));
    for (const s of new Set(object.functions.map((f) => f.section.name)))
      expect(lines(back, s)).toEqual(lines(object, s));
  });
});

describe('function addresses in data', () => {
  it('follow their functions', () => {
    const object = objectOf('table.o');
    const out = rewritten(object);
    const named = (o: ObjectFile): (string | undefined)[] => {
      const table = o.elf.relocations.find((t) => t.target.name === '.handlers')!;
      const words = new DataView(table.target.data.slice().buffer);
      return table.entries.map((e) => {
        const at = Number(words.getBigUint64(e.offset, true)) + e.symbol.value;
        return o.functions.find((f) => f.section === e.symbol.section && f.start === at)?.name;
      });
    };
    expect(named(object).sort()).toEqual(['one', 'two']);
    expect(named(out)).toEqual(named(object));
    const starts = (o: ObjectFile): number[] => o.functions.map((f) => f.start);
    expect(starts(out)).not.toEqual(starts(object));
  });
});

describe('files that a fuzzer found', () => {
  it('a relocation section of another type, whose target goes', () => {
    const bytes = new Uint8Array(bytesOf('full-clang14.o'));
    const section = objectOf('full-clang14.o').elf.sections.findIndex((s) => s.name === '.rel.debug_info');
    const view = new DataView(bytes.buffer);
    view.setUint32(Number(view.getBigUint64(40, true)) + section * 64 + 4, 1, true);
    const object = readObject(bytes, 'odd.o');
    const out = readObject(writeObject(object, rewritePrograms(object, padded(object))), 'out.o');
    expect(okPrograms(out).length).toBe(3);
  });

  it('a string table that calls itself debug information', () => {
    const bytes = new Uint8Array(bytesOf('full-clang14.o'));
    const sections = objectOf('full-clang14.o').elf.sections;
    const view = new DataView(bytes.buffer);
    const headers = Number(view.getBigUint64(40, true));
    const strtab = sections.findIndex((s) => s.name === '.strtab');
    const debug = sections.find((s) => s.name === '.debug_info')!.nameOffset;
    view.setUint32(headers + strtab * 64, debug, true);
    const object = readObject(bytes, 'odd.o');
    const out = readObject(writeObject(object, rewritePrograms(object, padded(object))), 'out.o');
    expect(
      okPrograms(out)
        .map((p) => p.name)
        .sort(),
    ).toEqual(['first', 'second', 'third']);
  });

  it('a jump to nowhere is a row with a reason', () => {
    const object = objectOf('full-clang14.o');
    const f = object.functions.find((g) => g.name === 'second')!;
    const bytes = writeObject(object, [
      {
        function: 'second',
        insns: [insn(0x05, 0, 0, 77), ...f.insns],
        origin: [-1, ...f.insns.map((_, i) => i)],
      },
    ]);
    const row = programsOf(readObject(bytes, 'out.o')).find((r) => !r.ok);
    expect(row).toMatchObject({ ok: false, name: 'second', section: 'xdp' });
    expect(row?.ok === false && row.reason).toMatch(/^second, insn 0: jump out of range/);
  });
});

describe.each(CLANGS)('one function replaced (%s)', (clang) => {
  const object = objectOf(`full-${clang}.o`);
  const first = programNamed(object, 'first');

  it('leaves every other program as it was', () => {
    const shorter = edit(first, 'first', 0, first.functions[0]!.end, [insn(0xb7, 0, 0, 0, 2), insn(0x95)]);
    const out = readObject(writeObject(object, rewriteProgram(object, first, shorter)), 'out.o');
    for (const name of ['second', 'third'])
      expect(essence(programNamed(out, name))).toEqual(essence(programNamed(object, name)));
    const now = programNamed(out, 'first');
    expect(now.insns.map((i) => i.op)).toEqual([0xb7, 0x95]);
    expect(now.maps).toEqual([]);
    // The map definition stays, and so does the initial value that names the program behind the shortened
    // one.
    expect(out.maps.map((m) => m.def)).toEqual(object.maps.map((m) => m.def));
    const symbol = out.elf.symbols.find((s) => s.name === 'first');
    expect(symbol?.size).toBe(16);
    const values = out.elf.relocations.find((t) => t.target.name === '.maps');
    expect(values?.entries.map((e) => e.symbol.name).sort()).toEqual(['inner', 'second']);
  });

  it('drops DWARF, and keeps BTF', () => {
    const out = readObject(writeObject(object, rewriteProgram(object, first, pad(first))), 'out.o');
    const names = out.elf.sections.map((s) => s.name);
    expect(
      names.filter((n) => n.includes('debug') || n === '.llvm_addrsig' || n.includes('eh_frame')),
    ).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['.BTF', '.BTF.ext', '.rel.BTF.ext', '.maps', 'license']));
    const btf = (o: ObjectFile): Uint8Array => o.elf.sections.find((s) => s.name === '.BTF')!.data;
    expect(Buffer.compare(btf(out), btf(object))).toBe(0);
  });

  it('has a line record at the start of each function, ascending, and relocations that fit', () => {
    const out = rewritten(object);
    for (const f of out.functions) {
      const own = lines(out, f.section.name);
      expect(own.map(([at]) => at)).toContain(f.start);
      expect(own.every(([at], i) => i === 0 || at > own[i - 1]![0])).toBe(true);
    }
    const func = out.btfExt?.func?.blocks.flatMap((b) => b.records.map((r) => `${b.section} ${r.insnOff}`));
    expect(func?.sort()).toEqual(out.functions.map((f) => `${f.section.name} ${f.start}`).sort());
    const rel = out.elf.relocations.find((t) => t.target.name === '.BTF.ext')!;
    const records = [out.btfExt!.func!, out.btfExt!.line!].flatMap((t) => t.blocks.flatMap((b) => b.records));
    expect(rel.entries.length).toBe(records.length);
    expect(rel.entries.every((e) => e.offset + 4 <= rel.target.data.length)).toBe(true);
  });
});

describe('CO-RE', () => {
  it.each(CLANGS)('records follow their instructions (%s)', (clang) => {
    const object = objectOf(`core-${clang}.o`);
    const out = rewritten(object);
    const kinds = (o: ObjectFile): string[] =>
      o.functions.map((f) => `${f.name}: ${[...f.core].sort(([a], [b]) => a - b).map(([, k]) => k)}`);
    expect(kinds(out)).toEqual(kinds(object));
    for (const f of object.functions) {
      const now = out.functions.find((g) => g.name === f.name)!;
      for (const at of f.core.keys()) expect(now.insns[at + HARMLESS.length]).toEqual(f.insns[at]);
    }
  });

  it('removed with its instruction', () => {
    const object = objectOf('core-clang14.o');
    const p = programNamed(object, 'on_switch');
    const all = edit(p, 'on_switch', 0, p.functions[0]!.end, [insn(0xb7, 0), insn(0x95)]);
    const out = readObject(writeObject(object, rewriteProgram(object, p, all)), 'out.o');
    expect(out.functions.find((f) => f.name === 'on_switch')?.core.size).toBe(0);
    const left = object.functions.filter((f) => f.name !== 'on_switch').reduce((n, f) => n + f.core.size, 0);
    expect(out.btfExt?.core?.blocks.reduce((n, b) => n + b.records.length, 0)).toBe(left);
  });

  it('a pinned instruction that was changed is a bug of the caller', () => {
    const object = objectOf('core-clang14.o');
    const p = programNamed(object, 'on_switch');
    const [at] = [...p.pinned.keys()];
    const insns = p.insns.map((i, n) => (n === at ? { ...i, imm: i.imm + 1 } : i));
    expect(() => rewriteProgram(object, p, { ...p, insns })).toThrow(/pinned/);
  });
});

describe('subprograms that programs share', () => {
  const object = objectOf('full-clang14.o');
  const first = programNamed(object, 'first');
  const second = programNamed(object, 'second');
  const third = programNamed(object, 'third');

  it('are replaced once when all programs agree', () => {
    const change = (p: Program): { original: Program; optimized: Program } => ({
      original: p,
      optimized: p.functions.some((f) => f.name === 'scaled') ? edit(p, 'scaled', 0, 0, HARMLESS) : p,
    });
    const rewrites = rewritePrograms(object, okPrograms(object).map(change));
    expect(rewrites.map((r) => r.function)).toEqual(['scaled']);
  });

  it('are copied for the program that wants them changed', () => {
    // `each` calls `scaled`; only `first` has it, so it is changed in place and calls the copy.
    const optimized = edit(first, 'scaled', 0, 0, HARMLESS);
    const rewrites = rewriteProgram(object, first, optimized);
    expect(rewrites.map((r) => `${r.function} ${r.copyOf ?? ''}`)).toEqual([
      'first ',
      'each ',
      'scaled.2 scaled',
    ]);
    const out = readObject(writeObject(object, rewrites), 'out.o');
    expect(essence(programNamed(out, 'second'))).toEqual(essence(second));
    expect(essence(programNamed(out, 'third'))).toEqual(essence(third));
    const copies = out.functions.filter((f) => f.name.endsWith('.2'));
    expect(copies.map((f) => [f.section.name, f.symbol?.bind, f.entry])).toEqual([['.text', 0, false]]);
    for (const f of copies) expect(lines(out, '.text').map(([at]) => at)).toContain(f.start);
  });

  it('are never copied when others may call or replace them', () => {
    // `classify` is global: whoever replaces it must replace it for all.
    const optimized = edit(third, 'classify', 0, 0, HARMLESS);
    const rewrites = rewriteProgram(object, third, optimized);
    expect(rewrites.map((r) => `${r.function} ${r.copyOf ?? ''}`)).toEqual(['classify ']);
    const out = readObject(writeObject(object, rewrites), 'out.o');
    expect(programNamed(out, 'third').insns).toEqual(optimized.insns);
    // What it calls is another function in the other programs: then it stays as it was, and so does what only
    // it calls.
    expect(rewriteProgram(object, third, edit(optimized, 'scaled', 0, 0, HARMLESS))).toEqual([]);
  });

  it('may take in instructions of each other', () => {
    // The call of `scaled` replaced by a jump-free part of its body: origins in another section.
    const source = third.functions.find((f) => f.name === 'scaled')!;
    const part = third.insns.slice(source.start, source.start + 3);
    const optimized = edit(third, 'third', 0, 0, part);
    const origin = [...optimized.origin];
    for (let i = 0; i < 3; i++) origin[i] = source.start + i;
    const out = readObject(
      writeObject(object, rewriteProgram(object, third, { ...optimized, origin })),
      'out.o',
    );
    expect(programNamed(out, 'third').insns).toEqual(optimized.insns);
    expect(lines(out, 'tc')[0]?.[1]).toBe(
      lines(object, '.text').find(
        ([at]) => at === object.functions.find((f) => f.name === 'scaled')!.start,
      )?.[1],
    );
  });
});

describe('references that the original function did not have', () => {
  it('get a relocation, and a table for it when there was none', () => {
    const object = objectOf('legacy-samples.o');
    const map = object.maps.findIndex((m) => m.def.name === 'rows');
    const strange = object.functions.find((f) => f.name === 'strange')!;
    const load = insn(0x18, 1, 1, 0, 0);
    const bytes = writeObject(object, [
      {
        function: 'strange',
        insns: [load, ...strange.insns.slice(0, 1), insn(0xb7, 0), insn(0x95)],
        origin: [-1, 0, -1, -1],
        refs: new Map([[0, { kind: 'map', map }]]),
      },
    ]);
    const out = readObject(bytes, 'out.o');
    const f = out.functions.find((g) => g.name === 'strange')!;
    expect(f.problem).toBe('');
    expect(f.refs.get(0)).toEqual({ kind: 'map', map });
    // None in the original's second instruction.
    expect(f.relocs.size).toBe(1);
  });

  it('make a relocation section where there was none', () => {
    const object = objectOf('kfunc-clang14.o');
    const p = programNamed(object, 'with_kfunc');
    // First without any reference, so that the section loses all relocations ...
    const none = readObject(
      writeObject(object, rewriteProgram(object, p, edit(p, 'with_kfunc', 0, 2, []))),
      'none.o',
    );
    expect(programNamed(none, 'with_kfunc').pinned.size).toBe(0);
    // ... then with the table gone, and a call again.
    none.elf.relocations = none.elf.relocations.filter((t) => t.target.name !== 'tp_btf/sched_switch');
    none.elf.sections = none.elf.sections.filter((s) => s.name !== '.reltp_btf/sched_switch');
    const f = none.functions.find((g) => g.name === 'with_kfunc')!;
    const call = insn(0x85, 0, 2);
    const bytes = writeObject(none, [
      {
        function: 'with_kfunc',
        insns: [call, ...f.insns],
        origin: [-1, ...f.insns.map((_, i) => i)],
        refs: new Map([[0, { kind: 'kfunc', name: 'bpf_rcu_read_lock' }]]),
      },
    ]);
    const again = programNamed(readObject(bytes, 'again.o'), 'with_kfunc');
    expect([...again.pinned]).toEqual([[0, 'kernel function bpf_rcu_read_lock']]);
  });

  it('must be named', () => {
    const object = objectOf('legacy.o');
    const body = { insns: [insn(0x18, 1, 1), insn(0x95)], origin: [-1, -1] };
    expect(() => writeObject(object, [{ function: 'strange', ...body }])).toThrow(/reference to nothing/);
    expect(() => writeObject(object, [{ function: 'nobody', ...body }])).toThrow(/no function 'nobody'/);
  });
});
