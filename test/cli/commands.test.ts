/** What commands print when all is well, through the compiled command. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPrograms } from '../../src/cli/programs.ts';
import { FAKE, isBuilt, k2, k2Interrupted, ROOT, scratch } from './k2.ts';

const folder = scratch();
const at = (name: string): string => join(folder, name);
const OBJECT = join(ROOT, 'corpora/builtin/obj/clang-14-O2/tc_dscp_mark.o');
const objects = join(ROOT, 'corpora/builtin/obj/clang-14-O2');
const DEAD = 'r2 = 5\nr2 = 6\nr0 = 2\nexit\n';
const DEFINITION = `name: t
title: Two programs
programs: [{ corpus: builtin, ids: [xdp_proto_count, xdp_swap_tx] }]
configurations: [{ name: default, options: { steps: STEPS, kernel: "off" } }]
baselines: { variants: [clang-14-O1, clang-14-Os] }
`;

describe.skipIf(!isBuilt)('k2 (skipped before npm run build)', () => {
  it('shows examples in its help, quickly without loading anything heavy', () => {
    const r = k2(['--help']);
    expect(r.code).toBe(0);
    expect(r.out).toContain('k2 optimize prog.o -o prog.small.o');
    for (const command of [
      'optimize',
      'run',
      'report',
      'compare',
      'corpus',
      'disasm',
      'exec',
      'verify',
      'kernel',
      'doctor',
    ])
      expect(r.out).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('every command takes --json', () => {
    let commands = 0;
    const visit = (words: readonly string[]): void => {
      const { out } = k2([...words, '--help']);
      const [, list] = out.split('Commands:');
      if (list === undefined) {
        expect(out, words.join(' ')).toContain('--json');
        commands++;
        return;
      }
      const [below = ''] = list.split(/^\S/m);
      for (const [, name] of below.matchAll(/^ {2}([a-z]+) .*/gm))
        if (name !== 'help') visit([...words, name!]);
    };
    visit([]);
    expect(commands).toBeGreaterThan(30);
  });

  it('asm, disasm, optimize, verify: raw instructions', () => {
    writeFileSync(at('dead.s'), DEAD);
    expect(k2(['asm', at('dead.s'), '-o', at('dead.insns')]).code).toBe(0);
    expect(k2(['disasm', at('dead.insns'), '--type', 'xdp']).out).toContain('0: r2 = 5\n1: r2 = 6\n');
    const args = ['--type', 'xdp', '--steps', '100', '--no-kernel'];
    const r = k2(['optimize', at('dead.insns'), '-o', at('small.insns'), ...args, '--json']);
    expect(r.err).toBe('');
    const json = JSON.parse(r.out);
    expect(json.programs[0]).toMatchObject({ status: 'optimized', slotsBefore: 4, slotsAfter: 2 });
    expect(readFileSync(at('small.insns')).toString('hex')).toBe('b7000000020000009500000000000000');
    const same = k2(['verify', at('dead.insns'), at('small.insns'), '--type', 'xdp', '--no-cache']);
    expect([same.out.replace(/\(.*\)/, '(T)'), same.code]).toEqual([
      'dead: equivalent: the same code, the one range that differs (T)\n',
      0,
    ]);
    writeFileSync(at('other.s'), 'r0 = 3\nexit\n');
    k2(['asm', at('other.s'), '-o', at('other.insns')]);
    const other = k2([
      'verify',
      at('dead.insns'),
      at('other.insns'),
      '--type',
      'xdp',
      '--json',
      '--no-kernel',
    ]);
    expect(JSON.parse(other.out)[0]).toMatchObject({
      verdict: 'different',
      evidence: { outputs: [{ what: 'r0', first: '2', second: '3' }] },
    });
    expect(other.code).toBe(1);
  });

  it('optimize: several versions, chosen windows; explain', () => {
    // One whose rewrites come one by one: of others, the rules find all at once, and there is one version.
    const several = join(objects, 'xdp_swap_tx.o');
    const few = ['--steps', '4000', '--no-kernel'];
    const args = ['optimize', OBJECT, ...few];
    const r = k2(['optimize', several, ...few, '-o', at('v.o'), '--top-k', '2', '--json']);
    const { output, programs } = JSON.parse(r.out);
    expect(output).toEqual([at('v.1.o'), at('v.2.o')]);
    expect(programs[0].versions).toHaveLength(2);
    for (const file of output) expect(k2(['verify', several, file]).code).toBe(0);
    const inside = k2([...args, '-o', at('w.o'), '--window', '9998..9999']);
    expect([inside.code, inside.err]).toEqual([2, expect.stringContaining('9998..9999 is no range')]);
    const text = k2(['explain', OBJECT, '--steps', '0']).out;
    expect(text).toMatch(/^\S.*: \d+ of \d+ slots can change\n {2}0\.\.\d+ /);
    const [row] = JSON.parse(k2(['explain', OBJECT, '--steps', '1000', '--json']).out);
    expect(row.search.stats.steps).toBe(1000);
    expect(row.ranges[0].slots.start).toBe(0);
  });

  it('optimize gives the same output for the same seed', () => {
    const once = (out: string) => {
      expect(k2(['optimize', OBJECT, '-o', at(out), '--steps', '20000', '--no-kernel']).code).toBe(0);
      return readFileSync(at(out)).toString('hex');
    };
    expect(once('a.o')).toBe(once('b.o'));
    expect(k2(['verify', OBJECT, at('a.o')]).code).toBe(0);
  });

  it('reads every object of the builtin corpus', () => {
    const files = readdirSync(objects).filter((f) => f.endsWith('.o'));
    expect(files.length).toBeGreaterThanOrEqual(24);
    const unusable = files.flatMap((f) => findPrograms(join(objects, f), {}).filter((p) => !p.ok));
    expect(unusable).toEqual([]);
    const r = k2(['disasm', OBJECT, '--json']);
    expect(JSON.parse(r.out)[0]).toMatchObject({
      status: 'ok',
      name: 'tc_dscp_mark',
      hook: 'sched_cls',
      slots: 79,
    });
  });

  it('exec follows the contract of bpf_conformance', () => {
    // r0 = *(u32 *)(r1 + 0); r0 += r2; exit
    const program = '6110000000000000 0f20000000000000 9500000000000000';
    expect(k2(['exec', '01000000'], { input: program })).toMatchObject({ code: 0, out: '5\n' });
    expect(k2(['exec'], { input: 'b700000007000000 9500000000000000' })).toMatchObject({
      code: 0,
      out: '7\n',
    });
    const outside = k2(['exec', '01'], { input: program });
    expect(outside.out).toBe('');
    expect(outside.err).not.toBe('');
    expect(outside.code).not.toBe(0);
    expect(k2(['exec'], { input: 'xyz' })).toMatchObject({ code: 2, out: '' });
  });

  it('corpus list, show and verify', () => {
    const list = JSON.parse(k2(['corpus', 'list', '--json']).out);
    expect(list).toContainEqual(expect.objectContaining({ name: 'builtin', there: expect.any(Number) }));
    expect(k2(['corpus', 'show', 'builtin', 'xdp_swap_tx']).out).toContain('clang-14-O2');
    expect(k2(['corpus', 'verify', 'builtin'])).toMatchObject({ code: 0 });
  });

  it('doctor says what works', () => {
    const r = k2(['doctor', '--json']);
    expect(r.code).toBe(0);
    expect(typeof JSON.parse(r.out).bpf.available).toBe('boolean');
  });

  it('run ends with the table and the report; again, it does nothing', () => {
    writeFileSync(at('t.yaml'), DEFINITION.replace('STEPS', '2000'));
    const first = k2(['run', 't.yaml'], { cwd: folder });
    expect(first.err).toContain('2 cells to do');
    expect(first.out).toMatch(/program +-O1 +-Os +ours +reduction % +ns before +ns after +status/);
    expect(first.out).toContain('Report: reports/t/index.html');
    expect(existsSync(at('reports/t/index.html'))).toBe(true);
    expect(first.code).toBe(0);
    const again = k2(['run', 't.yaml', '--no-report'], { cwd: folder });
    expect(again.err).toContain('2 are done already, 0 to do');
    const rows = readFileSync(at('results/t/cells.jsonl'), 'utf8').trim().split('\n');
    expect(rows).toHaveLength(2);
    expect(k2(['report', 'results/t', '-o', 'elsewhere'], { cwd: folder })).toMatchObject({
      code: 0,
      out: 'elsewhere/index.html\nelsewhere/report.md\n',
    });
  });

  it('run: Ctrl-C ends with 130, keeps what is done, and the same command goes on', async () => {
    writeFileSync(at('slow.yaml'), DEFINITION.replace('name: t', 'name: slow').replace('STEPS', '670'));
    const args = ['run', 'slow.yaml', '--no-report', '--optimizer', FAKE];
    const r = await k2Interrupted(args, folder, 'to do');
    expect(r.code).toBe(130);
    expect(r.err).toMatch(
      /k2: interrupted\. 0 of 2 cells are done and kept in .*; the same command goes on\.\n$/,
    );
    expect(r.err).not.toMatch(/\n\s+at /);
  });

  it('optimize: Ctrl-C ends with 130 and writes what is proven by then', async () => {
    const object = join(objects, 'xdp_talkers.o');
    const args = ['optimize', object, '-o', at('partial.o'), '--steps', '2000000000', '--no-kernel'];
    const r = await k2Interrupted(args, folder, 3000);
    expect(r.code).toBe(130);
    expect(r.err).toMatch(/interrupted\. What was proven by then is in/);
    expect(k2(['verify', object, at('partial.o')]).code).toBe(0);
  });
});
