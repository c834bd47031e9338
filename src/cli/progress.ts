/** Progress of a run: bars on a terminal, plain lines elsewhere. */
import cliProgress from 'cli-progress';
import type { Cell } from '../experiment/expand.ts';
import { hasResult, type Row } from '../experiment/result.ts';
import type { RunEvents } from '../experiment/runner.ts';
import { note } from './output.ts';

export interface RunProgress {
  events: RunEvents;
  close(): void;
}

export function runProgress(quiet: boolean): RunProgress {
  if (quiet) return { events: { start: () => {}, progress: () => {}, done: () => {} }, close: () => {} };
  return process.stderr.isTTY ? bars() : lines();
}

/** What became of a cell, in a few words. */
export function rowText(row: Row): string {
  const name = `${row.program.id} (${row.configuration}, seed ${row.seed})`;
  if (!hasResult(row)) return `${name}: ${row.status}: ${row.reason}`;
  const { before, after } = row.measurements.slots;
  const cut = row.interrupted ? ', cut short by the time limit' : '';
  const rejected = row.status === 'rejected' ? `REJECTED: ${row.reason}; ` : '';
  return `${name}: ${rejected}${before.value} -> ${after.value} slots in ${row.seconds.toFixed(1)} s${cut}`;
}

function startText(info: { cells: number; kept: number; todo: number }): string {
  return info.kept > 0
    ? `${info.cells} cells: ${info.kept} are done already, ${info.todo} to do`
    : `${info.cells} cells to do`;
}

function lines(): RunProgress {
  let total = 0;
  let done = 0;
  return {
    events: {
      start: (info) => {
        total = info.todo;
        for (const w of info.warnings) note(`warning: ${w}`);
        note(startText(info));
      },
      progress: () => {},
      done: (row) => note(`[${++done}/${total}] ${rowText(row)}`),
    },
    close: () => {},
  };
}

function bars(): RunProgress {
  const multi = new cliProgress.MultiBar(
    {
      format: '{bar} {value}/{total} {what}',
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_grey,
  );
  let overall: cliProgress.SingleBar | undefined;
  const running = new Map<string, cliProgress.SingleBar>();
  const name = (c: Pick<Cell, 'program'>): string => c.program.id;
  return {
    events: {
      start: (info) => {
        for (const w of info.warnings) note(`warning: ${w}`);
        note(startText(info));
        overall = multi.create(
          info.todo,
          0,
          { what: 'programs' },
          { format: '{bar} {value}/{total} {what}, ETA {eta_formatted}' },
        );
      },
      progress: (cell, step, steps, slots) => {
        let bar = running.get(cell.key);
        if (bar === undefined) running.set(cell.key, (bar = multi.create(steps, 0, { what: name(cell) })));
        bar.update(step, { what: `${name(cell)}: ${slots} slots` });
      },
      done: (row) => {
        const bar = running.get(row.key);
        if (bar !== undefined) multi.remove(bar);
        running.delete(row.key);
        multi.log(`${rowText(row)}\n`);
        overall?.increment();
      },
    },
    close: () => multi.stop(),
  };
}
