#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Builds the Debian corpus from what is installed: compiles the BPF programs of linux-source, carves the
 * objects that packages ship, and writes <out>/manifest.json in the format of every corpus. Never
 * installs anything: a missing package is named with its apt-get line and what needs it is skipped.
 *
 * node corpora/debian/build.mjs [--out DIR] [--variants a,b] [--only source,...] [--vmlinux BTF] [--pin]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { carve } from '../lib/carve.mjs';
import { codeFeatures, functionsOf, mapsOf, measure, readElf, sha256 } from '../lib/elf.mjs';
import { hookOfSection } from '../lib/hooks.mjs';
import { stringify } from '../lib/json.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const recipes = JSON.parse(readFileSync(join(here, 'recipes.json'), 'utf8'));
const VARIANTS = ['clang-14', 'clang-19'].flatMap((toolchain) =>
  ['O1', 'O2', 'O3', 'Os'].map((level) => ({ id: `${toolchain}-${level}`, toolchain, level, cpu: 'v1', defaultCpu: true })),
);
const PINNED_VARIANTS = 'clang-14-O1,clang-14-O2,clang-14-O3,clang-14-Os,clang-19-O2';
/** Compiled by somebody else: level and instruction set are not known. */
const SHIPPED = { id: 'shipped', toolchain: 'debian', level: 'unknown', cpu: 'unknown', defaultCpu: false };

function fail(message) {
  console.error(message);
  process.exit(2);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        out: { type: 'string', default: '.k2/debian' },
        variants: { type: 'string', default: 'clang-14-O1,clang-14-O2,clang-14-Os' },
        only: { type: 'string' },
        vmlinux: { type: 'string', default: '/sys/kernel/btf/vmlinux' },
        pin: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return fail(`${error.message}\nusage: build.mjs [--out DIR] [--variants a,b] [--only source,...] [--vmlinux BTF] [--pin]`);
  }
}

const args = options();
const out = resolve(args.out);
const wanted = (args.pin ? PINNED_VARIANTS : args.variants).split(',').map((id) => {
  const variant = VARIANTS.find((v) => v.id === id);
  return variant ?? fail(`unknown variant ${id}; known: ${VARIANTS.map((v) => v.id).join(', ')}`);
});
const only = args.only?.split(',');
for (const id of only ?? []) {
  if (!recipes.sources.some((s) => s.id === id)) {
    fail(`unknown source ${id}; known: ${recipes.sources.map((s) => s.id).join(', ')}`);
  }
}

const versions = new Map();
/** Installed version of a package or undefined; says once how to install what is missing. */
function installed(name) {
  if (!versions.has(name)) {
    const query = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev} ${Version}', name], { encoding: 'utf8' });
    const version = query.status === 0 && query.stdout.startsWith('ii') ? query.stdout.split(' ').at(-1) : undefined;
    versions.set(name, version);
    if (!version) {
      const { install } = recipes.packages.find((p) => p.name === name);
      console.log(`missing ${name}: ${install}`);
    }
  }
  return versions.get(name);
}

/** <out>/include: `uapi` is the user-space headers; vmlinux.h comes from the BTF given. */
function prepareIncludes() {
  mkdirSync(join(out, 'include'), { recursive: true });
  const uapi = join(out, 'include', 'uapi');
  if (!existsSync(uapi)) symlinkSync('/usr/include', uapi);
}

let vmlinux;
function haveVmlinux() {
  if (vmlinux !== undefined) return vmlinux;
  const header = spawnSync('bpftool', ['btf', 'dump', 'file', args.vmlinux, 'format', 'c'], { encoding: 'utf8', maxBuffer: 1 << 27 });
  vmlinux = header.status === 0;
  if (vmlinux) writeFileSync(join(out, 'include', 'vmlinux.h'), header.stdout);
  else console.log(`no vmlinux.h: cannot read BTF from ${args.vmlinux} (apt-get install bpftool; --vmlinux FILE)`);
  return vmlinux;
}

/** Unpacks what the recipe needs of the kernel source, once per package version. */
function unpack(source) {
  const root = join(out, 'src');
  const stamp = join(root, `.${source.package}-${installed(source.package)}`);
  const tree = join(root, source.package);
  if (!existsSync(stamp)) {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    console.log(`unpacking ${source.archive} ...`);
    execFileSync('tar', ['-xJf', `/${source.archive}`, '-C', root, ...source.unpack.map((d) => `${source.package}/${d}`)]);
    writeFileSync(stamp, '');
  }
  return tree;
}

function licenseOf(bytes) {
  const elf = readElf(bytes);
  const section = elf.sections.find((s) => s.name === 'license');
  return section ? elf.data(section).toString('latin1').replace(/\0.*$/s, '') : '';
}

const programs = new Map();
const skipped = [];

/** Enters every program of an object. `stem` is the source or file it comes from. */
function enter(source, stem, provenance, variant, object, bytes, note = {}) {
  let all;
  try {
    all = functionsOf(bytes);
  } catch (error) {
    skipped.push({ source: source.id, file: stem, reason: error.message });
    return;
  }
  const called = new Set(all.flatMap((f) => f.calls));
  const group = source.groups?.find((g) => new RegExp(g.match).test(`${stem}.c`))?.group ?? source.group;
  for (const f of all) {
    if (f.section === '.text' || !f.global || called.has(f.name)) continue;
    const id = `${source.id}/${stem}/${f.name}`;
    const entry = programs.get(id) ?? {
      id,
      group,
      license: source.license,
      kernelLicense: licenseOf(bytes),
      section: f.section,
      function: f.name,
      ...hookOfSection(f.section),
      ...note,
      features: new Set(),
      maps: new Set(),
      provenance,
      builds: [],
    };
    for (const feature of codeFeatures(f, all)) entry.features.add(feature);
    for (const map of mapsOf(f, all)) entry.maps.add(map);
    entry.builds.push({ variant: variant.id, object, sha256: sha256(bytes), ...measure(f, all), status: 'untested' });
    programs.set(id, entry);
  }
}

function compileSource(source) {
  const missing = [source.package, ...(source.needs ?? [])].filter((p) => !installed(p));
  if (missing.length > 0) return skipped.push({ source: source.id, reason: `missing ${missing.join(', ')}` });
  const tree = unpack(source);
  prepareIncludes();
  const fill = (flag) => flag.replace('{corpus}', here).replace('{out}', out).replace('{source}', tree);
  const pins = args.pin ? (recipes.pinned[source.id] ?? []) : undefined;
  const files = readdirSync(join(tree, source.directory)).filter((f) => new RegExp(source.match).test(f)).sort();
  for (const file of files) {
    const stem = file.replace(/\.c$/, '');
    if (pins && !pins.includes(stem)) continue;
    const skip = source.skip?.find((s) => new RegExp(s.match).test(file));
    if (skip) {
      skipped.push({ source: source.id, file, reason: skip.reason });
      continue;
    }
    const path = join(tree, source.directory, file);
    const text = readFileSync(path);
    const core = source.vmlinux === true || (source.vmlinux === 'where-included' && text.includes('vmlinux.h'));
    if (core && !haveVmlinux()) {
      skipped.push({ source: source.id, file, reason: 'needs vmlinux.h' });
      continue;
    }
    const provenance = {
      kind: source.kind,
      package: source.package,
      version: installed(source.package),
      path: `${source.directory}/${file}`,
      sha256: sha256(text),
    };
    for (const variant of wanted) {
      if (!installed(variant.toolchain)) continue;
      const object = `obj/${variant.id}/${source.id}/${stem}.o`;
      mkdirSync(dirname(join(out, object)), { recursive: true });
      const flags = ['-target', 'bpf', '-g', `-${variant.level}`, ...source.flags.map(fill)];
      const prefix = [`-fdebug-prefix-map=${tree}=.`, `-fdebug-prefix-map=${out}=.`, '-fdebug-compilation-dir=.'];
      const result = spawnSync(variant.toolchain, [...flags, ...prefix, '-c', path, '-o', join(out, object)], { encoding: 'utf8' });
      if (result.status !== 0) {
        const reason = result.stderr.split('\n').find((l) => l.includes('error:')) ?? `${variant.toolchain} failed`;
        skipped.push({ source: source.id, file, variant: variant.id, reason: reason.replace(/^.*?error: /, '').slice(0, 200) });
        continue;
      }
      enter(source, stem, provenance, variant, object, readFileSync(join(out, object)), core ? { hostTypes: true } : {});
    }
  }
}

function carveSource(source) {
  if (!installed(source.package)) return skipped.push({ source: source.id, reason: `missing ${source.package}` });
  if (args.pin && !recipes.pinned[source.id]) return;
  const list = execFileSync('dpkg', ['-L', source.package], { encoding: 'utf8' }).split('\n');
  for (const path of list.filter((p) => new RegExp(source.files).test(p)).sort()) {
    if (!existsSync(path) || !lstatSync(path).isFile()) continue;
    const found = carve(readFileSync(path));
    found.forEach(({ offset, bytes }, index) => {
      const stem = basename(path).replace(/\.(o|elf)$/, '') + (found.length > 1 ? `.${index}` : '');
      const object = `obj/shipped/${source.id}/${stem}.o`;
      mkdirSync(dirname(join(out, object)), { recursive: true });
      const copy = Buffer.from(bytes);
      writeFileSync(join(out, object), copy);
      const provenance = {
        kind: source.kind,
        package: source.package,
        version: installed(source.package),
        path: path.slice(1),
        ...(offset > 0 && { offset }),
        sha256: sha256(copy),
      };
      enter(source, stem, provenance, SHIPPED, object, copy);
    });
  }
}

mkdirSync(out, { recursive: true });
for (const source of recipes.sources) {
  if (only && !only.includes(source.id)) continue;
  if (source.kind === 'debian-source') compileSource(source);
  else carveSource(source);
}

const rows = [...programs.values()].map((p) => ({
  ...p,
  features: [...p.features].sort(),
  maps: Object.fromEntries([...p.maps].sort().map((m) => [m, null])),
}));
const header = {
  corpus: 'debian',
  title: 'BPF programs of Debian 12: kernel samples and selftests, and objects that packages ship',
  license: 'per program; nothing of it is committed here',
  storage: 'built',
  rebuild: 'node corpora/debian/build.mjs',
  baseline: 'clang-14-O2',
  toolchains: ['clang-14', 'clang-19'].map((id) => ({ id, version: installed(id) ?? 'not installed' })),
};

if (args.pin) {
  const pins = rows.map(({ builds, ...p }) => ({
    ...p,
    builds: builds.map(({ sha256: _, ...b }) => b),
  }));
  const manifest = {
    $schema: '../manifest.schema.json',
    ...header,
    recipes: 'recipes.json',
    variants: [...VARIANTS, SHIPPED],
    programs: pins,
  };
  writeFileSync(join(here, 'manifest.json'), `${stringify(manifest)}\n`);
} else {
  writeFileSync(join(out, 'manifest.json'), `${stringify({ ...header, variants: [...wanted, SHIPPED], programs: rows, skipped })}\n`);
}

/** Texts that differ from the pinned ones: another package or compiler version. */
function comparePins() {
  const pinned = JSON.parse(readFileSync(join(here, 'manifest.json'), 'utf8')).programs;
  let same = 0;
  const different = [];
  for (const pin of pinned) {
    for (const b of pin.builds) {
      const got = programs.get(pin.id)?.builds.find((x) => x.variant === b.variant);
      if (!got) continue;
      if (got.textSha256 === b.textSha256) same++;
      else different.push(`${pin.id} ${b.variant}: ${b.slots} slots pinned, ${got.slots} here`);
    }
  }
  console.log(`pinned texts: ${same} agree, ${different.length} differ`);
  for (const line of different) console.log(`  ${line}`);
}

const builds = rows.flatMap((p) => p.builds);
console.log(`${rows.length} programs, ${builds.length} builds, ${builds.reduce((n, b) => n + b.slots, 0)} slots in ${args.out}`);
if (!args.pin) comparePins();
const reasons = new Map();
for (const s of skipped) reasons.set(s.reason, [...(reasons.get(s.reason) ?? []), s.file ?? s.source]);
for (const [reason, files] of reasons) console.log(`skipped ${files.length} (${[...new Set(files)].slice(0, 3).join(', ')}): ${reason}`);
