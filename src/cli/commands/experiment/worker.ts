/** `k2 worker`: runs cells that `k2 run --queue` puts into a queue, on any machine. */
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { count } from '../../args.ts';
import { EXIT_INTERRUPTED, ExitCode } from '../../failure.ts';
import { note } from '../../output.ts';

interface WorkerArgs {
  queue: string;
  workers: number;
  lostAfter: number;
  optimizer?: string;
  json?: boolean;
}

export function workerCommand(program: Command): void {
  program
    .command('worker')
    .description('run the cells of k2 run --queue, until Ctrl-C; a worker that dies loses nothing')
    .requiredOption('--queue <url>', 'the Redis server: redis://host:port, rediss://, or unix:///path')
    .option('--workers <n>', 'cells at a time', count, 2)
    .option('--lost-after <seconds>', 'of silence, when its cells go to another worker', count, 30)
    .option(
      '--optimizer <module>',
      'JavaScript module that exports optimizeProgram, instead of the built-in one',
    )
    .option('--json', 'one line of JSON per finished cell, instead of text')
    .action(work);
}

async function work(o: WorkerArgs): Promise<void> {
  const { serveQueue } = await import('../../../experiment/run/queue/worker.ts');
  const { withoutPassword } = await import('../../../experiment/run/queue/redis.ts');
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  await serveQueue(o.queue, {
    workers: Math.max(1, o.workers),
    lostAfter: Math.max(1, o.lostAfter),
    ...(o.optimizer === undefined ? {} : { optimizer: pathToFileURL(o.optimizer).href }),
    signal: abort.signal,
    onReady: (code) => note(`takes cells of k2 ${code} from ${withoutPassword(o.queue)}; Ctrl-C ends it`),
    onNote: note,
    onFinished: ({ key, program: { id }, configuration, options: { seed } }, { outcome, seconds }) => {
      const { status } = outcome;
      if (o.json === true)
        process.stdout.write(`${JSON.stringify({ key, id, configuration, seed, status, seconds })}\n`);
      else note(`${id} (${configuration}, seed ${seed}): ${status} in ${seconds.toFixed(1)} s`);
    },
  });
  throw new ExitCode(EXIT_INTERRUPTED);
}
