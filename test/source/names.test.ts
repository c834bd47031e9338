/**
 * Numbers and opcode names have one home: the tables. Elsewhere in src/ a helper is `Helper.tail_call`, an
 * opcode `opcode('mov64.k')`, a map type `MapTypeId.HASH`, a program type `HOOKS.xdp.progType`, a Linux
 * version `linux(5, 4)`, and what a row of the semantics table does is in its columns, not in pieces of its
 * name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPS } from '../../src/isa/semantics.ts';
import { Helper } from '../../src/program/tables/helpers.ts';
import { HOOKS } from '../../src/program/tables/hooks.ts';
import { MapTypeId } from '../../src/program/tables/maps.ts';

/** Where the numbers are: the kernel's tables, the semantics table, the macros and the encoding itself. */
const TABLES = [
  'program/tables/',
  'isa/table/',
  'isa/macros/',
  'isa/insn.ts',
  // The encodings of other machines.
  'vm/machine-code/',
  'vm/wasm/assembler.ts',
];
/**
 * Floors that handle instructions only, no packets, files or WebAssembly: a byte in hex is an opcode or a
 * part of one.
 */
const NO_BYTES = ['analysis/', 'search/', 'optimizer/', 'verify/'];

interface Rule {
  says: string;
  floors?: readonly string[];
  finds: (line: string) => boolean;
  bad: readonly string[];
  good: readonly string[];
}

const matches =
  (...patterns: readonly RegExp[]) =>
  (line: string): boolean =>
    patterns.some((p) => p.test(line));

/** Numbers by the names that constants give them: `TAIL_CALL = 12`, `XDP = 6`, `MOV64_K = 0xb7`. */
const NUMBERED = new Map<string, Set<number>>();
const number = (name: string, n: number) => {
  NUMBERED.set(name, (NUMBERED.get(name) ?? new Set()).add(n));
};
for (const [name, id] of Object.entries(Helper)) number(name.toUpperCase(), id);
for (const [name, id] of Object.entries(MapTypeId)) number(name, id);
for (const hook of Object.values(HOOKS)) number(hook.name.toUpperCase(), hook.progType);
for (const row of OPS) {
  const name = row.name.toUpperCase().replace('.', '_');
  for (const form of [name, name.replace(/_[KX]$/, ''), row.mnemonic.toUpperCase()]) number(form, row.op);
}

function isNumbered(line: string): boolean {
  const one = /\bconst ([A-Z][A-Z0-9_]*)(?:: [^=]*)? = (0x[0-9a-f]+|\d+);/.exec(line);
  return one !== null && NUMBERED.get(one[1]!)?.has(Number(one[2])) === true;
}

const RULES: readonly Rule[] = [
  {
    says: 'a helper, map type, program type or opcode gets its number from the tables',
    finds: isNumbered,
    bad: [
      'const TAIL_CALL = 12;',
      'const ARRAY_OF_MAPS: number = 12;',
      'const XDP = 6;',
      'const MOV64_K = 0xb7;',
    ],
    good: ['const TAIL_CALL = Helper.tail_call;', 'const STACK = 512;', 'const LOOKUP = 3;'],
  },
  {
    says: 'helpers are compared and listed by name',
    finds: matches(
      /\b(?:helper|h)(?:\.id)? (?:===|!==) \d/,
      /\bhelperById\(\d/,
      /\bisHelperCall\(\w+, \d/,
      /\bhelpers?: \[\d/,
      /\bHELPERS?\b.*\[\d+(?:, \d+)*\]/,
    ),
    bad: ['if (helper.id === 165) return;', 'helpers: [130, 131],', 'helperById(28)', 'isHelperCall(i, 12)'],
    good: ['helper.id === Helper.snprintf', "helpers: ['tail_call'],", 'helper.args.length === 2'],
  },
  {
    says: 'what is called is compared by name',
    finds: (line) => /call|helper/i.test(line) && /\.imm (?:===|!==) \d/.test(line),
    bad: ['i.op === OP_CALL && i.imm === 12'],
    good: ['i.op === JNE_K && i.imm === 0', 'i.op === OP_CALL && i.imm === Helper.tail_call'],
  },
  {
    says: 'sets and tables of helpers are keyed by name',
    finds: matches(
      /(?:ReadonlySet<number>|ReadonlyMap<number, [^>]*>) = new (?:Set|Map)\(\[\d/,
      /^\s+\d+: (?:\(k\)|[a-z]\w*,)/,
      /^\s+\[\d+, \{/,
    ),
    bad: [
      'const ACQUIRES: ReadonlySet<number> = new Set([84, 85]);',
      '  12: tailCall,',
      '  [164, { fn: 2 }],',
    ],
    good: ['const A: ReadonlySet<number> = new Set([Helper.sk_release]);', '  [Helper.tail_call]: tailCall,'],
  },
  {
    says: 'opcodes are named, and read by the columns of their row',
    finds: matches(
      /\bop (?:===|!==) (?:0x|\d)/,
      /\bop & ~?(?:0x|\d)/,
      /\bop [-+] \d/,
      /\binsn\((?:0x|[1-9])/,
      /\bop: (?:0x|[1-9])/,
    ),
    bad: ['i.op === 0xbf', '(i.op & 0xf0)', 'insn(0xb7, 0)', '{ ...i, op: i.op - 1 }', '{ op: 0x85 }'],
    good: ["i.op === opcode('mov64.x')", 'form(spec, { width: 32 })', 'insn(OP_EXIT)', 'op.width === 64'],
  },
  {
    says: 'bytes of opcodes are not spelt in hex',
    floors: NO_BYTES,
    finds: matches(/\b0x(?!ff\b)[0-9a-f]{2}\b/),
    bad: ['const [JEQ_K, JNE_K] = [0x15, 0x55];', 'ARGUMENTS === 0x3e'],
    good: ['byte & 0xff', '0xffff_ffffn', '0x9e3779b1'],
  },
  {
    says: 'names of opcodes are not taken apart',
    finds: matches(
      /\b(?:spec|row|op|i)\)?\??\.name\??\.(?:replace|startsWith|endsWith|match|split|includes|slice|indexOf)\(/,
      /\.(?:test|exec)\((?:spec|row|op|s|r)\??\.name\)/,
      /\bspecOf\([^)]*\)\??\.name\./,
    ),
    bad: ["op.name.startsWith('movsx')", 'RARE.test(row.name)', "specOf(i)?.name.replace(/\\d.*/, '')"],
    good: ["op.mnemonic === 'movsx'", "row.name === 'mov64.k'", "section.name.startsWith('.rodata')"],
  },
  {
    says: 'map, program and attach types are named',
    finds: matches(
      /\b(?:mapType|progType|attachType|map\.type|def\.type) (?:===|!==) \d/,
      /\b(?:progType|mapType): \d/,
      /\bkeySize: .*\btype: [1-9]|\btype: [1-9]\d*, keySize/,
    ),
    bad: ['map.type === 12', '{ progType: 17, flags: 0 }', "{ name: 'm', type: 9, keySize: 4 }"],
    good: ['map.type === MapTypeId.HASH', 'progType: HOOKS.xdp.progType'],
  },
  {
    says: 'versions of Linux come from linux(major, minor)',
    finds: matches(
      /\b(?:linux|since)(?: (?:===|[<>]=?)|:) [3-9]\d\d\b/i,
      /\b(?:linux|since)\w* = [3-9]\d\d\b/i,
      /\[[^\]]*, [3-6]\d\d\],?$/,
    ),
    bad: ['rules.linux >= 603', 'since: 512', 'const LINUX = 504;', '  [PseudoLd.FUNC, 513],'],
    good: ['rules.linux >= linux(6, 3)', 'const HASH_CAP = 512;', '{ height: 300 }'],
  },
];

/** Code alone: comments say numbers as they like. Lines stay where they are. */
function withoutComments(text: string): string[] {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/(?<=^|\s)\/\/.*$/gm, '')
    .split('\n');
}

const files = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((e) => e.isFile() && e.name.endsWith('.ts'))
  .map((e) => relative('src', join(e.parentPath, e.name)))
  .filter((f) => !TABLES.some((t) => f.startsWith(t)))
  .map((f) => ({ file: f, lines: withoutComments(readFileSync(join('src', f), 'utf8')) }));

describe.each(RULES)('$says', ({ floors, finds, bad, good }) => {
  it.each(bad)('finds %s', (line) => expect(finds(line)).toBe(true));
  it.each(good)('leaves %s alone', (line) => expect(finds(line)).toBe(false));

  it('in all of src outside the tables', () => {
    expect(files.length).toBeGreaterThan(300);
    const found = files
      .filter(({ file }) => floors?.some((f) => file.startsWith(f)) ?? true)
      .flatMap(({ file, lines }) =>
        lines.flatMap((line, n) => (finds(line) ? [`src/${file}:${n + 1}: ${line.trim()}`] : [])),
      );
    expect(found).toEqual([]);
  });
});
