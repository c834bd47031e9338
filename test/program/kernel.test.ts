/**
 * The tables of helpers, maps and hooks against the running kernel's checker. Each helper is called from
 * every program type that has it, plainly and in variations; every byte of every context is loaded and stored
 * in every width; the checker must accept exactly what the tables say.
 */
import { describe, expect, it } from 'vitest';
import { type Insn, insn } from '../../src/isa/insn.ts';
import { accepts, linuxNumber, probeKernel } from '../../src/kernel/index.ts';
import { KernelSession } from '../../src/kernel/run/load.ts';
import type { MapDef } from '../../src/program/program.ts';
import { ctxAccess } from '../../src/program/tables/context.ts';
import { HELPERS, type Helper, helperById, invalidatesPacket } from '../../src/program/tables/helpers.ts';
import { HOOKS, hookOfSection, returnRangeOf } from '../../src/program/tables/hooks.ts';
import { MAP_TYPES } from '../../src/program/tables/maps.ts';
import { calling, mapFor, mapOfType, SECTIONS, type Variation } from './calling.ts';

/** The table describes recent checkers; older ones were stricter or laxer in places. */
const LINUX = 612;

const kernel = probeKernel();
const why = !kernel.available
  ? kernel.reason
  : linuxNumber(kernel.release) < LINUX
    ? `Linux ${kernel.release} is too old`
    : '';

function accepted(
  h: Helper,
  section: string,
  map: MapDef | undefined,
  v: Variation = {},
): boolean | undefined {
  const program = calling(h, section, map, v);
  return program === undefined ? undefined : accepts(program).status === 'accepted';
}

const homes = new Map<number, readonly string[]>();
/** Sections from which a plain call is accepted. */
function homesOf(h: Helper): readonly string[] {
  const known = homes.get(h.id);
  if (known !== undefined) return known;
  const found = SECTIONS.filter((s) => accepted(h, s, mapFor(h, MAP_TYPES)));
  homes.set(h.id, found);
  return found;
}

/** Where one program type has a prototype of its own, and the table that of the others. */
const DIFFERS: readonly { helper: string; section: RegExp; what: string }[] = [
  { helper: 'get_cgroup_classid', section: /^(?!tc|lwt)/, what: 'r1 uninitialised' },
  { helper: 'get_stackid', section: /^perf_event$/, what: 'license' },
];

/** [what the program does, how it departs from the plain call, whether the table allows it] */
function variationsOf(h: Helper, section: string): [string, Variation, boolean][] {
  const hasPacket = /^(xdp|tc|lwt|sk_skb)/.test(section);
  const rows: [string, Variation, boolean][] = [
    ['license', { license: 'Proprietary' }, !h.gplOnly],
    ['r0 is read', { after: 'r0 is read' }, h.ret !== 'void'],
  ];
  if (hasPacket) rows.push(['packet is read', { after: 'packet is read' }, !invalidatesPacket(h)]);
  const vary = (arg: number, as: NonNullable<Variation['as']>, expected: boolean) =>
    rows.push([`r${arg + 1} ${as}`, { arg, as }, expected]);
  for (const [i, a] of h.args.entries()) {
    vary(i, 'uninitialised', a.optional);
    if (a.kind === 'size') vary(i, 'zero', a.zeroOk);
    if (a.mem === undefined || a.mem.size.by === 'string' || a.kind === 'ringbuf_mem') continue;
    vary(i, 'NULL', a.nullable);
    vary(i, 'in read-only memory', !a.mem.writes);
    if (hasPacket) vary(i, 'in the packet', h.packetArgs);
  }
  return rows;
}

/** Program types and attach types whose contexts differ. */
const CONTEXT_SECTIONS = [
  ...SECTIONS,
  ...['xdp/devmap', 'action', 'netfilter', 'cgroup_skb/egress', 'sk_skb', 'lwt_out', 'sk_reuseport/migrate'],
  ...['bind6', 'connect6', 'sendmsg4', 'sendmsg6', 'recvmsg4', 'getpeername4', 'getsockname6'].map(
    (s) => `cgroup/${s}`,
  ),
  ...['cgroup/post_bind4', 'cgroup/post_bind6', 'cgroup/sock_release', 'kprobe.multi', 'kprobe.session'],
];

describe.skipIf(why !== '')(`the checker agrees with the tables (skipped without a kernel: ${why})`, () => {
  it.each(HELPERS.map((h) => [h.name, h] as const))('about %s', (_, h) => {
    const map = mapFor(h, MAP_TYPES);
    for (const section of homesOf(h))
      for (const [what, v, expected] of variationsOf(h, section)) {
        if (DIFFERS.some((d) => d.helper === h.name && d.section.test(section) && d.what === what)) continue;
        const got = accepted(h, section, map, v);
        if (got !== undefined) expect(got, `${section}: ${what}`).toBe(expected);
      }
  });

  it('and most helpers could be called', () => {
    expect(HELPERS.filter((h) => homesOf(h).length > 0).length).toBeGreaterThan(125);
  });

  // Their lookups give a reference, their updates take a socket: a plain call is not enough.
  const NOT_PLAIN = [
    'sockmap map_lookup_elem',
    'sockmap map_update_elem',
    'sockhash map_lookup_elem',
    'sockhash map_update_elem',
  ];

  it.each(MAP_TYPES.filter((t) => mapOfType(t.type) !== undefined).map((t) => [t.name, t] as const))(
    'about the helpers of %s maps',
    (_, t) => {
      const others = [1, 2, 3, 12, 25, 27, 33, 51, 52, 60, 71, 72, 81, 82, 87, 88, 130, 134, 195];
      for (const id of new Set([...t.helpers, ...others])) {
        const h = helperById(id);
        if (homesOf(h).length === 0 || NOT_PLAIN.includes(`${t.name} ${h.name}`)) continue;
        const got = homesOf(h).some((s) => accepted(h, s, mapOfType(t.type)));
        expect(got, `${t.name} ${h.name}`).toBe(t.helpers.includes(id));
      }
    },
  );

  /** Load or store of a context byte range; the result is in every hook's range. */
  const touch = (offset: number, size: 1 | 2 | 4 | 8, direction: 'read' | 'write') => {
    const code = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 }[size];
    return direction === 'read'
      ? [insn(0x61 | code, 2, 1, offset)]
      : [insn(0xb7, 2), insn(0x63 | code, 1, 2, offset)];
  };
  const EXIT = [insn(0xb7, 0, 0, 0, 1), insn(0x95)];

  function open(section: string): KernelSession | undefined {
    const { hook, attachType } = hookOfSection(section)!;
    const functions = [{ name: 'f', start: 0, end: EXIT.length }];
    const provenance = { file: 'context', sha256: '' };
    const rest = {
      license: 'GPL',
      insns: EXIT,
      functions,
      maps: [],
      origin: [0, 1],
      pinned: new Map(),
      provenance,
    };
    const opened = KernelSession.open({ name: 'f', section, hook, attachType, ...rest });
    if (!opened.ok) return undefined;
    if (opened.session.check(EXIT).status === 'accepted') return opened.session;
    opened.session.close();
    return undefined;
  }

  it.each(CONTEXT_SECTIONS)('about the context and the result of %s', (section) => {
    const session = open(section);
    // A kernel may be built without the program type.
    if (session === undefined) return;
    const { hook: name, attachType } = hookOfSection(section)!;
    const hook = HOOKS[name];
    const accepts = (insns: Insn[]) => session.check(insns, { explain: false }).status === 'accepted';
    try {
      // Of the long raw contexts only the start and some places further on.
      const step = hook.ctxSize > 1000 ? 1361 : 1;
      const wrong: string[] = [];
      for (let offset = 0; offset < Math.min(hook.ctxSize + 8, 0x8000); offset += offset < 24 ? 1 : step)
        for (const size of [1, 2, 4, 8] as const)
          for (const direction of ['read', 'write'] as const) {
            const expected = ctxAccess(hook, attachType, offset, size, direction) !== undefined;
            if (accepts([...touch(offset, size, direction), ...EXIT]) !== expected)
              wrong.push(`${direction} of ${size} at ${offset}: expected ${expected}`);
          }
      expect(wrong).toEqual([]);
      const range = returnRangeOf(hook, attachType);
      for (let r0 = -1; r0 <= 4; r0++) {
        const expected = range === undefined || (r0 >= range[0] && r0 <= range[1]);
        expect(accepts([insn(0xb7, 0, 0, 0, r0), insn(0x95)]), `return ${r0}`).toBe(expected);
      }
    } finally {
      session.close();
    }
  });
});
