import { describe, expect, it } from 'vitest';
import { checkSafety, examine, type SafetyOptions } from '../../src/analysis/safety.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import { hasPaperPrograms, paperPrograms, text } from './programs.ts';

function reasons(source: string, hook: HookName = 'xdp', options: SafetyOptions = {}): string[] {
  return checkSafety(text(source, hook), options).map((f) => `${f.index}: ${f.reason}`);
}

const LOOKUP = `
      *(u32 *)(r10 - 4) = r6
      r2 = r10
      r2 += -4
      r1 = map[array]
      call bpf_map_lookup_elem`;

/** [what, program, hook, findings as regular expressions] */
const CASES: [string, string, HookName, (string | RegExp)[]][] = [
  ['a plain program', 'r0 = 1\nexit', 'xdp', []],
  ['an uninitialised register', 'r0 = r2\nexit', 'xdp', ['0: R2 !read_ok']],
  ['r0 that was never set', 'exit', 'xdp', ['0: R0 !read_ok']],
  ['arguments after a call', 'r6 = r1\ncall bpf_ktime_get_ns\nr0 = r1\nexit', 'xdp', ['2: R1 !read_ok']],
  ['a write to r10', 'r10 = 0\nr0 = 0\nexit', 'xdp', [/frame pointer is read only/]],
  [
    'code that is never reached',
    'r0 = 0\nexit\nr0 = 1\nexit',
    'xdp',
    [/2: unreachable insn/, /3: unreachable insn/],
  ],
  [
    'stack bytes that were never written',
    'r0 = *(u64 *)(r10 - 8)\nexit',
    'xdp',
    [/0: invalid read from stack off -8\+0 size 8/],
  ],
  [
    'stack bytes written in part',
    '*(u32 *)(r10 - 8) = 1\nr0 = *(u64 *)(r10 - 8)\nexit',
    'xdp',
    [/1: invalid read from stack off -8\+4/],
  ],
  [
    'stack out of bounds',
    'r1 = 0\n*(u64 *)(r10 - 520) = r1\nr0 = 0\nexit',
    'xdp',
    [/invalid write stack R10 off=-520 size=8/],
  ],
  ['stack above the frame', '*(u64 *)(r10 + 0) = r1\nr0 = 0\nexit', 'xdp', [/invalid write stack/]],
  ['misaligned stack', '*(u64 *)(r10 - 12) = r1\nr0 = 0\nexit', 'xdp', [/misaligned stack access/]],
  [
    'a pointer spilled and filled',
    '*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r2 + 12)\nexit',
    'xdp',
    [],
  ],
  [
    'half of a spilled pointer',
    '*(u64 *)(r10 - 8) = r1\nr0 = *(u32 *)(r10 - 8)\nexit',
    'xdp',
    [/invalid size of register fill/],
  ],
  [
    'a pointer spilled in half',
    '*(u32 *)(r10 - 8) = r1\nr0 = 0\nexit',
    'xdp',
    [/invalid size of register spill/],
  ],
  [
    'a packet read without a check',
    'r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 0)\nexit',
    'xdp',
    [/1: invalid access to packet, off=0 size=1, R2\(off=0,r=0\)/],
  ],
  [
    'a packet read after a check, in every form of the check',
    `r2 = *(u32 *)(r1 + 0)
      r3 = *(u32 *)(r1 + 4)
      r4 = r2
      r4 += 14
      r0 = 0
      if r4 > r3 goto second
      r0 = *(u8 *)(r2 + 13)
    second:
      if r3 < r4 goto third
      r0 = *(u8 *)(r2 + 13)
    third:
      if r3 >= r4 goto ok
      goto out
    ok:
      r0 = *(u8 *)(r2 + 13)
    out:
      r0 = 1
      exit`,
    'xdp',
    [],
  ],
  [
    'a packet read one byte too far',
    `r2 = *(u32 *)(r1 + 0)
      r3 = *(u32 *)(r1 + 4)
      r4 = r2
      r4 += 14
      r0 = 0
      if r4 > r3 goto out
      r0 = *(u8 *)(r2 + 14)
    out:
      exit`,
    'xdp',
    [/6: invalid access to packet, off=14 size=1/],
  ],
  [
    'packet pointers after the packet was resized',
    `r6 = r1
      r7 = *(u32 *)(r1 + 0)
      r2 = 4
      call bpf_xdp_adjust_head
      r0 = *(u8 *)(r7 + 0)
      exit`,
    'xdp',
    [/4: R7 invalid mem access 'scalar'/],
  ],
  [
    'a write to a packet that may only be read',
    `r2 = *(u32 *)(r1 + 76)
      r3 = *(u32 *)(r1 + 80)
      r4 = r2
      r4 += 14
      r0 = 0
      if r4 > r3 goto out
      *(u8 *)(r2 + 0) = r0
    out:
      exit`,
    'cgroup_skb',
    [/6: cannot write into packet/],
  ],
  [
    'a lookup without a NULL check',
    `r6 = *(u32 *)(r1 + 12)${LOOKUP}\nr0 = *(u64 *)(r0 + 0)\nexit`,
    'xdp',
    [/R0 invalid mem access 'map_value_or_null'/],
  ],
  [
    'a lookup with a NULL check of a copy',
    `r6 = *(u32 *)(r1 + 12)${LOOKUP}
      r7 = r0
      if r0 == 0 goto out
      r0 = *(u64 *)(r7 + 0)
    out:
      r0 = 0
      exit`,
    'xdp',
    [],
  ],
  [
    'a map value out of bounds',
    `r6 = *(u32 *)(r1 + 12)${LOOKUP}
      if r0 == 0 goto out
      r0 = *(u64 *)(r0 + 1)
    out:
      r0 = 0
      exit`,
    'xdp',
    [/7: invalid access to map_value, value_size=8 off=1 size=8/],
  ],
  [
    'arithmetic before the NULL check',
    `r6 = *(u32 *)(r1 + 12)${LOOKUP}\nr0 += 4\nr0 = 0\nexit`,
    'xdp',
    [/pointer arithmetic on map_value_or_null prohibited/],
  ],
  [
    '32-bit arithmetic on a pointer',
    'w1 += 1\nr0 = 0\nexit',
    'xdp',
    [/R1 32-bit pointer arithmetic prohibited/],
  ],
  [
    'multiplying a pointer',
    'r1 *= 2\nr0 = 0\nexit',
    'xdp',
    [/pointer arithmetic with mul operator prohibited/],
  ],
  ['masking a pointer', 'r1 &= 2\nr0 = 0\nexit', 'xdp', [/bitwise operator and on pointer prohibited/]],
  ['adding two pointers', 'r1 += r10\nr0 = 0\nexit', 'xdp', [/R1 pointer add pointer prohibited/]],
  [
    'subtracting from the frame pointer',
    'r2 = r10\nr2 -= 8\nr0 = 0\nexit',
    'xdp',
    [/subtraction from stack pointer prohibited/],
  ],
  [
    'reading behind a number',
    'r2 = 5\nr0 = *(u8 *)(r2 + 0)\nexit',
    'xdp',
    [/R2 invalid mem access 'scalar'/],
  ],
  [
    'a context field that does not exist',
    'r0 = *(u32 *)(r1 + 24)\nexit',
    'xdp',
    [/invalid bpf_context access off=24 size=4/],
  ],
  [
    'a context field that is read only',
    '*(u32 *)(r1 + 12) = r10\nr0 = 0\nexit',
    'xdp',
    [/invalid bpf_context access off=12/],
  ],
  [
    'a helper with an uninitialised key',
    'r2 = r10\nr2 += -4\nr1 = map[array]\ncall bpf_map_lookup_elem\nr0 = 0\nexit',
    'xdp',
    [/3: invalid read from stack R2 off -4\+0 size 4/],
  ],
  [
    'a helper without its map',
    'r2 = r10\ncall bpf_map_lookup_elem\nr0 = 0\nexit',
    'xdp',
    [/R1 type=ctx expected=map/],
  ],
  [
    'an atomic on the packet',
    'r2 = *(u32 *)(r1 + 0)\nr3 = 1\nlock *(u32 *)(r2 + 0) += w3\nr0 = 0\nexit',
    'xdp',
    [/BPF_ATOMIC stores into R2 packet is not allowed/],
  ],
  [
    'an acquiring load from the packet',
    'r2 = *(u32 *)(r1 + 0)\nr0 = load_acquire((u8 *)(r2 + 0))\nexit',
    'xdp',
    [/BPF_ATOMIC .* R2 packet is not allowed/],
  ],
  [
    'a moved context pointer',
    'r1 += 4\nr0 = *(u32 *)(r1 + 8)\nexit',
    'xdp',
    [/dereference of modified ctx ptr R1 off=4 disallowed/],
  ],
  ['r0 out of the range of the hook', 'r0 = 7\nexit', 'cgroup_sock', [/At program exit the register R0/]],
  ['r0 in the range of the hook', 'r0 = 1\nexit', 'cgroup_sock', []],
  ['recursion', 'call f\nexit\nf:\ncall f\nexit', 'xdp', [/call stack of 3 frames is too deep/]],
  [
    "a subprogram that writes its caller's stack",
    `r1 = r10
      r1 += -8
      call f
      r0 = *(u64 *)(r10 - 8)
      exit
    f:
      r2 = 7
      *(u64 *)(r1 + 0) = r2
      r0 = 0
      exit`,
    'xdp',
    [],
  ],
  [
    'a bounded loop over the stack',
    `r2 = 0
      r0 = 0
    again:
      r3 = r10
      r3 += -64
      r3 += r2
      *(u8 *)(r3 + 0) = r0
      r2 += 1
      if r2 < 64 goto again
      exit`,
    'xdp',
    [],
  ],
  [
    'the same loop one byte too far',
    `r2 = 0
      r0 = 0
    again:
      r3 = r10
      r3 += -64
      r3 += r2
      *(u8 *)(r3 + 0) = r0
      r2 += 1
      if r2 < 65 goto again
      exit`,
    'xdp',
    [/5: invalid write stack R3/],
  ],
];

describe('static checker', () => {
  it('takes a stale packet pointer for a number where the kernel does', () => {
    const stale = 'r7 = *(u32 *)(r1 + 0)\nr2 = 4\ncall bpf_xdp_adjust_head\nr0 = 1\nif r7 == 0 goto +0\nexit';
    expect(reasons(stale, 'xdp', { linux: 618 })).toEqual([]);
    expect(reasons(stale, 'xdp', { linux: 504 })).toEqual(['4: R7 !read_ok']);
  });

  it('follows a loop to its end, and says of one that has none', () => {
    const loop = (step: number) => `r2 = 8\nr0 = 0\nagain:\nr2 -= ${step}\nif r2 != 0 goto again\nexit`;
    expect(reasons(loop(1), 'xdp')).toEqual([]);
    expect(reasons(loop(0), 'xdp')).toEqual([expect.stringMatching(/infinite loop detected/)]);
  });

  it('knows which helper is for which type, and for which license', () => {
    expect(reasons('call bpf_get_retval\nr0 = 1\nexit', 'xdp')).toEqual([
      expect.stringMatching(/program of this type cannot use helper/),
    ]);
    expect(reasons('call bpf_get_retval\nr0 = 1\nexit', 'cgroup_sock')).toEqual([]);
  });

  it.each(CASES)('%s', (_name, source, hook, expected) => {
    const found = reasons(source, hook);
    expect(found).toHaveLength(expected.length);
    for (const [n, e] of expected.entries()) expect(found[n]).toMatch(e);
  });

  it('has rules by Linux version', () => {
    const st = '*(u32 *)(r1 + 48) = 1\nr0 = 0\nexit';
    expect(reasons(st, 'sched_cls', { linux: 504 })).toEqual(['0: BPF_ST stores into R1 ctx is not allowed']);
    expect(reasons(st, 'sched_cls')).toEqual([]);
    const loop = 'r0 = 0\nagain:\nr0 += 1\nif r0 < 9 goto again\nexit';
    expect(reasons(loop, 'xdp', { linux: 502 })).toEqual(['2: back-edge to insn 1']);
    expect(examine(text(loop)).loops).toEqual([1]);
    const key =
      '*(u32 *)(r10 - 4) = 3\nr2 = r10\nr2 += -4\nr1 = map[array]\ncall bpf_map_lookup_elem\nr0 = *(u64 *)(r0 + 0)\nexit';
    expect(reasons(key, 'xdp', { linux: 504 })).toHaveLength(1);
    expect(reasons('r0 = *(u64 *)(r10 - 8)\nexit', 'xdp', { uninitStack: true })).toEqual([]);
    // The kernel knows a key that is not zero only when it was spilled alone, at the start of a slot.
    const other = key.replaceAll('-4', '-8').replaceAll('- 4', '- 8');
    expect(reasons(key.replace('= 3', '= 0'))).toEqual([]);
    expect(reasons(key)).toHaveLength(1);
    expect(reasons(other)).toEqual([]);
  });

  it.skipIf(!hasPaperPrograms)(
    'accepts the 19 programs of the paper (skipped without the shared corpus)',
    () => {
      const programs = paperPrograms();
      expect(programs).toHaveLength(19);
      for (const { name, program } of programs) expect(checkSafety(program), name).toEqual([]);
    },
  );
});
