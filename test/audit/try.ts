import { pathToFileURL } from 'node:url';
import { createWindowVerifier } from '../../src/verify/index.ts';
import { loadCases } from './cases.ts';

const v = await createWindowVerifier();
for (const c of loadCases(pathToFileURL(process.argv[2]!))) {
  let r: string;
  let ok = false;
  try {
    const verdict = v.check(c.program, c.window, c.target);
    ok = c.expect === 'wrong' ? verdict.kind !== 'equivalent' : verdict.kind === 'equivalent';
    r =
      verdict.kind === 'equivalent'
        ? `equivalent ${verdict.how}`
        : verdict.kind === 'different'
          ? `different: ${verdict.where}`
          : `unknown: ${verdict.reason}`;
  } catch (e) {
    r = `CRASH ${(e as Error).message}`;
  }
  console.log(ok ? 'ok  ' : 'BAD ', c.name, '=>', r);
}
v.close();
