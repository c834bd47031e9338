import { expect, it } from 'vitest';
import { curveOf } from '../../../src/report/charts/curves.ts';
import { summarise } from '../../../src/report/tables/summary.ts';
import { DEFINITION, ROWS } from '../rows.ts';

it('draws where the rewrites of one moment lead, not what was made room for on the way', () => {
  const convergence = [
    [0, 22],
    [0, 24],
    [0, 20],
    [10, 21],
    [10, 19],
  ] as const;
  const line = summarise(DEFINITION, [{ ...ROWS[0]!, convergence, options: { steps: 1000 } } as never])
    .lines[0]!;
  expect(curveOf(line)).toEqual([
    [0, 22],
    [0, 20],
    [10, 19],
    [1000, 19],
  ]);
});
