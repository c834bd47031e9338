/** What commands print. */

/**
 * Everything a command says goes through here, so that tests of `--json` see one document and nothing else.
 */
export function say(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Notes and progress: never in the way of what is piped. */
export function note(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Maps become objects, byte arrays hexadecimal, bigints decimal text. */
export function sayJson(value: unknown): void {
  say(
    JSON.stringify(
      value,
      (_, v: unknown) => {
        if (typeof v === 'bigint') return v.toString();
        if (v instanceof Map) return Object.fromEntries(v);
        if (v instanceof Uint8Array) return Buffer.from(v).toString('hex');
        return v;
      },
      2,
    ),
  );
}
