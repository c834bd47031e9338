/** The reference page of helper functions: prototypes, program types, effects. */

import { hookAllowsHelper, LISTED_HOOKS } from '../../program/tables/helpers/allowed.ts';
import { EFFECTS, HELPERS, type Helper, type HelperArg, type MemArg } from '../../program/tables/helpers.ts';
import type { HookName } from '../../program/tables/hook-types.ts';
import { MAP_TYPES } from '../../program/tables/maps.ts';
import { MODELLED } from '../../vm/helpers/index.ts';
import { code, head, table, version } from './page.ts';

const RETURNS: Readonly<Record<Helper['ret'], string>> = {
  integer: 'integer',
  void: 'nothing: r0 may not be read',
  map_value: 'map value',
  map_value_or_null: 'map value or NULL',
  sock_or_null: 'socket or NULL',
  sock_common_or_null: 'common socket or NULL',
  tcp_sock_or_null: 'TCP socket or NULL',
  mem_or_null: 'memory or NULL',
  kernel: 'kernel object',
  kernel_or_null: 'kernel object or NULL',
  unknown: 'not described',
};

const KINDS: Readonly<Record<HelperArg['kind'], string>> = {
  scalar: 'number',
  ctx: 'context',
  ctx_or_sock: 'context or socket',
  map: 'map',
  map_key: 'map key',
  map_value: 'map value',
  mem: 'memory',
  size: 'size',
  alloc_size: 'constant size of the result',
  sock: 'socket',
  kernel: 'kernel object',
  func: 'callback',
  callback_ctx: 'memory for the callback',
  spin_lock: 'spin lock',
  timer: 'timer',
  ringbuf_mem: 'ring buffer record',
  dynptr: 'dynptr',
  unknown: 'anything',
};

/** One argument in words: kind, size, and what the helper does with the bytes behind it. */
export function argumentText({ kind, nullable, optional, zeroOk, mem }: HelperArg): string {
  const what = KINDS[kind] + (nullable ? ' or NULL' : '');
  const notes = [
    ...(optional ? ['need not be set'] : []),
    ...(kind === 'size' ? [zeroOk ? '0 or more' : '1 or more'] : []),
    ...(mem === undefined ? [] : memoryText(mem)),
  ];
  return notes.length === 0 ? what : `${what} (${notes.join(', ')})`;
}

function memoryText({ size, reads, writes, uninit, partial }: MemArg): string[] {
  const access = reads && writes ? 'read and written' : reads ? 'read' : 'written';
  const bytes = {
    key: [],
    value: [],
    string: ['up to its zero byte'],
    unknown: ['any number of bytes'],
    fixed: size.by === 'fixed' ? [`${size.bytes} bytes`] : [],
    arg: size.by === 'arg' ? [`as many bytes as r${size.arg + 1} says`] : [],
  }[size.by];
  return [
    ...bytes,
    access,
    ...(writes && !uninit ? ['must be initialised'] : []),
    ...(writes && uninit && partial ? ['some bytes may keep their value'] : []),
  ];
}

/** Program types that may call it; `all` where every listed type may. */
export function callersOf(id: number): 'all' | HookName[] {
  const hooks = LISTED_HOOKS.filter((hook) => hookAllowsHelper(hook, undefined, id));
  return hooks.length === LISTED_HOOKS.length ? 'all' : hooks;
}

function section(h: Helper): string {
  const callers = callersOf(h.id);
  const maps = MAP_TYPES.filter((m) => m.helpers.includes(h.id)).map((m) => code(m.name));
  const rows: [string, string][] = [
    ['number', `${h.id}, since Linux ${version(h.since)}`],
    ['arguments', h.args.map((a, n) => `r${n + 1}: ${argumentText(a)}`).join('<br>') || 'none'],
    ['returns', RETURNS[h.ret] + (h.retBits === 32 ? ', below 2^32' : '')],
    ['effects', h.effects.map(code).join(', ') || 'not described'],
    [
      'callers',
      callers === 'all' ? 'all listed types' : callers.map(code).join(', ') || 'none of the listed types',
    ],
    ...(maps.length === 0 ? [] : [['maps', maps.join(', ')] as [string, string]]),
    ['notes', notesOf(h).join('; ') || '-'],
  ];
  return `### ${h.name}\n\n${table(['', ''], rows)}\n`;
}

function notesOf(h: Helper): string[] {
  return [
    ...(h.gplOnly ? ['GPL programs only'] : []),
    ...(h.packetArgs ? ['memory arguments may be in the packet'] : []),
    ...(h.known ? [] : ['treated as if it did anything']),
    MODELLED.includes(h.id) ? 'modelled by the interpreter' : 'stand-in in the interpreter',
  ];
}

const EFFECT_TEXT: Readonly<Record<(typeof EFFECTS)[number], string>> = {
  pure: 'the result depends on arguments and argument memory only',
  random: 'a new value at each call',
  time: 'a new value at each call',
  runConstant: 'the same value at each call of one run with the same arguments',
  kernelRead: 'depends on kernel state and changes nothing that can be observed',
  mapRead: 'reads a map',
  mapWrite: 'changes a map',
  packetRead: 'reads the packet',
  packetWrite: 'changes the packet',
  packetResize: 'packet pointers are invalid afterwards',
  packetMove: 'the packet may start, end or have its bytes elsewhere afterwards',
  ctxWrite: 'changes fields of the context',
  redirect: 'decides where the packet or connection goes',
  output: 'an event to user space',
  tailCall: 'does not return when it succeeds',
  acquire: 'gives a reference that must be released',
  release: 'releases a reference',
  lock: 'spin lock',
  callback: 'calls a subprogram',
  sleep: 'may sleep',
  kernelState: 'changes kernel state otherwise',
};

export function helpersPage(): string {
  const text = `
All ${HELPERS.length} helper functions with a number of their own. Names are without \`bpf_\`. Program types are those that
Linux 6.18 lets call the helper; types that load only with a target (\`tracing\`, \`lsm\`, \`ext\`, \`struct_ops\`) are not
listed. Effects say what a call does beyond its memory arguments, and decide what may move across it:`;
  const effects = table(
    ['effect', 'meaning'],
    EFFECTS.map((e) => [code(e), EFFECT_TEXT[e]]),
  );
  const sources = ['src/program/tables/helpers/prototypes.ts', 'src/program/tables/helpers/allowed.ts'];
  const all = [...HELPERS].sort((a, b) => a.id - b.id);
  return [head('Helper functions', sources, text), effects, '\n## By number\n', ...all.map(section)].join(
    '\n',
  );
}
