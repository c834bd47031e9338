/** CO-RE relocations are applied by the kernel; libbpf, which applies them itself, is the witness. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { slotOffsets } from '../../../src/isa/flow.ts';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { accepts, KernelSession, notLoadable } from '../../../src/kernel/index.ts';
import { coreRecords } from '../../../src/kernel/run/core-relocations.ts';
import { refusalReason, relocationProblem } from '../../../src/kernel/run/log.ts';
import { fromJson, toJson } from '../../../src/program/json.ts';
import type { CoreRelocation, Program } from '../../../src/program/program.ts';
import { edit, objectOf, pathOf, programNamed } from '../../program/elf/fixtures.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const OBJECTS = ['core-clang14.o', 'core-clang19.o'];
const program = programNamed(objectOf('core-clang14.o'), 'on_wakeup');
const exit = insn(OP_EXIT);
const zero = insn(opNamed('mov64.k').op, 0, 0, 0, 0);

/** The program with its first relocation changed. */
function withFirst(p: Program, change: Partial<CoreRelocation>): Program {
  const [[origin, first], ...rest] = [...p.core!] as [
    [number, CoreRelocation],
    ...[number, CoreRelocation][],
  ];
  return { ...p, core: new Map([[origin, { ...first, ...change }], ...rest]) };
}

/** Instructions that libbpf's load of one program took the verifier, by program. */
function processedByLibbpf(file: string): Map<string, number> {
  const pin = join('/sys/fs/bpf', `k2core-${process.pid}`);
  try {
    const r = spawnSync('bpftool', ['-d', 'prog', 'loadall', file, pin], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    const text = `${r.stdout ?? ''}${r.stderr ?? ''}`;
    const found = text.matchAll(/prog '(\w+)': -- BEGIN PROG LOAD LOG --[\s\S]*?processed (\d+) insns/g);
    return new Map([...found].map((m) => [m[1]!, Number(m[2])]));
  } finally {
    rmSync(pin, { recursive: true, force: true });
  }
}

describe('records', () => {
  test('stand at the instructions that have them, as byte offsets', () => {
    const bytes = coreRecords(program.core, program)!;
    const view = new DataView(bytes.buffer);
    const offsets = slotOffsets(program.insns);
    const expected = [...program.core!].map(([at, r]) => [8 * offsets[at]!, r.type, r.access, r.kind]);
    const found = expected.map((_, n) => [0, 4, 8, 12].map((at) => view.getUint32(16 * n + at, true)));
    expect(bytes.length).toBe(16 * expected.length);
    expect(found).toEqual(expected);
    expect(expected.length).toBe(3);
  });

  test('move with their instructions, and go with them', () => {
    const longer = edit(program, 'on_wakeup', 0, 0, [zero, zero]);
    const before = new DataView(coreRecords(program.core, program)!.buffer).getUint32(0, true);
    const after = new DataView(coreRecords(longer.core, longer)!.buffer).getUint32(0, true);
    expect(after).toBe(before + 16);
    expect(
      coreRecords(program.core, { insns: [zero, exit], functions: [], origin: [-1, -1] }),
    ).toBeUndefined();
  });

  test('are kept in JSON', () => {
    expect(fromJson(JSON.parse(JSON.stringify(toJson(program)))).core).toEqual(program.core);
  });

  test('cannot help where the program is to run as another type', () => {
    expect(notLoadable(program)).toBe('needs CO-RE relocation');
  });

  test('none without the BTF that they refer to', () => {
    const { core: _, ...without } = program;
    expect(accepts(without).status).toBe('not checked');
  });
});

describe('logs', () => {
  const applied = [
    'CO-RE relocating STRUCT ethhdr: found target candidate [26914]',
    "prog '': relo #0: <byte_off> [137] STRUCT ethhdr.h_proto (0:2 @ offset 12)",
    "prog '': relo #0: matching candidate #0 <byte_off> [26914] STRUCT ethhdr.h_proto (0:2 @ offset 12)",
    "prog '': relo #0: patched insn #38 (LDX/ST/STX) off 12 -> 12",
  ];

  test('relocations that were applied are no reason', () => {
    expect(refusalReason([...applied, 'R0 !read_ok', 'processed 1 insns'].join('\n'))).toBe('R0 !read_ok');
    expect(refusalReason(applied.join('\n'))).toBe('');
    expect(relocationProblem(applied.join('\n'))).toBeUndefined();
  });

  test('one that could not be applied is', () => {
    const log = [...applied, "prog '': relo #1: unexpected insn #3 (ALU/ALU64) value: got 1, exp 0 -> 8"];
    expect(relocationProblem(log.join('\n'))).toBe('unexpected insn #3 (ALU/ALU64) value: got 1, exp 0 -> 8');
  });

  test('an instruction without a target is told as such', () => {
    const log = [...applied, '767: (85) call unknown#195896080', 'invalid func unknown#195896080'];
    expect(refusalReason(log.join('\n'))).toBe('the target of a CO-RE relocation is not in this kernel');
    expect(relocationProblem(log.join('\n'))).toBeUndefined();
  });
});

const hasBtf = hasKernel && existsSync('/sys/kernel/btf/vmlinux');
const isLoaded = hasBtf && accepts(program).status === 'accepted';
const why = !hasKernel ? needsKernel : isLoaded ? '' : ' (SKIPPED: this kernel does not apply them)';

describe.skipIf(!isLoaded)(`loads${why}`, () => {
  test.each(OBJECTS)('%s is accepted at the cost that libbpf has', (name) => {
    const p = programNamed(objectOf(name), 'on_wakeup');
    const verdict = accepts(p, { effort: true });
    expect(verdict).toMatchObject({ status: 'accepted', verifiedInsns: 27 });
    const theirs = processedByLibbpf(pathOf(name)).get('on_wakeup');
    if (theirs !== undefined) expect(verdict).toMatchObject({ effort: { processed: theirs } });
  });

  test('a version is loaded with the relocations of the instructions it still has', () => {
    const opened = KernelSession.open(program);
    if (!opened.ok) throw new Error(opened.reason);
    const longer = edit(program, 'on_wakeup', 0, 0, [zero]);
    const { session } = opened;
    const verdicts = [session.check(longer), session.check(program.insns), session.explain(program.insns)];
    session.close();
    expect(verdicts[0]).toMatchObject({ status: 'accepted', verifiedInsns: 28 });
    expect(verdicts[1]).toMatchObject({ status: 'not checked' });
    expect(verdicts[2]).toMatchObject({ ok: false, refused: false });
  });

  test('a relocation that cannot be applied is no verdict about the program', () => {
    const verdict = accepts(withFirst(program, { type: 1_000_000 }));
    expect(verdict).toMatchObject({ status: 'not checked', reason: expect.stringMatching(/CO-RE/) });
  });

  test('what needs more than these is not loaded', () => {
    const other = programNamed(objectOf('core-clang14.o'), 'on_switch');
    expect(accepts(other)).toEqual({
      status: 'not checked',
      reason: 'needs kernel configuration LINUX_KERNEL_VERSION',
    });
  });
});
