/**
 * Which node of a graph stands right behind which, so that as few as possible are followed by none of theirs.
 */

export const NONE = -1;

export interface CoverNode {
  /** Where it stands now. */
  first: number;
  /** Nodes that may stand right behind it, the best first. */
  behind: readonly number[];
  /** It may as well stand there again: following it costs no more than going to it. */
  free: boolean;
}

/**
 * Kuhn's algorithm, starting with neighbours as they stand now.
 * @returns for each node the one right behind it, or NONE; nothing stands before `entry`
 */
export function match(nodes: readonly CoverNode[], entry: number): Int32Array {
  const follower = new Int32Array(nodes.length).fill(NONE);
  const leader = new Int32Array(nodes.length).fill(NONE);
  const order = [...nodes.keys()].sort((a, b) => nodes[a]!.first - nodes[b]!.first);
  const pair = (a: number, b: number): void => {
    follower[a] = b;
    leader[b] = a;
  };
  for (const a of order) {
    const [b] = nodes[a]!.behind.filter(
      (n) => n !== entry && leader[n] === NONE && nodes[n]!.first > nodes[a]!.first,
    ).sort((m, n) => nodes[m]!.first - nodes[n]!.first);
    if (b !== undefined) pair(a, b);
  }
  for (const a of order) if (follower[a] === NONE) augment(a, new Set());
  breakCycles();
  return follower;

  /** A follower for `a`, whose leader finds another one. */
  function augment(a: number, seen: Set<number>): boolean {
    for (const b of nodes[a]!.behind) {
      if (b === entry || seen.has(b) || (nodes[b]!.free && leader[b] !== NONE)) continue;
      seen.add(b);
      if (leader[b] !== NONE && !augment(leader[b]!, seen)) continue;
      pair(a, b);
      return true;
    }
    return false;
  }

  function breakCycles(): void {
    const seen = new Set<number>();
    const walk = (from: number): void => {
      for (let at = from; at !== NONE && !seen.has(at); at = follower[at]!) seen.add(at);
    };
    for (const a of order) if (leader[a] === NONE) walk(a);
    for (const a of order) {
      if (seen.has(a)) continue;
      follower[leader[a]!] = NONE;
      leader[a] = NONE;
      walk(a);
    }
  }
}
