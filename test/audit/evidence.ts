/** What the running kernel says of the rewrites in cases/: `node .../evidence.js [folder]`. */
import { pathToFileURL } from 'node:url';
import { accepts, kernelDiff, kernelTests } from '../../src/kernel/index.ts';
import { replaceProblem, replaceRange } from '../../src/program/edit.ts';
import { loadCases } from './cases.ts';

const folder = process.argv[2];
for (const c of folder === undefined ? loadCases() : loadCases(pathToFileURL(folder))) {
  if (replaceProblem(c.program, c.window.start, c.window.end, c.target) !== undefined) continue;
  const other = replaceRange(c.program, c.window.start, c.window.end, c.target);
  const [a, b] = [accepts(c.program), accepts(other)];
  let seen = '';
  if (a.status === 'accepted' && b.status === 'accepted') {
    const r = kernelDiff(c.program, other, kernelTests(c.program, 3), { limit: 500 });
    seen = r.status !== 'ran' ? r.reason : r.difference === undefined ? `agree in ${r.runs} runs` : 'DIFFER';
  }
  const word = (x: typeof a): string => (x.status === 'accepted' ? 'accepted' : `${x.status} (${x.reason})`);
  process.stdout.write(`${c.expect}: ${c.name}: ${word(a)}, ${word(b)} ${seen}\n`);
}
