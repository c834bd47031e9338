import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import {
  definitionHash,
  definitionJsonSchema,
  fullDefinition,
  parseDefinition,
  readDefinition,
  withSteps,
} from '../../../src/experiment/definition/definition.ts';
import { expand } from '../../../src/experiment/definition/expand.ts';

const experiments = resolve(import.meta.dirname, '../../../experiments');
const MINIMAL = `name: t
title: T
programs:
  - corpus: builtin
    ids: [xdp_proto_count, xdp_swap_tx]
configurations:
  - name: default
`;
const parse = (text: string) => parseDefinition(text, 'x.yaml');

function failureOf(text: string): UserError {
  try {
    expand(parse(text), '');
  } catch (e) {
    if (e instanceof UserError) return e;
    throw e;
  }
  throw new Error('it was accepted');
}

describe('committed definitions', () => {
  const files = readdirSync(experiments).filter((f) => f.endsWith('.yaml'));

  it.each(files)('%s is valid and names what exists', (file) => {
    const definition = readDefinition(join(experiments, file));
    expect(`${definition.name}.yaml`).toBe(file);
    expect(expand(definition, '').length).toBeGreaterThan(0);
  });

  it.each(files)('%s points editors to the schema', (file) => {
    expect(readFileSync(join(experiments, file), 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\/schema\.json\n/,
    );
  });

  it('schema.json is what the code says (k2 experiment schema > experiments/schema.json)', () => {
    expect(JSON.parse(readFileSync(join(experiments, 'schema.json'), 'utf8'))).toEqual(
      definitionJsonSchema(),
    );
  });
});

describe('mistakes are named with line and column', () => {
  it.each([
    ['a misspelt property', MINIMAL.replace('ids:', 'idz:'), 'x.yaml:5:5', "Did you mean 'ids'?"],
    ['a misspelt top-level property', `${MINIMAL}sedes: [1]\n`, 'x.yaml:8:1', "Did you mean 'seeds'?"],
    [
      'a misspelt option',
      MINIMAL.replace('default', 'default\n    options: { stepz: 3 }'),
      'x.yaml:8:16',
      "Did you mean 'steps'?",
    ],
    [
      'a value that does not exist',
      MINIMAL.replace('default', 'default\n    options: { goal: sise }'),
      'x.yaml:8:22',
      "Did you mean 'size'?",
    ],
    ['a wrong type', `${MINIMAL}seeds: many\n`, 'x.yaml:8:8', ''],
    ['a wrong element', `${MINIMAL}seeds: [1, two]\n`, 'x.yaml:8:12', ''],
    ['YAML that does not parse', MINIMAL.replace('[xdp', '[[xdp'), 'x.yaml:6:', 'Mend the YAML.'],
  ])('%s', (_, text, where, hint) => {
    const e = failureOf(text);
    expect(e.where.startsWith(where), e.where).toBe(true);
    expect(e.hint).toBe(hint);
  });

  it('a missing property', () => {
    expect(failureOf(MINIMAL.replace('title: T\n', '')).message).toContain('title');
  });

  it('names that do not exist', () => {
    expect(failureOf(MINIMAL.replace('builtin', 'bultin')).hint).toBe("Did you mean 'builtin'?");
    expect(failureOf(MINIMAL.replace('xdp_swap_tx', 'xdp_swap_rx')).hint).toBe("Did you mean 'xdp_swap_tx'?");
    const variant = MINIMAL.replace('builtin', 'builtin\n    variant: clang-14-O7');
    expect(failureOf(variant).message).toContain("no variant 'clang-14-O7'");
    expect(failureOf(MINIMAL.replace('  - name: default', '  - name: a\n  - name: a')).message).toContain(
      "'a'",
    );
    const empty = MINIMAL.replace('ids: [xdp_proto_count, xdp_swap_tx]', 'hook: [netfilter]');
    expect(failureOf(empty).message).toContain('no program');
  });
});

describe('expand', () => {
  it('crosses programs, configurations, sweeps and seeds', () => {
    const text = `${MINIMAL.replace('default', 'd\n    sweep: { settings: [k2-1, k2-2], tests: [4, 8] }')}seeds: [1, 2]\n`;
    const cells = expand(parse(text), '');
    expect(cells).toHaveLength(2 * 4 * 2);
    expect(cells[0]).toMatchObject({
      program: { id: 'xdp_proto_count', variant: 'clang-14-O2', hook: 'xdp' },
      configuration: 'd settings=k2-1 tests=4',
      options: { settings: 'k2-1', tests: 4, seed: 1 },
    });
    expect(new Set(cells.map((c) => c.key)).size).toBe(16);
  });

  it('filters by hook, size and feature', () => {
    const of = (filter: string) =>
      expand(parse(MINIMAL.replace('ids: [xdp_proto_count, xdp_swap_tx]', filter)), '').map(
        (c) => c.program.id,
      );
    expect(of('hook: [lwt_in, lwt_xmit]')).toEqual(['lwt_in_guard', 'lwt_xmit_limit']);
    expect(of('slots: { min: 500 }').sort()).toEqual(['xdp_l4lb', 'xdp_syn_cookie']);
    expect(of('tag: [tail-call]')).toContain('sock_dispatch');
  });

  it('gives the same keys to the same work, and others when options, seed or code differ', () => {
    const key = (text: string, code = '') => expand(parse(text), code)[0]!.key;
    expect(key(MINIMAL)).toBe(key(MINIMAL.replace('title: T', 'title: Another')));
    const others = [
      key(`${MINIMAL}seeds: [2]\n`),
      key(MINIMAL.replace('default', 'default\n    options: { steps: 5 }')),
      key(MINIMAL, 'other'),
      key(MINIMAL),
    ];
    expect(new Set(others).size).toBe(4);
    expect(definitionHash(parse(MINIMAL))).not.toBe(definitionHash(parse(`${MINIMAL}seeds: [2]\n`)));
  });

  it('takes isa and Linux as people write them', () => {
    const text = MINIMAL.replace('default', 'default\n    options: { isa: v2, linux: "5.10" }');
    expect(expand(parse(text), '')[0]!.options).toMatchObject({ level: 2, linux: 510 });
  });
});

describe('budgets', () => {
  const text = `${MINIMAL.replace('    ids: [xdp_proto_count, xdp_swap_tx]\n', '    ids: [xdp_swap_tx]\n    options: { steps: 5 }\n  - corpus: builtin\n    ids: [xdp_proto_count]\n')}full: { steps: 9, seeds: [1, 2] }\n`;
  const steps = (d: ReturnType<typeof parse>) => expand(d, '').map((c) => c.options.steps);
  it('are of the program, else of the configuration', () => {
    expect(steps(parse(text))).toEqual([5, undefined]);
  });
  it('are replaced as a whole by --steps and --full', () => {
    expect(steps(withSteps(parse(text), 7))).toEqual([7, 7]);
    expect(steps(fullDefinition(parse(text)))).toEqual([9, 9, 9, 9]);
    expect(fullDefinition(parse(text)).name).toBe('t-full');
  });
});
