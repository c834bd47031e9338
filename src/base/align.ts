/** Two lists of lines, aligned: Myers' greedy difference, the shortest list of insertions and deletions. */

/** Lines [start, end). */
export interface Span {
  start: number;
  end: number;
}

export interface Hunk {
  kind: 'same' | 'changed';
  a: Span;
  b: Span;
}

/** Hunks in order; they cover both lists, and kinds alternate. */
export function align(a: readonly string[], b: readonly string[]): Hunk[] {
  const hunks: Hunk[] = [];
  let [i, j] = [0, 0];
  const push = (kind: Hunk['kind'], aEnd: number, bEnd: number): void => {
    if (aEnd > i || bEnd > j) hunks.push({ kind, a: { start: i, end: aEnd }, b: { start: j, end: bEnd } });
    [i, j] = [aEnd, bEnd];
  };
  for (const [x, y, length] of snakes(a, b)) {
    push('changed', x, y);
    push('same', x + length, y + length);
  }
  push('changed', a.length, b.length);
  return hunks;
}

/**
 * Runs of equal lines [position in a, position in b, length] along a shortest edit path, merged where they
 * touch.
 */
function snakes(a: readonly string[], b: readonly string[]): [number, number, number][] {
  const reach = new Map<number, number>([[1, 0]]);
  const history: Map<number, number>[] = [];
  for (let d = 0; d <= a.length + b.length; d++) {
    history.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      let x = isDown(reach, k, d) ? reach.get(k + 1)! : reach.get(k - 1)! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return backtrack(history, a.length, b.length);
    }
  }
  return [];
}

function isDown(reach: ReadonlyMap<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
}

function backtrack(
  history: readonly ReadonlyMap<number, number>[],
  n: number,
  m: number,
): [number, number, number][] {
  const found: [number, number, number][] = [];
  let [x, y] = [n, m];
  for (let d = history.length - 1; d >= 0; d--) {
    const reach = history[d]!;
    const k = x - y;
    const before = isDown(reach, k, d) ? k + 1 : k - 1;
    const [px, py] = d === 0 ? [0, 0] : [reach.get(before)!, reach.get(before)! - before];
    const start = d === 0 ? 0 : isDown(reach, k, d) ? px : px + 1;
    if (x > start) found.push([start, start - k, x - start]);
    [x, y] = [px, py];
  }
  const merged: [number, number, number][] = [];
  for (const s of found.reverse()) {
    const last = merged.at(-1);
    if (last !== undefined && last[0] + last[2] === s[0] && last[1] + last[2] === s[1]) last[2] += s[2];
    else merged.push(s);
  }
  return merged;
}
