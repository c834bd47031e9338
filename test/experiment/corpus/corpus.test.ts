import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  corpusNames,
  entryOf,
  forgetCorpora,
  loadEntry,
  openCorpus,
} from '../../../src/experiment/corpus/corpus.ts';
import { checkCorpus } from '../../../src/experiment/corpus/corpus-check.ts';
import { importFrom } from '../../../src/experiment/corpus/import.ts';
import { sizeInSlots } from '../../../src/isa/insn.ts';

const shared = process.env.K2_SHARED ?? resolve(import.meta.dirname, '../../../../shared');
const paper = join(shared, 'corpora/k2-paper');
const folder = mkdtempSync(join(tmpdir(), 'k2-corpus-'));
const home = process.cwd();
const sharedBefore = process.env.K2_SHARED;

// The state of imported corpora is below the working directory; the checkout's own must not matter.
beforeEach(() => {
  process.chdir(folder);
  process.env.K2_SHARED = join(folder, 'nothing');
  forgetCorpora();
});
afterEach(() => {
  process.chdir(home);
  if (sharedBefore === undefined) delete process.env.K2_SHARED;
  else process.env.K2_SHARED = sharedBefore;
  forgetCorpora();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('builtin', () => {
  it('has every program in every build as the manifest says', () => {
    const rows = checkCorpus(openCorpus('builtin'));
    expect(rows.filter((r) => r.status !== 'ok')).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(24 * 8);
  });

  it('applies what the manifest changes in maps', () => {
    const corpus = openCorpus('builtin');
    const loaded = loadEntry(corpus, entryOf(corpus, 'xdp_l4lb'), 'clang-14-O2');
    if (loaded.status !== 'ok') throw new Error(loaded.reason);
    expect(loaded.program.maps.find((m) => m.name === 'rings')?.maxEntries).toBe(131074);
  });
});

describe('corpora whose files are not there', () => {
  it('are listed, and their programs are missing with the way to get them', () => {
    expect(corpusNames()).toEqual(expect.arrayContaining(['builtin', 'debian', 'k2-paper']));
    const corpus = openCorpus('k2-paper');
    const loaded = loadEntry(corpus, entryOf(corpus, 'xdp1'), 'clang-9-O2');
    expect(loaded).toMatchObject({ status: 'missing' });
    expect(loaded.status === 'missing' && loaded.reason).toContain('k2 corpus add k2-paper --clone');
  });

  it('are not imported from a folder that lacks a file', () => {
    expect(() => importFrom(openCorpus('k2-paper'), folder)).toThrow(/files are not there/);
    expect(existsSync(join(folder, '.k2'))).toBe(false);
  });
});

describe.skipIf(!existsSync(paper))('k2-paper (skipped without the reference data)', () => {
  it('is imported from a folder; a damaged copy is refused', () => {
    const copy = join(folder, 'copy');
    cpSync(paper, copy, { recursive: true });
    // Copies keep the mode of read-only originals.
    rmSync(join(copy, 'O2/xdp1.insns'), { force: true });
    writeFileSync(join(copy, 'O2/xdp1.insns'), new Uint8Array(8));
    expect(() => importFrom(openCorpus('k2-paper'), copy)).toThrow(/first O2\/xdp1.insns/);
    const done = importFrom(openCorpus('k2-paper'), paper);
    expect(done.files).toBeGreaterThan(19 * 3);
    const corpus = openCorpus('k2-paper');
    const sizes = corpus.manifest.programs.map((p) => {
      const loaded = loadEntry(corpus, p, 'clang-9-O2');
      if (loaded.status !== 'ok') throw new Error(loaded.reason);
      return [p.id, sizeInSlots(loaded.program.insns), loaded.program.hook];
    });
    expect(sizes).toHaveLength(19);
    expect(sizes).toContainEqual(['xdp1', 61, 'xdp']);
    expect(sizes).toContainEqual(['recvmsg4', 94, 'cgroup_sock_addr']);
    // What is there but other than described is not taken for it.
    const changed = join(done.folder, 'O2/xdp1.insns');
    writeFileSync(changed, new Uint8Array(8));
    expect(loadEntry(corpus, entryOf(corpus, 'xdp1'), 'clang-9-O2')).toMatchObject({ status: 'unreadable' });
  });

  it('gives the balancer the inner map that the files lack', () => {
    process.env.K2_SHARED = shared;
    forgetCorpora();
    const corpus = openCorpus('k2-paper');
    const loaded = loadEntry(corpus, entryOf(corpus, 'xdp-balancer'), 'clang-9-O2');
    if (loaded.status !== 'ok') throw new Error(loaded.reason);
    const outer = loaded.program.maps.find((m) => m.type === 12 || m.type === 13);
    expect(outer?.inner).toMatchObject({ type: 9, keySize: 40, valueSize: 16 });
  });
});

describe('a damaged manifest', () => {
  it('is named', () => {
    mkdirSync(join(folder, '.k2/mine'), { recursive: true });
    writeFileSync(join(folder, '.k2/mine/manifest.json'), '{"corpus": "mine"');
    expect(() => openCorpus('mine')).toThrow(/manifest.json: this is no JSON/);
    writeFileSync(join(folder, '.k2/mine/manifest.json'), '{"corpus": "mine"}');
    expect(() => openCorpus('mine')).toThrow(/baseline/);
  });
});
