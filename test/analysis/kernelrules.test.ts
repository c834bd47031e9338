/**
 * Rules of the kernel's checker, each as a program that keeps it and one that breaks it; where there is a
 * kernel (of the version that the rules are for), it says the same of both.
 */
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkSafety } from '../../src/analysis/safety.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import { accepts } from '../../src/kernel/run/load.ts';
import type { Program } from '../../src/program/program.ts';
import { helperByName } from '../../src/program/tables/helpers.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import { hasKernel, needsKernel } from '../kernel/kernel.ts';
import { MAPS, map, programOf } from './programs.ts';

const RDONLY_PROG = 1 << 7;
const WRONLY_PROG = 1 << 8;
const ALL = [
  ...MAPS,
  { ...map('RINGBUF', 0, 0, 4096), name: 'ring' },
  { ...map('ARRAY', 4, 8), name: 'frozen', flags: RDONLY_PROG },
  { ...map('SOCKMAP', 4, 8), name: 'sockets' },
  { ...map('ARRAY', 4, 8), name: 'unread', flags: WRONLY_PROG },
];

function text(source: string, hook: HookName): Program {
  const insns = assemble(source, {
    helper: (name) => helperByName(name)?.id,
    map: (name) => ALL.findIndex((m) => m.name === name),
  });
  return programOf(insns, hook, ALL);
}

const ZERO_KEY = (name: string): string => `
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = map[${name}]
  call map_lookup_elem
  if r0 == 0 goto out`;
const RESERVE = `
  r1 = map[ring]
  r2 = 8
  r3 = 0
  call ringbuf_reserve`;
const SOCKET = `
  r7 = r1
  *(u64 *)(r10 - 16) = 0
  *(u32 *)(r10 - 8) = 0
  r2 = r10
  r2 += -16
  r3 = 12
  r4 = 0
  r5 = 0
  call sk_lookup_tcp
  if r0 == 0 goto out
  r6 = r0`;
const DYNPTR = `
  r6 = r10
  r6 += -16
  r1 = map[ring]
  r2 = 8
  r3 = 0
  r4 = r6
  call ringbuf_reserve_dynptr`;
const EXIT = `
out:
  r0 = 0
  exit`;
const LOOP = `
  r1 = 4
  r2 = subprog[body]
  r3 = r10
  r3 += -8
  *(u64 *)(r10 - 8) = 0
  r4 = 0
  call loop
  r0 = 0
  exit
body:`;

/** What; program; hook; what is wrong with it, if anything. */
const CASES: [string, string, HookName, RegExp | undefined][] = [
  [
    'a load-acquire from the stack',
    '*(u32 *)(r10 -8) = 1\nr2 = r10\nr0 = load_acquire((u32 *)(r2 -8))\nr0 = 0\nexit',
    'xdp',
    undefined,
  ],
  [
    'a load-acquire from flow keys',
    'r2 = *(u64 *)(r1 +144)\nr0 = load_acquire((u32 *)(r2 +0))\nr0 = 0\nexit',
    'flow_dissector',
    /BPF_ATOMIC loads from R2 flow_keys is not allowed/,
  ],
  [
    'a load from flow keys',
    'r2 = *(u64 *)(r1 +144)\nr0 = *(u32 *)(r2 +0)\nr0 = 0\nexit',
    'flow_dissector',
    undefined,
  ],
  [
    'a load-acquire from a read-only map',
    `${ZERO_KEY('frozen')}\nr0 = load_acquire((u32 *)(r0 +0))${EXIT}`,
    'xdp',
    undefined,
  ],
  [
    'a load from a write-only map',
    `${ZERO_KEY('unread')}\nr0 = *(u32 *)(r0 +0)${EXIT}`,
    'xdp',
    /read from map forbidden/,
  ],
  ['a store to a write-only map', `${ZERO_KEY('unread')}\n*(u32 *)(r0 +0) = 1${EXIT}`, 'xdp', undefined],
  [
    'a sign-extending load of a packet pointer',
    'r2 = *(s32 *)(r1 +0)\nr0 = 0\nexit',
    'xdp',
    /invalid bpf_context access/,
  ],
  ['a sign-extending load of a number', 'r2 = *(s32 *)(r1 +12)\nr0 = 0\nexit', 'sched_cls', undefined],
  ['a may_goto that jumps back', 'r0 = 1\nmay_goto pc-2\nr0 = 0\nexit', 'xdp', /infinite loop detected/],
  ['a may_goto that leaves its loop', 'l: may_goto out\nr0 = 1\ngoto l\nout: r0 = 0\nexit', 'xdp', undefined],
  [
    'a loop without may_goto, beside one with it',
    'l: may_goto on\nr0 = 1\ngoto l\non: r0 = 0\nm: if r0 == 5 goto out\ngoto m\nout: exit',
    'xdp',
    /infinite loop detected/,
  ],
  [
    'no memory, of no bytes',
    'r1 = 0\nr2 = 0\nr3 = 0\ncall probe_read_kernel\nr0 = 0\nexit',
    'kprobe',
    /R1 type=scalar/,
  ],
  [
    'no memory where the helper allows it',
    'r1 = 0\nr2 = 0\nr3 = r10\nr3 += -8\n*(u64 *)(r10 -8) = 0\nr4 = 8\nr5 = 0\ncall csum_diff\nr0 = 0\nexit',
    'xdp',
    undefined,
  ],
  [
    'no memory where the helper allows it, of some bytes',
    'r1 = 0\nr2 = 4\nr3 = r10\nr3 += -8\n*(u64 *)(r10 -8) = 0\nr4 = 8\nr5 = 0\ncall csum_diff\nr0 = 0\nexit',
    'xdp',
    /R1 type=scalar/,
  ],
  [
    'the buffer of a writable tracepoint',
    'r6 = *(u64 *)(r1 +0)\n*(u64 *)(r6 +8) = 0\nr0 = *(u8 *)(r6 +0)\nr0 = 0\nexit',
    'raw_tracepoint_writable',
    undefined,
  ],
  [
    'before the buffer of a writable tracepoint',
    'r6 = *(u64 *)(r1 +0)\nr6 += -8\n*(u64 *)(r6 +0) = 0\nr0 = 0\nexit',
    'raw_tracepoint_writable',
    /R6 invalid tracepoint buffer access: off=-8, size=8/,
  ],
  [
    'somewhere in the buffer of a writable tracepoint',
    'r6 = *(u64 *)(r1 +0)\ncall get_prandom_u32\nr0 &= 8\nr6 += r0\n*(u64 *)(r6 +0) = 0\nr0 = 0\nexit',
    'raw_tracepoint_writable',
    /R6 invalid variable buffer offset/,
  ],
  ['r10 is written in dead code', 'r0 = 0\nif r0 == 0 goto +1\nr10 = 0\nexit', 'xdp', undefined],
  [
    'r10 is written',
    'call get_prandom_u32\nif r0 == 0 goto +1\nr10 = 0\nr0 = 0\nexit',
    'xdp',
    /frame pointer/,
  ],
  [
    'one callback, which holds a loop, of two loops',
    `r6 = 2
again:
  r1 = 1
  r2 = subprog[outer]
  r3 = 0
  r4 = 0
  call loop
  r1 = 1
  r2 = subprog[outer]
  r3 = 0
  r4 = 0
  call loop
  r0 = 0
  exit
outer:
  r1 = 1
  r2 = subprog[inner]
  r3 = 0
  r4 = 0
  call loop
  r0 = 0
  exit
inner:
  r0 = 0
  exit`,
    'xdp',
    undefined,
  ],
  [
    'a record is submitted',
    `${RESERVE}\nif r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall ringbuf_submit${EXIT}`,
    'xdp',
    undefined,
  ],
  [
    'a record is kept',
    `${RESERVE}\nif r0 == 0 goto out\nr1 = 0\n*(u64 *)(r0 + 0) = r1${EXIT}`,
    'xdp',
    /reference leak/,
  ],
  [
    'a record is submitted twice',
    `${RESERVE}\nif r0 == 0 goto out\nr6 = r0\nr1 = r0\nr2 = 0\ncall ringbuf_submit\nr1 = r6\nr2 = 0\ncall ringbuf_submit${EXIT}`,
    'xdp',
    /R1 type=scalar/,
  ],
  [
    'part of a record is submitted',
    `${RESERVE}\nif r0 == 0 goto out\nr1 = r0\nr1 += 4\nr2 = 0\ncall ringbuf_submit${EXIT}`,
    'xdp',
    /zero offset/,
  ],
  ['a socket is released', `${SOCKET}\nr1 = r6\ncall sk_release${EXIT}`, 'sched_cls', undefined],
  ['a socket is kept', `${SOCKET}${EXIT}`, 'sched_cls', /reference leak/],
  [
    'a socket is released by its other view',
    `${SOCKET}\nr1 = r6\ncall tcp_sock\nif r0 == 0 goto rel\nr8 = *(u32 *)(r0 + 0)\nrel:\nr1 = r6\ncall sk_release${EXIT}`,
    'sched_cls',
    undefined,
  ],
  [
    'a tail call with a socket in hand',
    `${SOCKET}\nr1 = r7\nr2 = map[array]\nr3 = 0\ncall tail_call\nr1 = r6\ncall sk_release${EXIT}`,
    'sched_cls',
    /map_type|reference leak/,
  ],
  [
    'a field of a socket',
    `${SOCKET}\nr8 = *(u32 *)(r6 + 4)\nr1 = r6\ncall sk_release${EXIT}`,
    'sched_cls',
    undefined,
  ],
  [
    'no field of a socket',
    `${SOCKET}\nr8 = *(u64 *)(r6 + 0)\nr1 = r6\ncall sk_release${EXIT}`,
    'sched_cls',
    /invalid sock access off=0 size=8/,
  ],
  [
    'a field that small sockets lack',
    'r0 = *(u64 *)(r1 + 168)\nif r0 == 0 goto out\nr1 = *(u32 *)(r0 + 16)\nout:\nr0 = 0\nexit',
    'sched_cls',
    /invalid sock_common access off=16/,
  ],
  [
    'arithmetic on a socket',
    `${SOCKET}\nr6 += 4\nr1 = r7${EXIT}`,
    'sched_cls',
    /pointer arithmetic on opaque prohibited/,
  ],
  [
    'the context is compared with NULL',
    'if r1 == 0 goto bad\nr0 = 0\nexit\nbad:\nr0 = r9\nexit',
    'xdp',
    /R9 !read_ok/,
  ],
  [
    'a map is compared with NULL',
    'r1 = map[array]\nif r1 == 0 goto bad\nr0 = 0\nexit\nbad:\nr0 = r9\nexit',
    'xdp',
    undefined,
  ],
  [
    'beyond the packet once is beyond it again',
    'r2 = *(u32 *)(r1 + 4)\nr3 = *(u32 *)(r1 + 0)\nr3 += 14\nif r3 > r2 goto again\nr0 = 1\nexit\nagain:\nif r3 > r2 goto out\nr0 = r9\nout:\nr0 = 0\nexit',
    'xdp',
    undefined,
  ],
  [
    'a frozen map is updated',
    '*(u32 *)(r10 - 4) = 0\n*(u64 *)(r10 - 16) = 0\nr1 = map[frozen]\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall map_update_elem\nr0 = 0\nexit',
    'xdp',
    /write into map forbidden/,
  ],
  [
    'a number of a helper lies askew',
    'r2 = 0\nr3 = r10\nr3 += -6\n*(u32 *)(r10 - 8) = 0\n*(u32 *)(r10 - 4) = 0\nr4 = 0\nr5 = 0\ncall check_mtu\nr0 = 0\nexit',
    'xdp',
    /misaligned access/,
  ],
  [
    'no memory, behind the stack',
    'r1 = r10\nr2 = 0\nr3 = 0\ncall probe_read_kernel\nr0 = 0\nexit',
    'tracepoint',
    /invalid write to stack/,
  ],
  [
    'no memory at all, of a size',
    'r1 = 0\nr2 = 4\nr3 = 0\nr4 = 0\nr5 = 0\ncall csum_diff\nr0 = 0\nexit',
    'xdp',
    /R1 type=scalar/,
  ],
  ['a callback', `${LOOP}\nr0 = *(u64 *)(r2 + 0)\nr0 = 1\nexit`, 'xdp', undefined],
  ['a callback returns 2', `${LOOP}\nr0 = 2\nexit`, 'xdp', /At callback return/],
  [
    'a callback reads beside its argument',
    `${LOOP}\nr0 = *(u64 *)(r2 + 8)\nr0 = 1\nexit`,
    'xdp',
    /invalid read stack/,
  ],
  [
    'a callback of a map reads its key and value',
    'r1 = map[hash]\nr2 = subprog[body]\nr3 = 0\nr4 = 0\ncall for_each_map_elem\nr0 = 0\nexit\nbody:\nr0 = *(u64 *)(r2 + 8)\nr0 = *(u64 *)(r3 + 16)\nr0 = 0\nexit',
    'xdp',
    undefined,
  ],
  [
    'a callback of a map reads behind the value',
    'r1 = map[hash]\nr2 = subprog[body]\nr3 = 0\nr4 = 0\ncall for_each_map_elem\nr0 = 0\nexit\nbody:\nr0 = *(u64 *)(r3 + 24)\nr0 = 0\nexit',
    'xdp',
    /invalid access to map_value/,
  ],
  [
    'a loop that narrows a number and then changes nothing',
    'r2 = *(u32 *)(r1 + 12)\nhead:\nr0 = 0\nif r2 == 3 goto head\nif r2 != 17 goto head\nexit',
    'xdp',
    /infinite loop/,
  ],
  ['a loop that counts', 'r0 = 0\nhead:\nr0 += 1\nif r0 < 20 goto head\nr0 = 0\nexit', 'xdp', undefined],
  [
    'a byte beside a spilled register',
    'r1 = 0\n*(u64 *)(r10 - 8) = r1\n*(u8 *)(r10 - 3) = r1\nr1 = *(u8 *)(r10 - 8)\nif r1 == 0 goto out\nr0 = r9\nout:\nr0 = 0\nexit',
    'xdp',
    /R9 !read_ok/,
  ],
  [
    'the upper half after a 32-bit remainder',
    'r2 = *(u32 *)(r1 + 12)\nw2 %= 32\nr2 >>= 32\nif r2 == 0 goto out\nr0 = r9\nout:\nr0 = 0\nexit',
    'xdp',
    /R9 !read_ok/,
  ],
  [
    'a division by 0 that nothing reaches',
    'r0 = 0\nr2 = 1\nif r2 == 1 goto out\nr0 /= 0\nout:\nr0 = 0\nexit',
    'xdp',
    undefined,
  ],
  ['a division by 0', 'r0 = 1\nr0 /= 0\nr0 = 0\nexit', 'xdp', /div by zero/],
  [
    'the address is where the old value goes',
    'r0 = 0\n*(u64 *)(r10 - 8) = r0\nr0 = r10\nr0 += -8\nr1 = 1\nr0 = atomic64_cmpxchg((u64 *)(r0 + 0), r0, r1)\nr0 = 0\nexit',
    'xdp',
    /misaligned access/,
  ],
  [
    'a dynptr is given back',
    `${DYNPTR}\nr1 = r6\nr2 = 0\ncall ringbuf_discard_dynptr\nr0 = 0\nexit`,
    'xdp',
    undefined,
  ],
  ['a dynptr is kept', `${DYNPTR}\nr0 = 0\nexit`, 'xdp', /reference leak/],
  [
    'a dynptr is overwritten',
    `${DYNPTR}\nr1 = 0\n*(u64 *)(r10 - 8) = r1\nr1 = r6\nr2 = 0\ncall ringbuf_discard_dynptr\nr0 = 0\nexit`,
    'xdp',
    /cannot overwrite referenced dynptr/,
  ],
  [
    'a dynptr is read',
    `${DYNPTR}\nr7 = *(u64 *)(r10 - 8)\nr1 = r6\nr2 = 0\ncall ringbuf_discard_dynptr\nr0 = 0\nexit`,
    'xdp',
    /invalid read from stack/,
  ],
  [
    'no dynptr is given back',
    'r1 = r10\nr1 += -16\nr2 = 0\ncall ringbuf_discard_dynptr\nr0 = 0\nexit',
    'xdp',
    /initialized dynptr/,
  ],
  [
    'one load through two kinds of pointers',
    'r2 = r1\nr3 = r10\nr3 += -8\n*(u64 *)(r10 - 8) = 0\nr4 = *(u32 *)(r1 + 12)\nif r4 == 0 goto pc+1\nr2 = r3\nr0 = *(u32 *)(r2 + 0)\nr0 = 0\nexit',
    'xdp',
    /same insn cannot be used with different pointers|invalid read stack/,
  ],
  [
    'an offset whose unsigned bound is lost',
    '*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr6 = *(u32 *)(r1 + 12)\nr6 &= 7\nr1 = map[hash]\nr2 = r10\nr2 += -16\n*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\ncall map_lookup_elem\nif r0 == 0 goto pc+4\nr0 += 16\nr6 *= -1\nr0 += r6\nr1 = *(u8 *)(r0 + 0)\nr0 = 0\nexit',
    'xdp',
    /unbounded memory access/,
  ],
];

const rules = { linux: 618, uninitStack: true };

describe('rules of Linux 6.18', () => {
  it.each(CASES)('%s', (_, source, hook, wrong) => {
    const found = checkSafety(text(source, hook), rules).map((f) => f.reason);
    if (wrong === undefined) expect(found).toEqual([]);
    else expect(found.join('\n')).toMatch(wrong);
  });
});

const [major, minor] = release().split('.').map(Number);
const isSame = hasKernel && (major ?? 0) * 100 + (minor ?? 0) >= 618;

describe.skipIf(!isSame)(`the kernel says the same${needsKernel}`, () => {
  it.each(CASES)('%s', (_, source, hook, wrong) => {
    const said = accepts(text(source, hook));
    expect(said.status, JSON.stringify(said)).toBe(wrong === undefined ? 'accepted' : 'refused');
  });
});
