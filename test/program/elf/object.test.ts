import { describe, expect, it } from 'vitest';
import { slotOffsets } from '../../../src/isa/flow.ts';
import { type Insn, PseudoCall, PseudoLd } from '../../../src/isa/insn.ts';
import { programsOf } from '../../../src/program/elf/index.ts';
import type { Program } from '../../../src/program/program.ts';
import { objectOf, programNamed } from './fixtures.ts';

const CLANGS = ['clang14', 'clang19'];

/** Names of the maps that the instructions refer to. */
function mapUses(p: Program, src: number): string[] {
  const used = p.insns.filter((i) => i.op === 0x18 && i.src === src).map((i) => p.maps[i.imm]!.name);
  return [...new Set(used)].sort();
}

/** Function that the instruction at `at` calls or takes the address of. */
function target(p: Program, at: number): string | undefined {
  const slots = slotOffsets(p.insns);
  const slot = slots[at]! + 1 + (p.insns[at] as Insn).imm;
  return p.functions.find((f) => slots[f.start] === slot)?.name;
}

describe.each(CLANGS)('object with everything (%s)', (clang) => {
  const object = objectOf(`full-${clang}.o`);

  it('has the functions of all sections', () => {
    const rows = object.functions.map((f) => `${f.section.name}:${f.name}${f.entry ? '*' : ''}`);
    expect(rows.sort()).toEqual([
      '.text:classify',
      '.text:each',
      '.text:scaled',
      'tc:third*',
      'xdp:first*',
      'xdp:second*',
    ]);
    expect(object.functions.map((f) => f.problem)).toEqual(['', '', '', '', '', '']);
    expect(object.license).toBe('GPL');
  });

  it('reads BTF map definitions', () => {
    const first = programNamed(object, 'first');
    const byName = Object.fromEntries(first.maps.map((m) => [m.name, m]));
    expect(byName.inner).toEqual({
      name: 'inner',
      type: 2,
      keySize: 4,
      valueSize: 8,
      maxEntries: 2,
      flags: 0,
    });
    expect(byName.outer).toMatchObject({ type: 12, keySize: 4, valueSize: 4, maxEntries: 3 });
    expect(byName.outer?.inner).toMatchObject({ type: 2, keySize: 4, valueSize: 8, maxEntries: 2 });
    expect(byName.jumps).toMatchObject({ type: 3, keySize: 4, valueSize: 4, maxEntries: 4 });
    expect(byName.pairs).toMatchObject({ type: 1, keySize: 16, valueSize: 6, maxEntries: 16, flags: 1 });
  });

  it('reads global data as maps of one entry', () => {
    const first = programNamed(object, 'first');
    const data = Object.fromEntries(first.maps.filter((m) => m.name.startsWith('.')).map((m) => [m.name, m]));
    expect(data['.bss']).toMatchObject({ type: 2, keySize: 4, valueSize: 40, maxEntries: 1 });
    expect(data['.bss']?.initial).toEqual(new Uint8Array(40));
    expect([...(data['.data']?.initial ?? [])]).toContain(100);
    const rodata = data['.rodata'];
    expect(rodata?.flags).toBe(0x80);
    // `const volatile level` is for the loader to set, so the section is no constant.
    expect(rodata?.readonly).toBeUndefined();
  });

  it('lays a program out as libbpf does, with references resolved', () => {
    const first = programNamed(object, 'first');
    expect(first.functions.map((f) => f.name)).toEqual(['first', 'each', 'scaled', 'classify']);
    expect(mapUses(first, PseudoLd.MAP_FD)).toEqual(['inner', 'jumps', 'outer', 'pairs']);
    expect(mapUses(first, PseudoLd.MAP_VALUE)).toContain('.bss');
    const callbacks = first.insns.flatMap((i, at) =>
      i.op === 0x18 && i.src === PseudoLd.FUNC ? [target(first, at)] : [],
    );
    expect(callbacks).toEqual(['each']);
    const calls = first.insns.flatMap((i, at) =>
      i.op === 0x85 && i.src === PseudoCall.LOCAL ? [target(first, at)] : [],
    );
    expect(calls.sort()).toEqual(['classify', 'scaled', 'scaled']);
    expect(first.hook).toBe('xdp');
    expect(first.origin).toEqual(first.insns.map((_, i) => i));
  });

  it('gives global data its offset', () => {
    const second = programNamed(object, 'second');
    const offsets = second.insns.filter((i) => i.src === PseudoLd.MAP_VALUE && i.op === 0x18);
    const bss = second.maps.findIndex((m) => m.name === '.bss');
    // `total` and `seen` share .bss: 8 bytes and 32 bytes.
    const inBss = offsets.filter((i) => i.imm === bss).map((i) => i.immHi);
    expect(new Set(inBss).size).toBeGreaterThan(1);
    expect(inBss.every((o) => o >= 0 && o < 40)).toBe(true);
  });
});

describe.each(CLANGS)('what the kernel completes (%s)', (clang) => {
  const object = objectOf(`core-${clang}.o`);

  it('pins CO-RE, configuration and kernel symbols', () => {
    const p = programNamed(object, 'on_switch');
    const reasons = [...p.pinned.values()].sort();
    expect(reasons).toContain('CO-RE relocation field_byte_offset');
    expect(reasons).toContain('CO-RE relocation field_exists');
    expect(reasons).toContain('CO-RE relocation enumval_exists');
    expect(reasons).toContain('kernel configuration LINUX_KERNEL_VERSION');
    expect(reasons).toContain('kernel configuration CONFIG_BPF_SYSCALL');
    expect(reasons).toContain('kernel symbol schedule');
    expect([...programNamed(object, 'on_wakeup').pinned.values()]).toContain('CO-RE relocation type_size');
  });

  it('keeps configuration in a map of unknown contents', () => {
    const p = programNamed(object, 'on_switch');
    const kconfig = p.maps.find((m) => m.name === '.kconfig');
    expect(kconfig).toMatchObject({ type: 2, valueSize: 16, flags: 0x80 });
    expect(kconfig?.initial).toBeUndefined();
    expect(kconfig?.readonly).toBeUndefined();
  });
});

describe.each(CLANGS)('kernel functions (%s)', (clang) => {
  it('pins them', () => {
    const object = objectOf(`kfunc-${clang}.o`);
    const p = programNamed(object, 'with_kfunc');
    expect([...p.pinned]).toEqual([
      [0, 'kernel function bpf_rcu_read_lock'],
      [1, 'kernel function bpf_rcu_read_unlock'],
    ]);
    expect(p.insns[0]).toMatchObject({ op: 0x85, src: PseudoCall.KFUNC });
    const k = programNamed(object, 'with_ksym');
    expect([...k.pinned.values()]).toContain('kernel symbol runqueues');
    expect(k.insns.some((i) => i.op === 0x18 && i.src === PseudoLd.BTF_ID)).toBe(true);
  });
});

describe('legacy map definitions', () => {
  it.each([
    ['legacy.o', { type: 9, keySize: 6, valueSize: 24, maxEntries: 1024, flags: 0 }, { type: 12 }, undefined],
    [
      'legacy-samples.o',
      { type: 1, keySize: 16, valueSize: 8, maxEntries: 2, flags: 1 },
      { type: 13 },
      'cells',
    ],
    [
      'legacy-iproute2.o',
      { type: 2, keySize: 4, valueSize: 8, maxEntries: 2, flags: 0 },
      { type: 12 },
      'cells',
    ],
  ])('%s', (name, cells, rows, inner) => {
    const object = objectOf(name);
    const p = programNamed(object, 'count');
    expect(p.hook).toBe('socket_filter');
    expect(p.license).toBe('Dual MIT/GPL');
    expect(p.maps.map((m) => m.name)).toEqual(['cells', 'rows']);
    expect(p.maps[0]).toMatchObject(cells);
    expect(p.maps[1]).toMatchObject({ ...rows, maxEntries: 5 });
    expect(p.maps[1]?.inner?.name).toBe(inner);
    expect(object.version).toBe(0x60100);
    expect(p.provenance.kernelVersion).toBe(0x60100);
  });

  it('has a row with a reason for a section that says nothing, unless the user says', () => {
    const object = objectOf('legacy.o');
    const strange = programsOf(object).find((r) => !r.ok);
    expect(strange).toEqual({
      ok: false,
      name: 'strange',
      section: '7/0x42',
      reason: "section '7/0x42' does not tell the program type: name it with --type",
    });
    const named = programsOf(object, { hook: 'sched_cls' });
    expect(named.map((r) => (r.ok ? r.program.hook : 'none'))).toEqual(['socket_filter', 'sched_cls']);
    const forced = programsOf(object, { hook: 'sched_cls', force: true });
    expect(forced.map((r) => (r.ok ? r.program.hook : 'none'))).toEqual(['sched_cls', 'sched_cls']);
  });
});
