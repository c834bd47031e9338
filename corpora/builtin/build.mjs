#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Rebuilds corpora/builtin: compiles src/*.c at every variant into obj/<variant>/<name>.o, strips DWARF
 * (BTF stays), and rewrites manifest.json. With --kernel (root, bpftool, bpffs) every object is also
 * loaded into the running kernel and the verdict recorded; without it the verdicts of the old
 * manifest are kept for the texts that did not change. --check builds into memory only and fails when an object
 * or the manifest would change.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeFeatures, functionsOf, mapsOf, measure, sha256 } from '../lib/elf.mjs';
import { hookOfSection } from '../lib/hooks.mjs';
import { stringify } from '../lib/json.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const manifestPath = join(here, 'manifest.json');
const BPFFS = '/sys/fs/bpf';
const FLAGS = ['-target', 'bpf', '-g', '-Wall', '-Iinclude'];
const LEVELS = ['O1', 'O2', 'O3', 'Os'];

/** LLVM 14 and 19 both mean v1 by "generic", their default. */
const VARIANTS = [
  ...['clang-14', 'clang-19'].flatMap((toolchain) =>
    LEVELS.map((level) => ({ id: `${toolchain}-${level}`, toolchain, level, cpu: 'v1', defaultCpu: true })),
  ),
  ...['v3', 'v4'].map((cpu) => ({
    id: `clang-19-O2-${cpu}`,
    toolchain: 'clang-19',
    level: 'O2',
    cpu,
    defaultCpu: false,
  })),
];

const options = new Set(process.argv.slice(2));
for (const o of options) {
  if (!['--kernel', '--check'].includes(o)) {
    console.error(`unknown option ${o}; usage: node corpora/builtin/build.mjs [--kernel] [--check]`);
    process.exit(2);
  }
}

const run = (command, args) => execFileSync(command, args, { cwd: here, encoding: 'utf8' });

function toolchains() {
  return ['clang-14', 'clang-19'].map((id) => {
    const probe = spawnSync(id, ['--version'], { encoding: 'utf8' });
    if (probe.status !== 0) {
      console.error(`${id} is not installed: apt-get install ${id} ${id.replace('clang', 'llvm')}`);
      process.exit(2);
    }
    return { id, version: probe.stdout.split('\n')[0].trim() };
  });
}

/** Compiles one source; the bytes do not depend on where the repository lies. */
function compile(source, variant, out) {
  const cpu = variant.defaultCpu ? [] : [`-mcpu=${variant.cpu}`];
  const prefix = [`-fdebug-prefix-map=${here}=.`, '-fdebug-compilation-dir=.'];
  run(variant.toolchain, [...FLAGS, `-${variant.level}`, ...cpu, ...prefix, '-c', `src/${source}`, '-o', out]);
  run(`/usr/lib/llvm-${variant.toolchain.slice(6)}/bin/llvm-strip`, ['-g', out]);
  return readFileSync(out);
}

/** The header comments of a source: category, map overrides, description. */
function describe(text) {
  const comments = [...text.matchAll(/^\/\*\s*([\s\S]*?)\s*\*\//gm)].map((m) => m[1].replace(/\n \*\s?/g, ' ').trim());
  const tag = (name) => comments.filter((c) => c.startsWith(`${name}: `)).map((c) => c.slice(name.length + 2));
  const mapOverrides = {};
  for (const line of tag('override')) {
    const [, map, field, value, reason] = /^(\w+)\.(\w+)=(\d+)(?:\s+\((.*)\))?$/.exec(line);
    mapOverrides[map] = { ...mapOverrides[map], [field]: Number(value), ...(reason && { reason }) };
  }
  const description = comments.find((c) => !/^(SPDX|category:|override:)/.test(c));
  return { category: tag('category')[0], description, mapOverrides };
}

function loadReason(log) {
  const lines = log.split('\n').filter((l) => l && !/^(libbpf: (failed to load|-- )|Warning|If it|processed|Error)/.test(l));
  return lines.slice(-2).join('; ').slice(0, 300);
}

/** Loads an object and unpins it again; undefined when the kernel took it, else the reason. */
function refusedByKernel(path) {
  const pins = join(BPFFS, `k2corp-${process.pid}`);
  const result = spawnSync('bpftool', ['prog', 'loadall', path, pins], { encoding: 'utf8', maxBuffer: 1 << 26 });
  rmSync(pins, { recursive: true, force: true });
  return result.status === 0 ? undefined : loadReason(result.stderr + result.stdout);
}

/** Map name -> map type in lower case, read off the source (a named struct is a map type of its own). */
function mapTypes(source) {
  const types = {};
  const structs = {};
  const definition = /struct (\w*)\s*\{\s*__uint\(type, BPF_MAP_TYPE_(\w+)\)[^}]*\}\s*(\w*)/g;
  for (const [, struct, type, name] of source.matchAll(definition)) {
    if (struct) structs[struct] = type.toLowerCase();
    if (name) types[name] = type.toLowerCase();
  }
  for (const [, struct, name] of source.matchAll(/struct (\w+) (\w+) SEC\("\.maps"\)/g)) types[name] = structs[struct];
  return types;
}

const mapsWithTypes = (f, all, source) => {
  const types = mapTypes(source);
  return Object.fromEntries(mapsOf(f, all).map((name) => [name, types[name]]));
};

function featuresOf(f, all, source) {
  const features = codeFeatures(f, all);
  if (source.includes('preserve_access_index')) features.add('co-re');
  return [...features].sort();
}

const chains = toolchains();
const sources = readdirSync(join(here, 'src')).filter((f) => f.endsWith('.c')).sort();
const old = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, 'utf8')) : undefined;
const oldStatus = new Map(
  (old?.programs ?? []).flatMap((p) => p.builds.map((b) => [`${b.object}:${p.function}:${b.textSha256}`, b])),
);
const temporary = mkdtempSync(join(tmpdir(), 'k2-corpus-'));
const programs = [];
const changed = [];
if (!options.has('--check')) rmSync(join(here, 'obj'), { recursive: true, force: true });

for (const file of sources) {
  const stem = file.slice(0, -2);
  const source = readFileSync(join(here, 'src', file), 'utf8');
  const about = describe(source);
  const rows = new Map();
  for (const variant of VARIANTS) {
    const object = `obj/${variant.id}/${stem}.o`;
    const built = join(temporary, `${variant.id}-${stem}.o`);
    const bytes = compile(file, variant, built);
    const digest = sha256(bytes);
    if (options.has('--check')) {
      if (!existsSync(join(here, object)) || sha256(readFileSync(join(here, object))) !== digest) changed.push(object);
    } else {
      mkdirSync(dirname(join(here, object)), { recursive: true });
      writeFileSync(join(here, object), bytes);
    }
    const refused = options.has('--kernel') ? refusedByKernel(built) : undefined;
    const all = functionsOf(bytes);
    const called = new Set(all.flatMap((f) => f.calls));
    const entries = all.filter((f) => f.section !== '.text' && f.global && !called.has(f.name));
    for (const f of entries) {
      const size = measure(f, all);
      const kept = oldStatus.get(`${object}:${f.name}:${size.textSha256}`);
      const status = options.has('--kernel')
        ? { status: refused ? 'refused' : 'loads', ...(refused && { reason: refused }) }
        : { status: kept?.status ?? 'untested', ...(kept?.reason && { reason: kept.reason }) };
      const row = rows.get(f.name) ?? { f, maps: {}, features: new Set(), builds: [] };
      for (const feature of featuresOf(f, all, source)) row.features.add(feature);
      Object.assign(row.maps, mapsWithTypes(f, all, source));
      row.builds.push({ variant: variant.id, object, sha256: digest, ...size, ...status });
      rows.set(f.name, row);
    }
  }
  for (const { f, maps, features, builds } of rows.values()) {
    programs.push({
      id: f.name,
      group: 'k2-bpf',
      category: about.category,
      description: about.description,
      author: 'k2-bpf contributors',
      license: 'MIT',
      kernelLicense: 'Dual MIT/GPL',
      section: f.section,
      function: f.name,
      ...hookOfSection(f.section),
      features: [...features].sort(),
      maps,
      ...(Object.keys(about.mapOverrides).length > 0 && { mapOverrides: about.mapOverrides }),
      provenance: { kind: 'own', path: `src/${file}`, sha256: sha256(source) },
      builds,
    });
  }
}
rmSync(temporary, { recursive: true, force: true });

const manifest = {
  $schema: '../manifest.schema.json',
  corpus: 'builtin',
  title: 'Programs of our own, in the shape of those that run in production',
  license: 'MIT',
  storage: 'committed',
  rebuild: 'node corpora/builtin/build.mjs --kernel',
  baseline: 'clang-14-O2',
  kernel: options.has('--kernel') ? release().replace(/^(\d+\.\d+).*/, '$1') : (old?.kernel ?? 'untested'),
  toolchains: chains,
  variants: VARIANTS.map((v) => ({ ...v, flags: [...FLAGS, `-${v.level}`, ...(v.defaultCpu ? [] : [`-mcpu=${v.cpu}`])] })),
  programs,
};
const text = `${stringify(manifest)}\n`;
if (options.has('--check')) {
  if (text !== readFileSync(manifestPath, 'utf8')) changed.push('manifest.json');
  for (const path of changed) console.error(`differs: corpora/builtin/${path}`);
  if (changed.length > 0) process.exitCode = 1;
} else {
  writeFileSync(manifestPath, text);
}
const builds = programs.flatMap((p) => p.builds);
const refused = builds.filter((b) => b.status === 'refused');
console.log(`${sources.length} sources, ${programs.length} programs, ${builds.length} builds, ${refused.length} refused by the kernel`);
for (const b of refused) console.log(`  ${b.object}: ${b.reason}`);
