#!/usr/bin/env node
/**
 * The command `k2-strip`: stands where a build calls `llvm-strip -g FILE.o` and optimizes the object on the
 * way, so that a project that compiles with bpf2go gets smaller programs with `BPF2GO_STRIP=k2-strip go
 * generate` and no other change.
 *
 *   fresh object, with DWARF --optimize, strip--> the same file: smaller programs, no DWARF
 *   stripped object --> unchanged, so that a second call changes nothing
 *
 * What cannot be optimized is stripped all the same: a build never fails for it. `K2_STRIP_STEPS` sets the
 * proposals per program.
 */
import { isMain } from '../base/main.ts';
import { PACKAGE_VERSION } from '../base/paths.ts';

const USAGE = `usage: k2-strip -g FILE.o [FILE.o ...]

Optimizes BPF objects in place and removes their DWARF, where a build would call llvm-strip -g:
  BPF2GO_STRIP=k2-strip go generate ./...
Environment: K2_STRIP_STEPS=n proposals per program (default 20000; 0: only strip).`;
const STEPS = 20_000;
const FLAGS = new Set(['-g', '--strip-debug', '-S', '-d']);

/** @returns the exit code */
export async function strip(
  words: readonly string[],
  say: (text: string) => void,
  steps = Number(process.env.K2_STRIP_STEPS ?? STEPS),
): Promise<number> {
  const files = words.filter((w) => !w.startsWith('-'));
  const unknown = words.find((w) => w.startsWith('-') && !FLAGS.has(w));
  if (words.includes('--version')) {
    process.stdout.write(`k2-strip ${PACKAGE_VERSION}\n`);
    return 0;
  }
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (unknown !== undefined || files.length === 0 || !Number.isInteger(steps) || steps < 0) {
    say(unknown === undefined ? USAGE : `k2-strip: unknown option ${unknown}\n${USAGE}`);
    return 1;
  }
  let code = 0;
  for (const file of files) if (!(await stripOne(file, steps, say))) code = 1;
  return code;
}

/** @returns false when the file cannot be stripped at all */
async function stripOne(file: string, steps: number, say: (text: string) => void): Promise<boolean> {
  const { UserError } = await import('../base/errors.ts');
  const { readBytes, writeWhole } = await import('../base/files.ts');
  const { withoutDebug } = await import('../program/elf/strip.ts');
  let stripped: Uint8Array | undefined;
  let fresh: Uint8Array;
  try {
    fresh = readBytes(file);
    stripped = withoutDebug(fresh, file);
  } catch (e) {
    if (!(e instanceof UserError)) throw e;
    say(`k2-strip: ${e.message}`);
    return false;
  }
  if (stripped === undefined) return true;
  let out = stripped;
  if (steps > 0)
    try {
      const optimized = await smaller(fresh, file, steps);
      out = withoutDebug(optimized.bytes, file) ?? optimized.bytes;
      say(`k2-strip: ${file}: ${optimized.text}`);
    } catch (e) {
      // Whatever it is, the build goes on with what llvm-strip would have left.
      say(`k2-strip: ${file}: only stripped: ${e instanceof Error ? e.message : String(e)}`);
    }
  try {
    writeWhole(file, out);
  } catch (e) {
    if (!(e instanceof UserError)) throw e;
    say(`k2-strip: ${e.message}`);
    return false;
  }
  return true;
}

async function smaller(
  bytes: Uint8Array,
  file: string,
  steps: number,
): Promise<{ bytes: Uint8Array; text: string }> {
  const { completeOptions } = await import('../experiment/definition/options.ts');
  const { optimizeFile } = await import('../optimizer/index.ts');
  const { loadBytes } = await import('../program/file.ts');
  const loaded = loadBytes(bytes, file);
  const { contents, rows, sizes } = await optimizeFile(loaded, completeOptions({ steps, kernel: 'auto' }, 1));
  const objection = rows.find(
    (r) =>
      r.status === 'optimized' &&
      (r.result.kernel.status === 'refused' || r.result.differential.status === 'differ'),
  );
  if (contents.kind !== 'object' || objection !== undefined)
    throw new Error(`the running kernel rejects ${objection?.name ?? 'the output'}`);
  const changed = rows.filter((r) => r.status === 'optimized' && r.result.slotsAfter < r.result.slotsBefore);
  const code = sizes === undefined ? '' : `, ${sizes.codeBefore} -> ${sizes.codeAfter} bytes of code`;
  return { bytes: contents.bytes, text: `${changed.length} of ${rows.length} programs smaller${code}` };
}

if (isMain(import.meta.url))
  strip(process.argv.slice(2), (text) => process.stderr.write(`${text}\n`)).then(
    (code) => process.exit(code),
    (e) => {
      process.stderr.write(`${e instanceof Error ? e.stack : e}\n`);
      process.exit(70);
    },
  );
