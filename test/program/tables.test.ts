/**
 * The tables of maps, hooks and helpers, against themselves and against the kernel's header where there is
 * one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AttachType } from '../../src/program/tables/attach.ts';
import { ctxAccess } from '../../src/program/tables/context.ts';
import {
  endsProgram,
  HELPERS,
  Helper,
  helperById,
  helperByName,
  invalidatesPacket,
  isSilent,
  mapArgOf,
  memOfArg,
  movesPacket,
  releases,
} from '../../src/program/tables/helpers.ts';
import type { CtxField } from '../../src/program/tables/hook-types.ts';
import { SK_BUFF_FIELDS } from '../../src/program/tables/hooks/skb.ts';
import { PT_REGS_SIZE } from '../../src/program/tables/hooks/tracing.ts';
import { HOOKS, hookOfProgType, hookOfSection, returnRangeOf } from '../../src/program/tables/hooks.ts';
import { MAP_TYPES, MapTypeId, mapAllowsHelper, mapType } from '../../src/program/tables/maps.ts';
import { socketStruct } from '../../src/program/tables/sockets.ts';

const HEADER = '/usr/include/linux/bpf.h';
const header = existsSync(HEADER) ? readFileSync(HEADER, 'utf8') : '';
const hasGcc = header !== '' && spawnSync('gcc', ['--version']).status === 0;

/** Members of `enum NAME { PREFIX_X, ... }` in order; second names of a number are left out. */
function enumMembers(name: string, prefix: string): string[] {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? '';
  const plain = body.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...plain.matchAll(/(\w+)\s*(=[^,]*)?,/g)]
    .filter((m) => m[1]!.startsWith(prefix) && m[2] === undefined)
    .map((m) => m[1]!.slice(prefix.length).replace(/_DEPRECATED$/, ''));
}

describe('map types', () => {
  it('are numbered without gaps', () => {
    expect(MAP_TYPES.map((t) => t.type)).toEqual(MAP_TYPES.map((_, i) => i + 1));
  });

  it.skipIf(header === '')('are those of linux/bpf.h (skipped when it is not installed)', () => {
    const names = enumMembers('bpf_map_type', 'BPF_MAP_TYPE_').slice(1);
    expect(names.length).toBeGreaterThan(30);
    const ours = MAP_TYPES.map((t) => t.name.toUpperCase());
    expect(ours.slice(0, names.length)).toEqual(names.slice(0, ours.length));
  });

  it('only accept helpers that take a map', () => {
    for (const t of MAP_TYPES)
      for (const id of t.helpers) {
        const h = helperById(id);
        const takesMap = mapArgOf(h) !== undefined;
        // Records of a ring buffer, and pointers inside a local storage, stand for their map.
        expect(takesMap || [132, 133, 194, 199, 200].includes(id), `${t.name} ${h.name}`).toBe(true);
      }
  });

  it('tell arrays from the rest', () => {
    expect(mapType(MapTypeId.ARRAY)).toMatchObject({
      isArrayLike: true,
      keySize: 4,
      lookupFails: 'out-of-range',
    });
    expect(mapType(MapTypeId.LRU_PERCPU_HASH)).toMatchObject({
      isLru: true,
      isPerCpu: true,
      isShared: false,
    });
    expect(mapType(MapTypeId.ARRAY_OF_MAPS)).toMatchObject({ lookup: 'map', lookupFails: 'absent' });
    expect(mapType(MapTypeId.LPM_TRIE)?.requiredFlags).toBe(1);
    expect(mapAllowsHelper(MapTypeId.PROG_ARRAY, 12)).toBe(true);
    expect(mapAllowsHelper(MapTypeId.PROG_ARRAY, 1)).toBe(false);
  });
});

describe('helpers', () => {
  it('are 1 to 211', () => {
    expect(HELPERS.map((h) => h.id)).toEqual(Array.from({ length: 211 }, (_, i) => i + 1));
    expect(new Set(HELPERS.map((h) => h.name)).size).toBe(211);
  });

  it.skipIf(header === '')('are those of linux/bpf.h (skipped when it is not installed)', () => {
    const old = [...header.matchAll(/^\s*FN\((\w+)\),/gm)].map((m) => m[1]!);
    const recent = [...header.matchAll(/^\s*FN\((\w+), \d+,/gm)].map((m) => m[1]!);
    const names = (recent.length > old.length ? recent : old).slice(1);
    expect(names.length).toBeGreaterThan(200);
    expect(HELPERS.slice(0, names.length).map((h) => h.name)).toEqual(names.slice(0, HELPERS.length));
  });

  it.skipIf(header === '')(
    'have as many arguments as their documentation (skipped without linux/bpf.h)',
    () => {
      const counts = new Map<string, number>();
      for (const m of header.matchAll(/^ \* (?!\t)[\w *]*?\bbpf_(\w+)\(([^)]*)\)$/gm)) {
        const list = m[2]!.trim();
        counts.set(m[1]!, list === 'void' || list === '' ? 0 : list.split(',').length);
      }
      let compared = 0;
      for (const h of HELPERS) {
        const count = counts.get(h.name);
        // trace_printk is variadic.
        if (count === undefined || h.name === 'trace_printk') continue;
        expect(h.args.length, h.name).toBe(count);
        compared++;
      }
      expect(compared).toBeGreaterThan(200);
    },
  );

  it('name arguments that exist, and effects that the table knows', () => {
    for (const h of HELPERS) {
      expect(h.args.length, h.name).toBeLessThanOrEqual(5);
      expect(h.effects.length, h.name).toBeGreaterThan(0);
      expect(h.ret, h.name).not.toBe('unknown');
      if (h.effects.includes('pure')) expect(h.effects, h.name).toEqual(['pure']);
      for (const a of h.args) {
        if (a.mem === undefined) continue;
        expect(a.mem.reads || a.mem.writes, h.name).toBe(true);
        if (a.mem.size.by === 'arg') expect(h.args[a.mem.size.arg]?.kind, h.name).toBe('size');
        if (a.mem.size.by === 'key' || a.mem.size.by === 'value') expect(mapArgOf(h), h.name).toBeDefined();
      }
      for (const [i, a] of h.args.entries())
        if (a.kind === 'size' && h.known) {
          const users = h.args.filter((b) => b.mem?.size.by === 'arg' && b.mem.size.arg === i);
          expect(users.length, `${h.name} r${i + 1}`).toBe(1);
        }
    }
  });

  it('tell what the common ones do', () => {
    const update = helperById(2);
    expect(update.args.map((a) => a.kind)).toEqual(['map', 'map_key', 'map_value', 'scalar']);
    expect(update.args[1]!.mem).toMatchObject({ reads: true, writes: false, size: { by: 'key' } });
    expect(helperByName('bpf_map_lookup_elem')).toMatchObject({ id: 1, ret: 'map_value_or_null' });
    expect(helperById(26).args[2]!.mem).toEqual({
      reads: false,
      writes: true,
      uninit: true,
      partial: false,
      size: { by: 'arg', arg: 3 },
    });
    // A string that is shorter than the buffer leaves the rest of the buffer alone.
    expect(helperByName('probe_read_kernel_str')!.args[0]!.mem).toMatchObject({
      uninit: true,
      partial: true,
    });
    expect(helperByName('probe_read_kernel')!.args[0]!.mem).toMatchObject({ uninit: true, partial: false });
    expect(helperById(69).args[1]!.mem).toMatchObject({ reads: true, writes: true, uninit: false });
    expect(helperById(28).args.map((a) => a.nullable)).toEqual([true, false, true, false, false]);
    expect(helperById(12)).toMatchObject({ ret: 'void', effects: ['tailCall'] });
    expect(memOfArg(helperById(89), 1, MapTypeId.QUEUE)).toMatchObject({ writes: true });
    expect(memOfArg(helperById(89), 1, MapTypeId.BLOOM_FILTER)).toMatchObject({ reads: true, writes: false });
  });

  it('are silent or not', () => {
    for (const id of [1, 5, 7, 8, 28]) expect(isSilent(helperById(id)), String(id)).toBe(true);
    for (const id of [2, 3, 6, 23, 25, 44, 51, 86, 130])
      expect(isSilent(helperById(id)), String(id)).toBe(false);
  });

  it('invalidate packet pointers exactly where the kernel says, or where a callback might', () => {
    const kernel = [9, 10, 11, 13, 18, 19, 31, 38, 39, 43, 44, 50, 54, 63, 65, 73, 74, 75, 76, 90, 91, 143];
    const callbacks = [164, 170, 180, 181, 209];
    // A dynptr may stand for the packet.
    const dynptr = [202];
    const ids = HELPERS.filter(invalidatesPacket).map((h) => h.id);
    expect(ids).toEqual([...kernel, ...callbacks, ...dynptr].sort((a, b) => a - b));
  });

  it('move the bounds of the packet only where they invalidate its pointers', () => {
    const moving = HELPERS.filter(movesPacket);
    expect(moving.every((h) => h.effects.includes('packetResize'))).toBe(true);
    expect(moving.map((h) => h.name)).toEqual([
      ...['skb_vlan_push', 'skb_vlan_pop', 'skb_change_proto', 'skb_change_tail', 'skb_change_head'],
      ...['xdp_adjust_head', 'skb_adjust_room', 'xdp_adjust_meta', 'msg_pull_data', 'xdp_adjust_tail'],
      ...['lwt_push_encap', 'lwt_seg6_adjust_srh', 'lwt_seg6_action', 'msg_push_data', 'msg_pop_data'],
    ]);
    expect(movesPacket(helperById(Helper.skb_change_type))).toBe(false);
  });

  it('acquire, release and leave as the sets that were written by hand said', () => {
    const ids = (has: (h: Helper) => boolean) => HELPERS.filter(has).map((h) => h.id);
    expect(ids(releases)).toEqual([86, 132, 133, 199, 200]);
    expect(ids((h) => h.known && h.effects.includes('acquire'))).toEqual([84, 85, 99, 131]);
    expect(ids(endsProgram)).toEqual([12]);
  });

  it('have numbers by name', () => {
    for (const h of HELPERS) expect(Helper[h.name as keyof typeof Helper], h.name).toBe(h.id);
    expect(Object.keys(Helper)).toHaveLength(HELPERS.length);
    const literal: 12 = Helper.tail_call;
    expect(literal).toBe(12);
  });

  it('that nobody knows are taken conservatively', () => {
    const h = helperById(9999);
    expect(h).toMatchObject({ known: false, ret: 'unknown', name: 'helper_9999' });
    expect(h.args).toHaveLength(5);
    expect(h.args.every((a) => a.mem?.reads && a.mem.writes && a.optional)).toBe(true);
    expect(h.effects).toContain('packetResize');
    expect(isSilent(h)).toBe(false);
  });
});

describe('hooks', () => {
  it('have one program type each', () => {
    for (const [name, hook] of Object.entries(HOOKS)) {
      expect(hook.name).toBe(name);
      expect(hookOfProgType(hook.progType)).toBe(hook);
    }
  });

  it.skipIf(header === '')('are those of linux/bpf.h (skipped when it is not installed)', () => {
    const types = enumMembers('bpf_prog_type', 'BPF_PROG_TYPE_');
    expect(types.length).toBeGreaterThan(30);
    for (const [progType, name] of types.entries())
      if (progType > 0) expect(hookOfProgType(progType)?.name.toUpperCase()).toBe(name);
    const attach = enumMembers('bpf_attach_type', 'BPF_');
    for (const [number, name] of attach.slice(0, Object.keys(AttachType).length).entries())
      expect(AttachType[name as keyof typeof AttachType], name).toBe(number);
  });

  it('lay fields out without overlap, inside the context', () => {
    for (const hook of Object.values(HOOKS)) {
      let end = 0;
      for (const f of hook.fields) {
        expect(f.offset, `${hook.name}.${f.name}`).toBeGreaterThanOrEqual(end);
        expect(f.offset % f.size).toBe(0);
        end = f.offset + f.size;
      }
      expect(end).toBeLessThanOrEqual(hook.ctxSize);
    }
  });

  it.skipIf(!hasGcc)('lay fields out as the C compiler does (skipped without gcc and linux/bpf.h)', () => {
    const structs: [string, readonly CtxField[], number][] = [
      ['xdp_md', HOOKS.xdp.fields, HOOKS.xdp.ctxSize],
      ['__sk_buff', SK_BUFF_FIELDS, HOOKS.sched_cls.ctxSize],
      ['bpf_sock_addr', HOOKS.cgroup_sock_addr.fields, HOOKS.cgroup_sock_addr.ctxSize],
      ['bpf_tcp_sock', socketStruct('tcp_sock').fields, socketStruct('tcp_sock').ctxSize],
      ['bpf_xdp_sock', socketStruct('xdp_sock').fields, socketStruct('xdp_sock').ctxSize],
      ['bpf_sock', HOOKS.cgroup_sock.fields, HOOKS.cgroup_sock.ctxSize],
      ['sk_msg_md', HOOKS.sk_msg.fields, HOOKS.sk_msg.ctxSize],
      ['sk_reuseport_md', HOOKS.sk_reuseport.fields, HOOKS.sk_reuseport.ctxSize],
      ['bpf_sk_lookup', HOOKS.sk_lookup.fields, HOOKS.sk_lookup.ctxSize],
      ['bpf_sysctl', HOOKS.cgroup_sysctl.fields, HOOKS.cgroup_sysctl.ctxSize],
      ['bpf_sockopt', HOOKS.cgroup_sockopt.fields, HOOKS.cgroup_sockopt.ctxSize],
      ['bpf_cgroup_dev_ctx', HOOKS.cgroup_device.fields, HOOKS.cgroup_device.ctxSize],
    ];
    const lines = structs.flatMap(([s, fields, size]) => [
      `_Static_assert(sizeof(struct ${s}) == ${size}, "${s}");`,
      ...fields.map(
        (f) => `_Static_assert(offsetof(struct ${s}, ${f.name}) == ${f.offset}, "${s}.${f.name}");`,
      ),
    ]);
    // The last field of bpf_sock_ops is newer than some headers.
    for (const f of HOOKS.sock_ops.fields.slice(0, -1))
      lines.push(`_Static_assert(offsetof(struct bpf_sock_ops, ${f.name}) == ${f.offset}, "${f.name}");`);
    if (process.arch === 'x64') {
      lines.push('#include <linux/bpf_perf_event.h>');
      lines.push(
        `_Static_assert(sizeof(struct bpf_perf_event_data) == ${HOOKS.perf_event.ctxSize}, "perf");`,
        `_Static_assert(offsetof(struct bpf_perf_event_data, addr) == ${PT_REGS_SIZE + 8}, "addr");`,
      );
    }
    const source = `#include <stddef.h>\n#include <linux/bpf.h>\n${lines.join('\n')}\n`;
    execFileSync('gcc', ['-fsyntax-only', '-x', 'c', '-'], { input: source });
  });

  it.each<[string, string | undefined, number | undefined]>([
    ['xdp', 'xdp', 37],
    ['xdp/foo', 'xdp', 37],
    ['xdp_tx_iptunnel', 'xdp', 37],
    ['xdp-balancer', 'xdp', 37],
    ['xdp/devmap', 'xdp', 33],
    ['xdp.frags/cpumap', 'xdp', 35],
    ['tc', 'sched_cls', undefined],
    ['tcx/egress', 'sched_cls', 47],
    ['classifier/ingress', 'sched_cls', undefined],
    ['from-network', 'sched_cls', undefined],
    ['from-container', 'sched_cls', undefined],
    ['2/20', 'sched_cls', undefined],
    ['action', 'sched_act', undefined],
    ['socket1', 'socket_filter', undefined],
    ['socket/0', 'socket_filter', undefined],
    ['tracepoint/syscalls/sys_enter_open', 'tracepoint', undefined],
    ['tp/xdp/xdp_exception', 'tracepoint', undefined],
    ['raw_tp/sched_switch', 'raw_tracepoint', undefined],
    ['tp_btf/sched_switch', 'tracing', 23],
    ['kprobe/sys_write', 'kprobe', undefined],
    ['kretprobe.multi/x', 'kprobe', 42],
    ['uprobe.s//bin/x:f', 'kprobe', undefined],
    ['?fentry.s/do_x', 'tracing', 24],
    ['cgroup/recvmsg4', 'cgroup_sock_addr', 19],
    ['recvmsg4', 'cgroup_sock_addr', 19],
    ['cgroup/getsockname6', 'cgroup_sock_addr', 32],
    ['cgroup/sock', 'cgroup_sock', 2],
    ['cgroup/sock_release', 'cgroup_sock', 34],
    ['cgroup/setsockopt', 'cgroup_sockopt', 22],
    ['cgroup_skb/egress', 'cgroup_skb', 1],
    ['cgroup/skb', 'cgroup_skb', undefined],
    ['cgroup/dev', 'cgroup_device', 6],
    ['cgroup/sysctl', 'cgroup_sysctl', 18],
    ['sockops', 'sock_ops', 3],
    ['sk_skb/stream_verdict', 'sk_skb', 5],
    ['sk_skb', 'sk_skb', undefined],
    ['sk_msg', 'sk_msg', 7],
    ['sk_reuseport/migrate', 'sk_reuseport', 40],
    ['sk_lookup/x', 'sk_lookup', 36],
    ['lwt_seg6local', 'lwt_seg6local', undefined],
    ['lsm.s/file_open', 'lsm', 27],
    ['lsm_cgroup/x', 'lsm', 43],
    ['struct_ops/init', 'struct_ops', undefined],
    ['freplace/x', 'ext', undefined],
    ['syscall', 'syscall', undefined],
    ['flow_dissector', 'flow_dissector', 17],
    ['.text', undefined, undefined],
    ['maps', undefined, undefined],
    ['license', undefined, undefined],
    ['kprobes', undefined, undefined],
  ])('section %s means %s', (section, hook, attachType) => {
    expect(hookOfSection(section)?.hook).toBe(hook);
    expect(hookOfSection(section)?.attachType).toBe(attachType);
  });

  it('know load flags from section names', () => {
    expect(hookOfSection('fentry.s/x')?.loadFlags).toBe(16);
    expect(hookOfSection('xdp.frags')?.loadFlags).toBe(32);
    expect(hookOfSection('xdp')?.loadFlags).toBeUndefined();
  });

  it('know return ranges by attach type', () => {
    const range = (section: string) => {
      const { hook, attachType } = hookOfSection(section)!;
      return returnRangeOf(HOOKS[hook], attachType);
    };
    expect(range('xdp')).toBeUndefined();
    expect(range('cgroup/connect4')).toEqual([0, 1]);
    expect(range('cgroup/recvmsg4')).toEqual([1, 1]);
    expect(range('cgroup/bind6')).toEqual([0, 3]);
    expect(range('cgroup_skb/egress')).toEqual([0, 3]);
    expect(range('cgroup_skb/ingress')).toEqual([0, 1]);
    expect(range('fentry/x')).toEqual([0, 0]);
    expect(range('fmod_ret/x')).toBeUndefined();
    expect(range('iter/task')).toEqual([0, 1]);
  });
});

describe('context accesses', () => {
  const may = (
    section: string,
    offset: number,
    size: 1 | 2 | 4 | 8,
    direction: 'read' | 'write' = 'read',
  ) => {
    const { hook, attachType } = hookOfSection(section)!;
    return ctxAccess(HOOKS[hook], attachType, offset, size, direction);
  };

  it('of xdp_md: four bytes, read-only, the egress interface only behind a devmap', () => {
    expect(may('xdp', 0, 4)?.pointer).toBe('packet');
    expect(may('xdp', 4, 4)?.pointer).toBe('packet_end');
    expect(may('xdp', 8, 4)?.pointer).toBe('packet_meta');
    expect(may('xdp', 12, 4)?.field?.name).toBe('ingress_ifindex');
    expect(may('xdp', 12, 2)).toBeUndefined();
    expect(may('xdp', 12, 4, 'write')).toBeUndefined();
    expect(may('xdp', 20, 4)).toBeUndefined();
    expect(may('xdp/devmap', 20, 4)).toBeDefined();
    expect(may('xdp', 24, 4)).toBeUndefined();
  });

  it('of __sk_buff: as each hook has it', () => {
    expect(may('tc', 16, 2)?.field?.name).toBe('protocol');
    expect(may('tc', 18, 1)?.field?.name).toBe('protocol');
    expect(may('tc', 8, 4, 'write')?.field?.name).toBe('mark');
    expect(may('tc', 8, 2, 'write')).toBeUndefined();
    expect(may('socket', 8, 4, 'write')).toBeUndefined();
    expect(may('tc', 76, 4)?.pointer).toBe('packet');
    expect(may('socket', 76, 4)).toBeUndefined();
    expect(may('tc', 88, 4)).toBeUndefined();
    expect(may('sk_skb', 88, 4)?.field?.name).toBe('family');
    expect(may('flow_dissector', 144, 8)?.pointer).toBe('flow_keys');
    expect(may('flow_dissector', 0, 4)).toBeUndefined();
    expect(may('tc', 168, 8)?.pointer).toBe('sock_or_null');
    expect(may('tc', 180, 1)?.field?.keepAccess).toBeDefined();
  });

  it('of cb: any width inside the array', () => {
    for (const size of [1, 2, 4, 8] as const) {
      expect(may('tc', 48, size, 'write')).toBeDefined();
      expect(may('socket', 56, size)).toBeDefined();
    }
    // cb[4] is the last one.
    expect(may('tc', 64, 4)).toBeDefined();
    expect(may('tc', 64, 8)).toBeUndefined();
    expect(may('sk_skb', 48, 8, 'write')).toBeUndefined();
  });

  it('of bpf_sock_addr: addresses of the right family, 8 bytes where they are aligned', () => {
    expect(may('cgroup/connect4', 4, 4, 'write')).toBeDefined();
    expect(may('cgroup/connect4', 4, 1)).toBeDefined();
    expect(may('cgroup/connect6', 4, 4)).toBeUndefined();
    expect(may('cgroup/connect6', 8, 8, 'write')).toBeDefined();
    expect(may('cgroup/connect6', 20, 8)).toBeUndefined();
    expect(may('cgroup/recvmsg4', 40, 4)).toBeUndefined();
    expect(may('cgroup/sendmsg4', 40, 4, 'write')?.field?.name).toBe('msg_src_ip4');
    expect(may('cgroup/sendmsg6', 48, 8)?.field?.name).toBe('msg_src_ip6[1]');
    expect(may('cgroup/sendmsg6', 56, 8)).toBeUndefined();
    expect(may('cgroup/connect4', 64, 8)?.pointer).toBe('sock');
    expect(may('cgroup/connect4', 28, 4, 'write')).toBeUndefined();
  });

  it('of raw contexts: aligned, inside, after what is hidden', () => {
    expect(may('tracepoint/x', 8, 8)).toEqual({});
    expect(may('tracepoint/x', 0, 8)).toBeUndefined();
    expect(may('tracepoint/x', 12, 8)).toBeUndefined();
    expect(may('tracepoint/x', 8, 8, 'write')).toBeUndefined();
    expect(may('kprobe/x', 160, 8)).toBeDefined();
    expect(may('kprobe/x', 168, 8)).toBeUndefined();
    expect(may('fentry/x', 0, 8)?.pointer).toBe('opaque');
    expect(may('syscall', 4, 4, 'write')).toBeDefined();
  });

  it('of the rest: what the attach type permits', () => {
    expect(may('cgroup/getsockopt', 36, 4, 'write')).toBeDefined();
    expect(may('cgroup/setsockopt', 36, 4)).toBeUndefined();
    expect(may('cgroup/setsockopt', 24, 4, 'write')).toBeDefined();
    expect(may('cgroup/getsockopt', 24, 4, 'write')).toBeUndefined();
    expect(may('cgroup/getsockopt', 24, 4)).toBeDefined();
    expect(may('cgroup/sock_create', 16, 4, 'write')?.field?.name).toBe('mark');
    expect(may('cgroup/post_bind4', 16, 4)).toBeUndefined();
    expect(may('cgroup/post_bind4', 44, 4)?.field?.name).toBe('src_port');
    expect(may('sk_reuseport', 20, 2)).toBeDefined();
    expect(may('sk_reuseport', 20, 1)).toBeUndefined();
    expect(may('sockops', 4, 4, 'write')?.field?.name).toBe('reply');
    expect(may('cgroup/sysctl', 4, 4, 'write')?.field?.name).toBe('file_pos');
  });
});
