/** `k2 cost`, and `k2 compare` of objects. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasKernel, needsKernel } from '../kernel/kernel.ts';
import { isBuilt, k2, ROOT, scratch } from './k2.ts';

const folder = scratch();
const object = (variant: string): string => join(ROOT, `corpora/builtin/obj/${variant}/xdp_l2_switch.o`);

describe.skipIf(!isBuilt)('costs of objects', () => {
  it('counts and models need no kernel', () => {
    const r = k2(['cost', object('clang-14-O2'), '--kernels', '', '--json']);
    expect(r.code).toBe(0);
    const { programs, total } = JSON.parse(r.out);
    expect(programs[0]).toMatchObject({
      program: 'xdp_l2_switch',
      cost: { machineCode: 628, stack: 32, kernels: [] },
    });
    expect(programs[0].cost.pathNs).toBeGreaterThan(0);
    expect(total.slots).toBe(programs[0].cost.slots);
  });

  it('an object against itself breaks no rule; against a larger one it does', () => {
    const a = object('clang-14-O2');
    const same = k2(['compare', a, a, '--kernels', '', '--fail-on', 'slots>0,jited>0,stack>0,ns>0']);
    expect(same.code).toBe(0);
    const small = a.replace('xdp_l2_switch', 'xdp_proto_count');
    const r = k2(['compare', small, a, '--kernels', '', '--fail-on', 'slots>0']);
    expect(r.code).toBe(1);
    expect(r.out).toMatch(/slots>0: xdp_l2_switch slots 22 -> 120 \(\+445\.5 %\)/);
    expect(k2(['compare', a, a, '--kernels', '', '--filter', 'changed']).out).toMatch(
      /0 of 1 programs shown/,
    );
    expect(k2(['compare', a, a, '--fail-on', 'speed>1']).code).toBe(2);
  });

  it.skipIf(!hasKernel)(`with the running kernel, in veristat's CSV and from it${needsKernel}`, () => {
    const csv = k2(['cost', object('clang-14-O2'), '--csv']).out;
    writeFileSync(join(folder, 'a.csv'), csv);
    const cells = csv.trim().split('\n')[1]!.split(',');
    const worse = csv.replace(`success,${cells[3]},`, `success,${Number(cells[3]) + 1},`);
    writeFileSync(join(folder, 'b.csv'), worse);
    const r = k2(['compare', join(folder, 'a.csv'), join(folder, 'b.csv'), '--fail-on', 'verifier>0']);
    expect(r.code).toBe(1);
    expect(r.out).toMatch(/verifier>0: xdp_l2_switch verifier@veristat/);
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toMatch(/^file_name,prog_name,verdict,total_insns/);
  });
});
