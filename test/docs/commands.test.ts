/**
 * Every command of README.md and docs/ does what its reader expects: it ends with exit code 0, in the order
 * of the page, with the files that the pages speak of. Budgets are made small with the options that exist for
 * that.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { probeKernel } from '../../src/kernel/syscall/doctor.ts';
import { isBuilt, k2, MAIN, ROOT, scratch } from '../cli/k2.ts';
import { type Block, blocksOf } from './blocks.ts';

const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((f) => `docs/${f}`)].filter((f) =>
  f.endsWith('.md'),
);
const kernel = probeKernel();

/** Why a block is not run here. */
function excuse({ marks, commands }: Block): string | undefined {
  const needsKernel = marks.includes('needs-root') || commands.some((c) => /^npx k2 kernel /.test(c));
  if (needsKernel && !kernel.available) return `no kernel here: ${kernel.reason}`;
  for (const mark of marks) {
    const why = {
      'needs-network': 'needs the network',
      'needs-redis': 'needs a Redis server; test/experiment/queue has one',
      slow: 'takes long; .ci/run and test/cli run the same with small budgets',
    }[mark];
    if (why !== undefined) return why;
    if (mark !== 'needs-root') throw new Error(`there is no mark '${mark}'`);
  }
  return undefined;
}

/** Options that make a command cheap. */
const CHEAP: readonly [RegExp, string][] = [
  [/^npx k2 (optimize|run) /, '--steps 500'],
  [/^npx k2 explain /, '--steps 500'],
  [/^npx k2 kernel diff /, '--runs 50'],
  [/^npx k2 kernel time /, '--samples 2 --tests 2'],
];

/** What npm itself does is no business of this test. */
const NPM = /^npm (ci|start|test|run \w+)$/;

const folder = scratch();

function sh(command: string): { code: number | null; text: string } {
  const cheap = CHEAP.flatMap(([pattern, options]) => (pattern.test(command) ? [` ${options}`] : [])).join(
    '',
  );
  const words = `${command}${cheap}`.replace(/\bnpx k2\b/g, `"${process.execPath}" "${MAIN}"`);
  const r = spawnSync('sh', ['-c', words], { cwd: folder, encoding: 'utf8', input: '' });
  return { code: r.status, text: `${command}\n${r.stdout}${r.stderr}` };
}

describe.skipIf(!isBuilt)('commands in the documentation (skipped before npm run build)', () => {
  beforeAll(() => {
    const objects = join(ROOT, 'corpora/builtin/obj/clang-14-O2');
    copyFileSync(join(objects, 'xdp_proto_count.o'), join(folder, 'prog.o'));
    cpSync(join(ROOT, 'experiments'), join(folder, 'experiments'), { recursive: true });
    // A smaller quick start: the page's commands, fewer programs.
    const quickstart = join(folder, 'experiments/quickstart.yaml');
    const text = readFileSync(quickstart, 'utf8');
    const four = text.replace(/( {6}- \w+\n){12}/, '');
    expect(four.length).toBeLessThan(text.length);
    writeFileSync(quickstart, four);
    cpSync(join(ROOT, 'test/kernel/differential/cases'), join(folder, 'test/kernel/differential/cases'), {
      recursive: true,
    });
    for (const name of ['xdp1', 'filter']) {
      writeFileSync(join(folder, `${name}.s`), 'r2 = 5\nr2 = 6\nr0 = 2\nexit\n');
      expect(k2(['asm', join(folder, `${name}.s`), '-o', join(folder, `${name}.insns`)]).code).toBe(0);
    }
    writeFileSync(join(folder, 'xdp1.desc'), '{ pgm_input_type = 2, }\n{ max_pkt_sz = 64, }\n');
  });

  for (const page of PAGES)
    for (const block of blocksOf(readFileSync(join(ROOT, page), 'utf8'))) {
      const why = excuse(block);
      const commands = block.commands.filter((c) => !NPM.test(c));
      const name = `${page}:${block.line}: ${block.commands.join(' ; ')}`;
      it.skipIf(why !== undefined || commands.length === 0)(
        `${name}${why === undefined ? '' : ` (SKIPPED: ${why})`}`,
        () => {
          for (const command of commands) {
            const { code, text } = sh(command);
            expect(code, text).toBe(0);
          }
        },
      );
    }
});

describe('blocksOf', () => {
  it('finds fenced, indented and YAML commands, and marks', () => {
    const page = [
      '```sh needs-root',
      'a b  # c',
      '```',
      '',
      '    npx k2 x',
      '    npx k2 y   # z',
      '',
      '    no command',
      '```console',
      '$ p',
      'output',
      '```',
      '```yaml',
      '  - run: npx k2 v w',
      '  - uses: q',
      '```',
    ].join('\n');
    expect(blocksOf(page)).toEqual([
      { line: 1, marks: ['needs-root'], commands: ['a b'] },
      { line: 5, marks: [], commands: ['npx k2 x', 'npx k2 y'] },
      { line: 9, marks: [], commands: ['p'] },
      { line: 13, marks: [], commands: ['npx k2 v w'] },
    ]);
  });
});
