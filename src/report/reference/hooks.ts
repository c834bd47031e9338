/**
 * The reference page of hooks: sections, context layout, packet access, and what the kernel reads of the
 * result.
 */
import { AttachType, LoadFlag } from '../../program/tables/attach.ts';
import type { CtxField, Hook, SectionPattern } from '../../program/tables/hook-types.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { code, head, table } from './page.ts';

const attachNames = new Map<number, string>(Object.entries(AttachType).map(([name, n]) => [n, name]));
const attachName = (n: number): string => attachNames.get(n) ?? String(n);

const POINTERS: Readonly<Record<NonNullable<CtxField['pointer']>, string>> = {
  packet: 'pointer to the packet',
  packet_end: 'end of the packet',
  packet_meta: 'pointer to the metadata before the packet',
  sock: 'socket',
  sock_or_null: 'socket or NULL',
  flow_keys: 'flow keys',
  opaque: 'pointer that is not followed',
};

function notesOf(f: CtxField): string {
  return [
    ...(f.pointer === undefined ? [] : [POINTERS[f.pointer]]),
    ...(f.narrow ? ['narrower loads'] : []),
    ...(f.narrowWrite === true ? ['narrower stores'] : []),
    ...(f.wide === true ? ['8-byte access covers two elements'] : []),
    ...(f.write && f.readsWhole === true ? ['a store looks at all 64 bits'] : []),
    ...(!f.write || f.lossy === undefined ? [] : [`may not read back: ${f.lossy}`]),
    ...(f.keepAccess === undefined ? [] : [`accesses are kept: ${f.keepAccess}`]),
    ...(f.attachTypes === undefined ? [] : [`only ${f.attachTypes.map(attachName).join(', ')}`]),
    ...(f.writeAttachTypes === undefined
      ? []
      : [`stores only ${f.writeAttachTypes.map(attachName).join(', ')}`]),
  ].join('; ');
}

function sectionText({ pattern, attachType, loadFlags = 0 }: SectionPattern): string {
  const notes = [
    ...(attachType === undefined ? [] : [attachName(attachType)]),
    ...Object.entries(LoadFlag).flatMap(([name, bit]) => ((loadFlags & bit) === 0 ? [] : [name])),
  ];
  return `${code(pattern)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}

function resultText({ returnBits, returnRange, returnRangeBy = [] }: Hook): string {
  const range = (r: readonly [number, number] | undefined): string =>
    r === undefined ? 'any value' : `${r[0]} to ${r[1]}`;
  const by = returnRangeBy.map((r) => `${range(r.range)} for ${r.attachTypes.map(attachName).join(', ')}`);
  const bits = returnBits === 0 ? 'ignored' : `${returnBits} bits are read`;
  const ranges = [...by, ...(returnRange === undefined ? [] : [range(returnRange)])];
  return ranges.length === 0 ? bits : `${bits}; the verifier demands ${ranges.join('; else ')}`;
}

const PACKET = { none: 'none', read: 'read', write: 'read and write' };

function hookSection(h: Hook): string {
  const raw = [
    `any aligned load up to byte ${h.ctxSize}`,
    ...(h.rawStart === undefined ? [] : [`not below byte ${h.rawStart}`]),
    ...(h.rawWrite === true ? ['stores too'] : []),
    ...(h.rawPointers === true ? ['a load may give a kernel pointer'] : []),
  ].join(', ');
  const facts = table(
    ['', ''],
    [
      ['program type', String(h.progType)],
      ['sections', h.sections.map(sectionText).join(', ')],
      ['context', h.ctxAccess === 'raw' ? raw : `${h.ctxSize} bytes, by the fields below`],
      ['packet access', PACKET[h.packet] + (h.legacyPacketLoads ? ', and `ld_abs`, `ld_ind`' : '')],
      ['result', resultText(h)],
      ['`BPF_PROG_TEST_RUN`', h.testRun ? 'yes' : 'no'],
    ],
  );
  const fields = h.fields.map((f) => [
    String(f.offset),
    String(f.size),
    code(f.name),
    f.write ? 'read, write' : 'read',
    notesOf(f),
  ]);
  const layout =
    h.fields.length === 0 ? '' : `\n${table(['offset', 'bytes', 'field', 'access', 'notes'], fields)}\n`;
  return `## ${h.name}\n\n${facts}\n${layout}`;
}

export function hooksPage(): string {
  const hooks = Object.values(HOOKS).sort((a, b) => a.progType - b.progType);
  const text = `
All ${hooks.length} program types. Fields with write access and the bits of the result that the kernel reads decide what
"equivalent" means for a program of the type. Section names are exact, or prefixes when they end in \`/\` or \`*\`; the words
behind them are the attach type and the load flags that they imply. Field offsets are those of
\`include/uapi/linux/bpf.h\`; who may touch a field is taken from the \`is_valid_access\` functions of the kernel.`;
  return [head('Hooks', ['src/program/tables/hooks.ts'], text), ...hooks.map(hookSection)].join('\n');
}
