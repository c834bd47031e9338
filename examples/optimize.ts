/**
 * Optimizes every program of a file, checks the result for an old kernel, and proves it again.
 *
 *   npm install k2-bpf && npx tsc && node optimize.js prog.o prog.small.o
 */
import { check, load, optimize, UserError, verify } from 'k2-bpf';

async function main(input: string, output: string): Promise<void> {
  const file = load(input);
  for (const { name, reason } of file.unusable) console.log(`${name}: left as it is: ${reason}`);

  const optimized = await optimize(file, { steps: 20_000, linux: '5.4', kernel: 'off' });
  for (const row of optimized.rows) {
    if (row.status === 'skipped') continue;
    const { original, result } = row;
    const { slotsBefore, slotsAfter, rewrites } = result;
    console.log(`${row.name}: ${slotsBefore} -> ${slotsAfter} slots by ${rewrites.length} rewrites`);
    for (const { window, by, how } of rewrites)
      console.log(`  instructions ${window.start} to ${window.end}: ${by}, proven: ${how}`);

    const safety = check(result.program, { kernel: '5.4' });
    console.log(`  Linux 5.4: ${safety.status}, ${safety.processed} instructions processed`);
    const verdict = await verify(original, result.program);
    console.log(`  proven again: ${verdict.kind}`);
  }
  optimized.save(output);
}

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined) {
  console.error('usage: node optimize.js INPUT OUTPUT');
  process.exitCode = 2;
} else {
  try {
    await main(input, output);
  } catch (e) {
    if (!(e instanceof UserError)) throw e;
    console.error(e.message);
    process.exitCode = 2;
  }
}
