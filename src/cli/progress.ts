/** Progress of a run: bars on a terminal, plain lines elsewhere. */
import cliProgress from 'cli-progress';
import type { Cell } from '../experiment/definition/expand.ts';
import { hasResult, type Row } from '../experiment/results/result.ts';
import { durationText, Eta } from '../experiment/run/eta.ts';
import type { RunEvents } from '../experiment/run/runner.ts';
import { note } from './output.ts';

export interface RunProgress {
  events: RunEvents;
  close(): void;
}

export function runProgress(quiet: boolean): RunProgress {
  if (quiet)
    return { events: { start: () => {}, progress: () => {}, done: () => {}, note }, close: () => {} };
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

function startText(info: { cells: number; kept: number; todo: readonly Cell[] }): string {
  return info.kept > 0
    ? `${info.cells} cells: ${info.kept} are done already, ${info.todo.length} to do`
    : `${info.cells} cells to do`;
}

/** `, 12 min left`; nothing when nothing is known, or nothing is left. */
function leftText(eta: Eta | undefined): string {
  const seconds = eta?.seconds(performance.now());
  return seconds === undefined || seconds <= 0 ? '' : `, ${durationText(seconds)} left`;
}

function lines(): RunProgress {
  let total = 0;
  let done = 0;
  let eta: Eta | undefined;
  return {
    events: {
      start: (info) => {
        total = info.todo.length;
        eta = new Eta(info.todo, performance.now());
        for (const w of info.warnings) note(`warning: ${w}`);
        note(startText(info));
      },
      progress: (cell, step, steps) => eta?.progress(cell.key, steps === 0 ? 0 : step / steps),
      done: (row) => {
        eta?.finish(row.key);
        note(`[${++done}/${total}${leftText(eta)}] ${rowText(row)}`);
      },
      note,
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
  let eta: Eta | undefined;
  const showLeft = (): void => overall?.update({ what: `programs${leftText(eta)}` });
  const running = new Map<string, cliProgress.SingleBar>();
  const name = (c: Pick<Cell, 'program'>): string => c.program.id;
  return {
    events: {
      start: (info) => {
        for (const w of info.warnings) note(`warning: ${w}`);
        note(startText(info));
        eta = new Eta(info.todo, performance.now());
        overall = multi.create(info.todo.length, 0, { what: 'programs' });
      },
      progress: (cell, step, steps, slots) => {
        let bar = running.get(cell.key);
        if (bar === undefined) running.set(cell.key, (bar = multi.create(steps, 0, { what: name(cell) })));
        bar.update(step, { what: `${name(cell)}: ${slots} slots` });
        eta?.progress(cell.key, steps === 0 ? 0 : step / steps);
        showLeft();
      },
      done: (row) => {
        const bar = running.get(row.key);
        if (bar !== undefined) multi.remove(bar);
        running.delete(row.key);
        multi.log(`${rowText(row)}\n`);
        eta?.finish(row.key);
        overall?.increment();
        showLeft();
      },
      note: (text) => multi.log(`${text}\n`),
    },
    close: () => multi.stop(),
  };
}
