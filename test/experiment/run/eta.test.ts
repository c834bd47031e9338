import { describe, expect, it } from 'vitest';
import { parseDefinition } from '../../../src/experiment/definition/definition.ts';
import { expand } from '../../../src/experiment/definition/expand.ts';
import { costOf, durationText, Eta } from '../../../src/experiment/run/eta.ts';

const cells = expand(
  parseDefinition(
    `name: t
title: T
programs:
  - { corpus: builtin, ids: [xdp_proto_count] }
  - { corpus: builtin, ids: [xdp_swap_tx], options: { steps: 3000000 } }
configurations: [{ name: default, options: { steps: 1000000 } }]
`,
    't.yaml',
  ),
  '',
);
const [small, large] = cells.map(costOf) as [number, number];

describe('Eta', () => {
  it('goes by proposals, those of running cells included', () => {
    expect(large / small).toBeGreaterThan(2);
    const eta = new Eta(cells, 0);
    expect(eta.seconds(1000)).toBeUndefined();
    eta.progress(cells[0]!.key, 0.5);
    expect(eta.seconds(10_000)).toBeCloseTo((10 * (small / 2 + large)) / (small / 2));
    eta.finish(cells[0]!.key);
    expect(eta.seconds(20_000)).toBeCloseTo((20 * large) / small);
    eta.finish(cells[1]!.key);
    expect(eta.seconds(60_000)).toBeCloseTo(0);
  });

  it.each([
    [0.4, '0 s'],
    [89, '89 s'],
    [119, '2 min'],
    [3599, '1 h 00 min'],
    [3900, '1 h 05 min'],
  ])('%s seconds are %s', (seconds, text) => expect(durationText(seconds)).toBe(text));
});
