import { describe, expect, it } from 'vitest';
import { isSocketKind, mayLoadSocket, type SocketKind } from '../../../src/program/tables/sockets.ts';

/** [socket, offset, size, allowed]: bpf_sock_is_valid_access() and its like in net/core/filter.c. */
const CASES: [SocketKind, number, 1 | 2 | 4 | 8, boolean][] = [
  ['sock', 0, 4, true],
  ['sock', 0, 8, false],
  ['sock', 0, 1, false],
  ['sock', 24, 1, true],
  ['sock', 48, 2, true],
  ['sock', 50, 2, false],
  ['sock', 76, 4, true],
  ['sock', 80, 4, false],
  ['sock_common', 4, 4, true],
  ['sock_common', 8, 4, false],
  ['sock_common', 20, 4, false],
  ['sock_common', 72, 4, true],
  ['tcp_sock', 0, 4, true],
  ['tcp_sock', 80, 8, true],
  ['tcp_sock', 80, 4, false],
  ['tcp_sock', 108, 4, true],
  ['tcp_sock', 112, 4, false],
  ['xdp_sock', 0, 4, true],
  ['xdp_sock', 4, 4, false],
];

describe('loads through socket pointers', () => {
  it.each(CASES)('%s at %i, %i bytes: %s', (kind, offset, size, allowed) => {
    expect(mayLoadSocket(kind, offset, size)).toBe(allowed);
  });

  it('knows the kinds', () => {
    expect(isSocketKind('tcp_sock')).toBe(true);
    expect(isSocketKind('btf')).toBe(false);
  });
});
