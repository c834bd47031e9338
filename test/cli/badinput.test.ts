/** What users get wrong, through the compiled command: one paragraph, exit code 2, never a stack trace. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Ended, isBuilt, k2, ROOT, scratch } from './k2.ts';

const folder = scratch();
const at = (name: string): string => join(folder, name);
const OBJECT = join(ROOT, 'corpora/builtin/obj/clang-14-O2/xdp_proto_count.o');
const MACHINE_OFFSET = 18;
const EXIT = '9500000000000000';

function insns(name: string, hex: string, maps = ''): string {
  writeFileSync(at(`${name}.insns`), Buffer.from(hex, 'hex'));
  if (maps !== '') writeFileSync(at(`${name}.maps`), maps);
  return at(`${name}.insns`);
}

function expectParagraph(r: Ended, pattern: RegExp, code = 2): void {
  expect(r.err).toMatch(pattern);
  expect(r.err.trim().split('\n'), r.err).toHaveLength(1);
  expect(r.err).toMatch(/^k2: .*[.!?]\n$/);
  expect(r.err).not.toMatch(/\n\s+at |node:internal|Error:/);
  expect(r.code).toBe(code);
}

const optimize = (file: string, out = 'out.insns', ...more: string[]): Ended =>
  k2(['optimize', file, '-o', at(out), '--steps', '10', '--no-kernel', ...more], { cwd: folder });

describe.skipIf(!isBuilt)('bad input (skipped before npm run build)', () => {
  const object = isBuilt ? readFileSync(OBJECT) : Buffer.alloc(0);
  beforeAll(() => {
    writeFileSync(at('good.o'), object);
  });

  it('truncated ELF', () => {
    for (const length of [4, 40, 64, object.length >> 1, object.length - 10]) {
      writeFileSync(at('cut.o'), object.subarray(0, length));
      expectParagraph(optimize(at('cut.o'), 'out.o'), /cut\.o/);
    }
    expect(existsSync(at('out.o'))).toBe(false);
  });

  it('wrong machine', () => {
    const wrong = Buffer.from(object);
    wrong.writeUInt16LE(62, MACHINE_OFFSET);
    writeFileSync(at('x86.o'), wrong);
    expectParagraph(optimize(at('x86.o'), 'out.o'), /x86\.o.*machine/i);
  });

  it('neither object nor instructions', () => {
    writeFileSync(at('text.o'), 'hello');
    expectParagraph(k2(['disasm', at('text.o')]), /neither a BPF object/);
    expectParagraph(k2(['disasm', at('absent.o')]), /absent\.o: cannot read: no such file/);
    expectParagraph(k2(['disasm', folder]), /this is a folder/);
  });

  it('unknown opcode', () => {
    const file = insns('opcode', `ff00000000000000${EXIT}`);
    expectParagraph(optimize(file, 'out.insns', '--type', 'xdp'), /opcode\.insns.*(opcode|0xff)/);
  });

  it('jump out of range', () => {
    const file = insns('jump', `b7000000000000000500630000000000${EXIT}`);
    expectParagraph(optimize(file, 'out.insns', '--type', 'xdp'), /jump\.insns, insn 1/);
  });

  it('half an instruction', () => {
    expectParagraph(optimize(insns('half', '95000000'), 'out.insns', '--type', 'xdp'), /half\.insns/);
  });

  it('missing map', () => {
    const file = insns('map', `1811000007000000000000000000000095000000000000${'00'}`);
    expectParagraph(optimize(file, 'out.insns', '--type', 'xdp'), /map fd 7.*\.maps/);
  });

  it('damaged .maps', () => {
    const file = insns('maps', EXIT, 'counters { type = 1 }\n');
    expectParagraph(optimize(file, 'out.insns', '--type', 'xdp'), /maps\.maps, line 1: key_size is missing/);
  });

  it('unknown program type', () => {
    expectParagraph(optimize(insns('type', EXIT)), /program type is not known.*--type/);
    expectParagraph(optimize(at('type.insns'), 'out.insns', '--type', 'xpd'), /no program type 'xpd'.*'xdp'/);
  });

  it('unknown section type', () => {
    const renamed = Buffer.from(object);
    // The name of section xdp is the end of .relxdp's.
    const name = renamed.indexOf('.relxdp\0', 0, 'latin1');
    expect(name).toBeGreaterThan(0);
    renamed.write('.relqqq', name, 'latin1');
    writeFileSync(at('section.o'), renamed);
    expectParagraph(
      optimize(at('section.o'), 'out.o'),
      /section 'qqq' does not tell the program type.*--type/,
    );
  });

  it('a section that is not there', () => {
    expectParagraph(optimize(at('good.o'), 'out.o', '--section', 'tc'), /(section|function).*tc.*xdp/);
  });

  it('settings that do not exist', () => {
    expectParagraph(optimize(at('good.o'), 'out.o', '--settings', 'k2-7'), /no settings 'k2-7'/);
  });

  it('output of another kind', () => {
    expectParagraph(optimize(at('good.o'), 'out.insns'), /same kind/);
  });

  it('assembly that cannot be read', () => {
    writeFileSync(at('bad.s'), 'r0 = 1\nr0 = = 2\nexit\n');
    expectParagraph(k2(['asm', at('bad.s'), '-o', at('bad.insns')]), /bad\.s:2:\d+/);
  });

  it('YAML typo', () => {
    const text = readFileSync(join(ROOT, 'experiments/quickstart.yaml'), 'utf8');
    writeFileSync(at('typo.yaml'), text.replace('configurations:', 'configuratoins:'));
    expectParagraph(k2(['run', at('typo.yaml')], { cwd: folder }), /typo\.yaml:\d+:1.*'configurations'/);
    expectParagraph(k2(['experiment', 'validate', at('typo.yaml')]), /typo\.yaml:\d+:1/);
  });

  it('unknown corpus', () => {
    const text = 'name: u\ntitle: U\nprograms: [{ corpus: biultin }]\nconfigurations: [{ name: d }]\n';
    writeFileSync(at('unknown.yaml'), text);
    expectParagraph(k2(['run', at('unknown.yaml')], { cwd: folder }), /no corpus 'biultin'.*'builtin'/);
    expectParagraph(k2(['corpus', 'show', 'biultin']), /no corpus 'biultin'/);
    expectParagraph(k2(['corpus', 'show', 'builtin', 'nope']), /no program 'nope'/);
  });

  it('an import without a source', () => {
    expectParagraph(k2(['corpus', 'add', 'k2-paper'], { cwd: folder }), /--from DIR or --clone/);
    expectParagraph(k2(['corpus', 'add', 'k2-paper', '--from', folder], { cwd: folder }), /not there/);
    expectParagraph(k2(['corpus', 'build', 'builtin'], { cwd: folder }), /committed, not built/);
  });

  it('results that are not there', () => {
    expectParagraph(k2(['report', at('nothing')]), /no results here/);
  });

  it('a place that cannot be written (a file where a folder should be)', () => {
    writeFileSync(at('file'), '');
    expectParagraph(optimize(at('good.o'), 'file/out.o'), /file\/out\.o: cannot/);
    const run = k2(['run', join(ROOT, 'experiments/quickstart.yaml'), '--results', at('file')], {
      cwd: folder,
    });
    expectParagraph(run, /cannot make the folder/);
  });

  it.skipIf(process.getuid?.() === 0)('a place without write permission (skipped as root)', () => {
    mkdirSync(at('readonly'), { mode: 0o555 });
    expectParagraph(optimize(at('good.o'), 'readonly/out.o'), /permission denied/);
  });

  it.skipIf(!existsSync('/dev/full'))('full disk (skipped without /dev/full)', () => {
    mkdirSync(at('full/quickstart'), { recursive: true });
    symlinkSync('/dev/full', at('full/quickstart/cells.jsonl'));
    const args = [
      '--results',
      at('full'),
      '--optimizer',
      join(ROOT, 'test/experiment/data/fake-optimizer.mjs'),
    ];
    const r = k2(['run', join(ROOT, 'experiments/quickstart.yaml'), ...args], { cwd: folder });
    const last = r.err.trim().split('\n').at(-1);
    expect(last).toMatch(/^k2: .*cells\.jsonl: cannot write: no space left on the device\. Free some space/);
    expect(r.code).toBe(2);
  });

  it('words that the command does not know', () => {
    for (const args of [
      ['optimise'],
      ['optimize'],
      ['disasm', '--nope', 'x'],
      ['run', 'x', '--workers', 'two'],
    ]) {
      const r = k2(args);
      expect(r.code, args.join(' ')).toBe(2);
      expect(r.err).toMatch(/^error: /);
      expect(r.err).not.toMatch(/\n\s+at /);
    }
  });
});
