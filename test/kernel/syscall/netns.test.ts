import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { firstOf, inOwnNetwork, kernelDiff, kernelTests } from '../../../src/kernel/index.ts';
import { hasPaper, paperProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const tried = inOwnNetwork(() => true);
const needsNetwork = tried.ok ? '' : ` (SKIPPED, no network namespace here: ${tried.reason})`;
const where = (): string => readlinkSync('/proc/thread-self/ns/net');
const devices = (): string[] =>
  [...readFileSync('/proc/thread-self/net/dev', 'utf8').matchAll(/^ *(\w+):/gm)].map((m) => m[1]!).sort();

describe.skipIf(!tried.ok)(`a network of one's own${needsNetwork}`, () => {
  test('has its devices, and children see them; outside there are none', () => {
    const [home, before] = [where(), devices()];
    const inside = inOwnNetwork(() => ({
      where: where(),
      devices: devices(),
      child: spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout,
    }));
    if (!inside.ok) throw new Error(inside.reason);
    expect(inside.value.devices).toEqual(expect.arrayContaining(['fwd0', 'fwd1', 'lo']));
    expect(inside.value.child).toContain('fwd0');
    expect(inside.value.where).not.toBe(home);
    expect([where(), devices()]).toEqual([home, before]);
  });

  test('is left when the body throws', () => {
    const home = where();
    expect(() =>
      inOwnNetwork(() => {
        throw new RangeError('inside');
      }),
    ).toThrow('inside');
    expect(where()).toBe(home);
  });

  test.skipIf(!hasPaper || !hasKernel)(`xdp_fwd redirects only there${needsKernel}`, () => {
    const p = paperProgram('xdp_fwd');
    const returned = (network: boolean): number => {
      const r = kernelDiff(p, p, firstOf(kernelTests(p, 1), 60), { network });
      if (r.status !== 'ran') throw new Error(r.reason);
      expect(r.agreed).toBe(60);
      return r.coverage.returns['4'] ?? 0;
    };
    expect([returned(false), returned(true)]).toEqual([0, expect.any(Number)]);
    expect(returned(true)).toBeGreaterThan(10);
  });
});

test('without rights the reason is a value', () => {
  const refusing = { unshareNetwork: () => -1 };
  const opened = { ok: true, bpf: refusing } as unknown as Parameters<typeof inOwnNetwork>[1];
  expect(inOwnNetwork(() => 1, opened)).toEqual({ ok: false, reason: 'a new network namespace: EPERM' });
  expect(inOwnNetwork(() => 1, { ok: false, reason: 'no bpf' })).toEqual({ ok: false, reason: 'no bpf' });
});
