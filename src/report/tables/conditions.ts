/** Under which conditions our figures came about, in a sentence. */
import type { Summary } from './summary.ts';
import { fixed } from './tables.ts';

export function conditions(s: Summary): string {
  const [first] = s.lines;
  if (first === undefined) return '';
  const programs = new Set(s.lines.map((l) => `${l.program.corpus}/${l.program.id}`)).size;
  const rows = s.lines.map((l) => l.row);
  const one = (name: string, values: readonly (string | number | undefined)[]): string[] => {
    const kinds = [...new Set(values)].filter((v) => v !== undefined);
    if (kinds.length === 0) return [];
    const names = kinds.length === 1 ? name : `${name}s`;
    return [kinds.length <= 6 ? `${names} ${kinds.join(', ')}` : `${kinds.length} ${names}`];
  };
  const steps = [...new Set(rows.map((r) => r.options?.steps))];
  const parts = [
    `${programs} ${programs === 1 ? 'program' : 'programs'}`,
    ...one(
      'goal',
      rows.map((r) => r.options?.goal),
    ),
    ...(steps.length === 1 && steps[0] !== undefined
      ? [`${fixed(steps[0])} proposals each`]
      : ['proposals by program size or configuration']),
    // Rows from before there was a choice are K2's.
    ...one(
      'memory model',
      rows.map((r) => r.options?.memoryModel ?? 'plain'),
    ),
    ...one(
      'seed',
      rows.map((r) => r.seed),
    ),
    ...one(
      'input',
      s.lines.map((l) => l.program.variant),
    ),
  ];
  return `Ours: ${parts.join('; ')}.`;
}
