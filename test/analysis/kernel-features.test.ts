/**
 * The first kernel of every feature: refused by the version before, accepted by its own. Versions are those
 * of kernel history (the commits are named in src/program/tables/since.ts, in the tables of helpers and maps,
 * and in isa/).
 */
import { describe, expect, it } from 'vitest';
import { checkSafety } from '../../src/analysis/safety.ts';
import { linux, linuxName } from '../../src/base/linux.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import type { FunctionContract } from '../../src/program/contracts/contract.ts';
import type { Program } from '../../src/program/program.ts';
import { AttachType as A } from '../../src/program/tables/attach.ts';
import { helperByName } from '../../src/program/tables/helpers.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import { HOOKS } from '../../src/program/tables/hooks.ts';
import { MAP_TYPES } from '../../src/program/tables/maps.ts';
import { laterFields } from '../../src/program/tables/since.ts';
import { map, programOf } from './programs.ts';

const MAPS = [
  { ...map('ARRAY', 4, 8), name: 'a' },
  { ...map('BLOOM_FILTER', 0, 4), name: 'bloom' },
  { ...map('PROG_ARRAY', 4, 4), name: 'jumps' },
];
const LOOKUP = `*(u32 *)(r10 -4) = 0
r2 = r10
r2 += -4
r1 = map[a]
call map_lookup_elem
if r0 == 0 goto out
r1 = 1
`;
const OUT = '\nout:\nr0 = 0\nexit';

function program(text: string, hook: HookName, more: Partial<Program> = {}): Program {
  const insns = assemble(text, {
    helper: (name) => helperByName(name)?.id,
    map: (name) => MAPS.findIndex((m) => m.name === name),
  });
  return { ...programOf(insns, hook, MAPS), ...more };
}
const TAIL_CALL = 'call f\nr0 = 0\nexit\nf:\nr2 = map[jumps]\nr3 = 0\ncall tail_call\nr0 = 0\nexit';
const LEGACY_LOAD = 'call f\nr0 = 0\nexit\nf:\nr6 = r1\nr0 = *(u8 *)skb[0]\nexit';
const RETURNS_NUMBER = { btfType: 1, returnsNumber: true };
/** As if BTF described all its functions. */
function described(p: Program, btf: Partial<FunctionContract> = RETURNS_NUMBER): Program {
  const contract: FunctionContract = { linkage: 'static', verified: 'with callers', ...btf };
  return { ...p, functions: p.functions.map((f) => ({ ...f, contract })) };
}
/** Versions that the tests ask: every one that was released. */
const RELEASED = [
  linux(3, 18),
  linux(3, 19),
  ...Array.from({ length: 21 }, (_, n) => linux(4, n)),
  ...Array.from({ length: 20 }, (_, n) => linux(5, n)),
  ...Array.from({ length: 19 }, (_, n) => linux(6, n)),
];
const reasons = (p: Program, version: number): string[] =>
  checkSafety(p, { linux: version }).map((f) => f.reason);
/** The first of the released versions that has nothing against it. */
const firstThatAccepts = (p: Program): string =>
  linuxName(RELEASED.find((v) => reasons(p, v).length === 0) ?? 0);

describe('features and their first kernels', () => {
  it.each<[string, string, Program]>([
    ['5.1', '32-bit jumps', program('w0 = 0\nif w0 == 1 goto +0\nr0 = 0\nexit', 'sched_cls')],
    ['4.14', 'unsigned less than', program('r0 = 0\nif r0 < 1 goto +0\nr0 = 0\nexit', 'sched_cls')],
    [
      '5.12',
      'fetching add',
      program(`${LOOKUP}r1 = atomic64_fetch_add((u64 *)(r0 +0), r1)${OUT}`, 'sched_cls'),
    ],
    ['5.12', 'exchange', program(`${LOOKUP}r1 = atomic64_xchg((u64 *)(r0 +0), r1)${OUT}`, 'sched_cls')],
    ['5.12', 'atomic and', program(`${LOOKUP}lock *(u64 *)(r0 +0) &= r1${OUT}`, 'sched_cls')],
    ['4.1', 'atomic add', program(`${LOOKUP}lock *(u64 *)(r0 +0) += r1${OUT}`, 'sched_cls')],
    ['5.2', 'global data', program('r1 = map[a][0]+0\nr0 = *(u8 *)(r1 +0)\nr0 = 0\nexit', 'sched_cls')],
    ['4.16', 'functions', program('call f\nr0 = 0\nexit\nf:\nr0 = 0\nexit', 'sched_cls')],
    ['5.10', 'a tail call in a function', described(program(TAIL_CALL, 'sched_cls'))],
    ['5.10', 'a legacy packet load in a function', described(program(LEGACY_LOAD, 'sched_cls'))],
    ['4.2', 'a tail call', program('r2 = map[jumps]\nr3 = 0\ncall tail_call\nr0 = 0\nexit', 'sched_cls')],
    ['5.16', 'a bloom filter', program('r1 = map[bloom]\nr0 = 0\nexit', 'sched_cls')],
    ['5.8', 'a helper', program('call ktime_get_boot_ns\nr0 = 0\nexit', 'sched_cls')],
    ['5.3', 'a loop', program('r1 = 4\nl: r1 += -1\nif r1 != 0 goto l\nr0 = 0\nexit', 'sched_cls')],
    ['5.16', '__sk_buff.hwtstamp', program('r0 = *(u64 *)(r1 +184)\nr0 = 0\nexit', 'sched_cls')],
    ['5.7', '__sk_buff.gso_size', program('r0 = *(u32 *)(r1 +176)\nr0 = 0\nexit', 'sched_cls')],
    [
      '5.8',
      'xdp_md.egress_ifindex',
      program('r0 = *(u32 *)(r1 +20)\nr0 = 0\nexit', 'xdp', { attachType: A.XDP_DEVMAP }),
    ],
    ['5.18', 'xdp.frags', program('r0 = 2\nexit', 'xdp', { section: 'xdp.frags' })],
    [
      '5.2',
      'cgroup/recvmsg4',
      program('r0 = 1\nexit', 'cgroup_sock_addr', { attachType: A.CGROUP_UDP4_RECVMSG }),
    ],
    [
      '5.8',
      'cgroup/getpeername4',
      program('r0 = 1\nexit', 'cgroup_sock_addr', { attachType: A.CGROUP_INET4_GETPEERNAME }),
    ],
    ['5.2', '4097 instructions', program(`${'r0 = 0\n'.repeat(4096)}exit`, 'sched_cls')],
  ])('Linux %s accepts %s', (version, _, p) => expect(firstThatAccepts(p)).toBe(version));

  it.each<[HookName, string]>([
    ['socket_filter', '3.19'],
    ['kprobe', '4.1'],
    ['sched_cls', '4.1'],
    ['tracepoint', '4.7'],
    ['xdp', '4.8'],
    ['perf_event', '4.9'],
    ['cgroup_skb', '4.10'],
    ['sock_ops', '4.13'],
    ['sk_skb', '4.14'],
    ['cgroup_device', '4.15'],
    ['sk_msg', '4.17'],
    ['lirc_mode2', '4.18'],
    ['sk_reuseport', '4.19'],
    ['flow_dissector', '4.20'],
    ['cgroup_sysctl', '5.2'],
    ['cgroup_sockopt', '5.3'],
    ['sk_lookup', '5.9'],
    ['syscall', '5.14'],
    ['netfilter', '6.4'],
  ])('programs of type %s load since Linux %s', (hook, version) =>
    expect(firstThatAccepts(program('r0 = 1\nexit', hook))).toBe(version),
  );

  it('says so at the place, with the version, for any input', () => {
    const p = program('r1 = map[bloom]\nr0 = *(u64 *)(r1 +0)\nexit', 'sched_cls');
    const findings = checkSafety(p, { linux: linux(5, 15) });
    expect(findings[0]).toEqual({
      index: 0,
      reason: 'map bloom: type bloom_filter needs Linux 5.16',
      since: linux(5, 16),
    });
    expect(findings.some((f) => f.since === undefined && f.index === 1)).toBe(true);
  });

  it('lets functions be left early only where BTF says that they return a number', () => {
    for (const [text, what] of [
      [TAIL_CALL, 'tail_call'],
      [LEGACY_LOAD, 'LD_ABS'],
    ] as const) {
      const p = program(text, 'sched_cls');
      expect(reasons(described(p, {}), linux(6, 18))).toEqual([
        `${what} is not allowed in subprogs without BTF`,
      ]);
      expect(reasons(described(p, { btfType: 1, returnsNumber: false }), linux(6, 18))).toEqual([
        `${what} is only allowed in functions that return 'int'`,
      ]);
      expect(reasons(described(p), linux(6, 18))).toEqual([]);
    }
  });

  it.each<[string, number | undefined, number, boolean]>([
    ['lsm/file_open', A.LSM_MAC, 0, true],
    ['lsm/file_open', A.LSM_MAC, -1, true],
    ['lsm.s/file_open', A.LSM_MAC, -4095, true],
    ['lsm/file_open', A.LSM_MAC, 1, false],
    ['lsm/file_open', A.LSM_MAC, -5000, false],
    ['lsm/task_free', A.LSM_MAC, 7, true],
    ['lsm/inode_xattr_skipcap', A.LSM_MAC, 1, true],
    ['lsm/inode_xattr_skipcap', A.LSM_MAC, -1, false],
    ['lsm_cgroup/socket_bind', A.LSM_CGROUP, 1, true],
    ['lsm_cgroup/socket_bind', A.LSM_CGROUP, 2, false],
    ['lsm_cgroup/sk_free_security', A.LSM_CGROUP, 0, false],
  ])('LSM programs of %s (%s) may return %s: %s', (section, attachType, value, fine) => {
    const p = program(`r0 = ${value}\nexit`, 'lsm', { section, ...(attachType && { attachType }) });
    expect(reasons(p, linux(6, 18)).length === 0).toBe(fine);
    if (attachType === A.LSM_MAC) expect(reasons(p, linux(6, 11))).toEqual([]);
  });

  it('names fields that exist, of contexts that have them', () => {
    const hooks = Object.values(HOOKS).filter((h) => laterFields(h.name).length > 0);
    const shown = new Set(hooks.flatMap((h) => h.fields.map((f) => f.array ?? f.name)));
    expect(hooks.length).toBeGreaterThan(10);
    for (const { name, fields } of hooks) {
      const own = new Set(fields.map((f) => f.array ?? f.name));
      // Hooks of `struct __sk_buff` share one list, of which each hides some.
      const known = ['sched_cls', 'xdp', 'sock_ops', 'sk_msg', 'sk_lookup', 'cgroup_sock'].includes(name)
        ? own
        : shown;
      expect([name, laterFields(name).filter((f) => !known.has(f))]).toEqual([name, []]);
    }
    expect(MAP_TYPES.every((m) => RELEASED.includes(m.since))).toBe(true);
  });
});
