import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HOOKS, hookOfSection, isHookName } from '../../src/program/tables/hooks.ts';
import { countInstructions, readRawElf } from './elf.ts';

const root = resolve(import.meta.dirname, '../..');
const corpora = join(root, 'corpora');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

interface Build {
  variant: string;
  object?: string;
  sha256?: string;
  files?: Record<string, { path: string; upstream: string; sha256: string }>;
  slots: number;
  instructions: number;
  linkedSlots?: number;
  textSha256: string;
  status: 'loads' | 'refused' | 'untested';
  reason?: string;
}
interface Manifest {
  baseline: string;
  variants: { id: string; toolchain: string; level: string }[];
  toolchains: { id: string; version: string }[];
  programs: {
    id: string;
    group: string;
    kernelLicense: string;
    section: string;
    function?: string;
    hook?: string;
    programType?: number;
    attachType?: number;
    features?: string[];
    mapOverrides?: Record<string, unknown>;
    provenance: { kind: string; path: string; sha256?: string; package?: string; commit?: string };
    paper?: { id: number; table1: Record<string, number | null> };
    builds: Build[];
  }[];
}
const manifest = (corpus: string) => readJson(join(corpora, corpus, 'manifest.json')) as Manifest;

describe('every manifest', () => {
  const schema = z.fromJSONSchema(readJson(join(corpora, 'manifest.schema.json')) as never);

  for (const corpus of ['builtin', 'k2-paper', 'debian']) {
    const path = join(corpora, corpus, 'manifest.json');
    it(`${corpus}: matches the schema`, () => {
      expect(z.prettifyError(schema.safeParse(readJson(path)).error ?? new z.ZodError([]))).toBe('');
    });

    it(`${corpus}: ids are unique, variants are declared, a refusal has a reason`, () => {
      const { programs, variants, baseline, toolchains } = manifest(corpus);
      const known = new Set(variants.map((v) => v.id));
      expect(new Set(programs.map((p) => p.id)).size).toBe(programs.length);
      expect(known).toContain(baseline);
      for (const v of variants.filter((v) => v.toolchain !== 'debian')) {
        expect(toolchains.map((t) => t.id)).toContain(v.toolchain);
      }
      for (const p of programs) {
        expect(p.builds.length, p.id).toBeGreaterThan(0);
        expect(new Set(p.builds.map((b) => b.variant)).size, p.id).toBe(p.builds.length);
        for (const b of p.builds) {
          expect(known, p.id).toContain(b.variant);
          expect(b.status === 'refused', p.id).toBe(b.reason !== undefined);
          expect(b.instructions, p.id).toBeLessThanOrEqual(b.slots);
          if (b.linkedSlots !== undefined) expect(b.linkedSlots, p.id).toBeGreaterThan(b.slots);
        }
      }
    });

    it(`${corpus}: hooks, program types and attach types are those of the hook table`, () => {
      for (const p of manifest(corpus).programs) {
        if (p.hook === undefined) continue;
        expect(isHookName(p.hook), `${p.id}: ${p.hook}`).toBe(true);
        if (!isHookName(p.hook)) continue;
        expect(HOOKS[p.hook].progType, p.id).toBe(p.programType);
        const known = hookOfSection(p.section);
        if (!known || corpus === 'k2-paper') continue; // its section names are older than libbpf's rules
        expect(known.hook, `${p.id} ${p.section}`).toBe(p.hook);
        if (known.attachType !== undefined) expect(p.attachType, p.id).toBe(known.attachType);
      }
    });

    it(`${corpus}: has no absolute path`, () => {
      expect(readFileSync(path, 'utf8')).not.toMatch(/"(file:)?\/[a-z]/);
    });
  }

  it('a manifest with an unknown field or a bad hash is refused', () => {
    const good = readJson(join(corpora, 'k2-paper', 'manifest.json')) as Record<string, unknown>;
    expect(schema.safeParse(good).success).toBe(true);
    expect(schema.safeParse({ ...good, programms: [] }).success).toBe(false);
    const bad = structuredClone(good) as unknown as Manifest;
    bad.programs[0]!.builds[0]!.textSha256 = 'abc';
    expect(schema.safeParse(bad).success).toBe(false);
  });
});

describe('builtin', () => {
  const { programs, variants } = manifest('builtin');
  const objects = new Map<string, Buffer>();
  const load = (path: string) => {
    const bytes = objects.get(path) ?? readFileSync(join(corpora, 'builtin', path));
    objects.set(path, bytes);
    return bytes;
  };

  it('sha256, slots and instructions are those of the committed objects', () => {
    for (const p of programs) {
      for (const b of p.builds) {
        const where = `${p.id} ${b.variant}`;
        const bytes = load(b.object!);
        expect(sha256(bytes), where).toBe(b.sha256);
        const elf = readRawElf(bytes);
        const symbol = elf.functions.find((f) => f.name === p.function)!;
        expect(symbol.section, where).toBe(p.section);
        expect(symbol.size / 8, where).toBe(b.slots);
        expect(countInstructions(elf.text(p.function!)), where).toBe(b.instructions);
      }
    }
  });

  it('the functions fill the executable sections, so no program is missing from the manifest', () => {
    const listed = new Map<string, Set<string>>();
    for (const p of programs) {
      for (const b of p.builds) {
        listed.set(b.object!, (listed.get(b.object!) ?? new Set()).add(p.function!));
      }
    }
    for (const [path, names] of listed) {
      const elf = readRawElf(load(path));
      for (const [section, size] of elf.executable) {
        const inside = elf.functions.filter((f) => f.section === section);
        expect(
          inside.reduce((sum, f) => sum + f.size, 0),
          `${path} ${section}`,
        ).toBe(size);
        if (section !== '.text') for (const f of inside) expect(names, path).toContain(f.name);
      }
    }
  });

  it('linkedSlots is the whole object where there is one entry and some .text', () => {
    for (const id of ['xdp_nat44', 'xdp_gre_decap']) {
      for (const b of programs.find((p) => p.id === id)!.builds) {
        const total = [...readRawElf(load(b.object!)).executable.values()].reduce((a, n) => a + n, 0);
        expect(b.linkedSlots ?? b.slots, `${id} ${b.variant}`).toBe(total / 8);
      }
    }
  });

  it('textSha256 is the plain hash where nothing is relocated, and equal for equal texts', () => {
    const p = programs.find((p) => p.id === 'flow_dissect')!;
    for (const b of p.builds) {
      expect(sha256(readRawElf(load(b.object!)).text(p.function!))).toBe(b.textSha256);
    }
  });

  it('objects carry BTF but neither DWARF nor a path of the machine that built them', () => {
    for (const [path, bytes] of objects) {
      expect(bytes.includes('.BTF.ext'), path).toBe(true);
      expect(bytes.includes('.debug_info'), path).toBe(false);
      expect(bytes.toString('latin1'), path).not.toMatch(/\/(work|home|root|tmp|usr)\//);
    }
  });

  it('sources are those that were compiled, and every source and object is listed', () => {
    for (const p of programs) {
      expect(sha256(readFileSync(join(corpora, 'builtin', p.provenance.path))), p.id).toBe(
        p.provenance.sha256,
      );
    }
    const sources = readdirSync(join(corpora, 'builtin/src')).map((f) => `src/${f}`);
    expect([...new Set(programs.map((p) => p.provenance.path))].sort()).toEqual(sources.sort());
    const files = variants.flatMap((v) =>
      readdirSync(join(corpora, 'builtin/obj', v.id)).map((f) => `obj/${v.id}/${f}`),
    );
    expect(files.sort()).toEqual(
      [...new Set(programs.flatMap((p) => p.builds.map((b) => b.object!)))].sort(),
    );
    const bytes = files.reduce((sum, f) => sum + statSync(join(corpora, 'builtin', f)).size, 0);
    expect(bytes).toBeLessThan(10_000_000);
  });

  it("covers the paper's hooks, its range of sizes and what a loader must handle", () => {
    expect(programs.length).toBeGreaterThanOrEqual(26);
    const hooks = new Set(programs.map((p) => p.hook));
    for (const hook of ['xdp', 'tracepoint', 'socket_filter', 'sched_cls', 'cgroup_sock_addr']) {
      expect(hooks).toContain(hook);
    }
    const features = new Set(programs.flatMap((p) => p.features ?? []));
    for (const f of ['subprograms', 'global-data', 'loop', 'co-re', 'tail-call', 'legacy-packet-load']) {
      expect(features).toContain(f);
    }
    const sizes = programs.map((p) => p.builds.find((b) => b.variant === 'clang-14-O2')!.slots);
    expect(Math.min(...sizes)).toBeLessThanOrEqual(24);
    expect(Math.max(...sizes)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000);
  });
});

describe('k2-paper', () => {
  const { programs } = manifest('k2-paper');

  it("has the 19 programs with the paper's numbers; sizes at -O2 agree with table 1", () => {
    expect(programs.map((p) => p.paper!.id)).toEqual(Array.from({ length: 19 }, (_, i) => i + 1));
    for (const p of programs) {
      expect(p.builds.find((b) => b.variant === 'clang-9-O2')!.slots, p.id).toBe(p.paper!.table1.O2);
      expect(p.paper!.table1.k2!, p.id).toBeLessThan(p.paper!.table1.O2!);
    }
    const reduction = programs.reduce((sum, p) => sum + p.paper!.table1.reductionPercent!, 0) / 19;
    expect(reduction).toBeCloseTo(13.95, 2);
  });

  it('says what a loader needs beyond the files', () => {
    expect(programs.filter((p) => p.kernelLicense !== '').map((p) => p.id)).toEqual(['xdp_fwd']);
    expect(programs.find((p) => p.id === 'recvmsg4')).toMatchObject({ programType: 18, attachType: 19 });
    expect(programs.find((p) => p.id === 'xdp-balancer')!.mapOverrides).toMatchObject({
      lru_mapping: { inner: { type: 'lru_hash', keySize: 40, valueSize: 16, maxEntries: 1000 } },
    });
  });

  it('commits no program bytes', () => {
    expect(readdirSync(join(corpora, 'k2-paper'))).toEqual(['manifest.json']);
  });

  const shared = resolve(root, process.env.K2_SHARED ?? '../shared', 'corpora/k2-paper');
  describe.skipIf(!existsSync(shared))('with a copy of the files (skipped when K2_SHARED has none)', () => {
    it('hashes and sizes are those of the files', () => {
      for (const p of programs) {
        for (const b of p.builds) {
          for (const f of Object.values(b.files!)) {
            expect(sha256(readFileSync(join(shared, f.path))), f.path).toBe(f.sha256);
          }
          const text = readFileSync(join(shared, b.files!.insns!.path));
          expect([text.length / 8, countInstructions(text)], p.id).toEqual([b.slots, b.instructions]);
        }
      }
    });
  });
});

describe('debian', () => {
  const { programs } = manifest('debian');
  const recipes = readJson(join(corpora, 'debian/recipes.json')) as {
    packages: { name: string; install: string }[];
    sources: { id: string; package: string; needs?: string[]; match?: string; files?: string }[];
    pinned: Record<string, string[]>;
  };

  it('every package a recipe needs has its apt-get line', () => {
    const names = new Set(recipes.packages.map((p) => p.name));
    for (const p of recipes.packages) expect(p.install).toMatch(/^apt-get install /);
    for (const s of recipes.sources) {
      for (const name of [s.package, ...(s.needs ?? [])]) expect(names, s.id).toContain(name);
      expect(() => new RegExp(s.match ?? s.files!)).not.toThrow();
    }
  });

  it('every file of the selection is pinned', () => {
    for (const [source, stems] of Object.entries(recipes.pinned)) {
      for (const stem of stems) {
        const prefix = stem === '*' ? `${source}/` : `${source}/${stem}/`;
        expect(
          programs.some((p) => p.id.startsWith(prefix)),
          prefix,
        ).toBe(true);
      }
    }
  });

  it('test_l4lb has the sizes that were measured for clang 14 and 19', () => {
    const l4lb = programs.find((p) => p.id === 'selftests/test_l4lb/balancer_ingress')!;
    const size = (variant: string) => {
      const b = l4lb.builds.find((b) => b.variant === variant)!;
      return b.linkedSlots ?? b.slots; // clang 19 leaves a subprogram
    };
    expect([size('clang-14-O2'), size('clang-19-O2')]).toEqual([771, 696]);
    expect(l4lb.group).toBe('facebook');
  });
});
