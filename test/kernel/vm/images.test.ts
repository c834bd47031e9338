/** Kernel images: what is taken, what is refused, and where its release is read. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addImage,
  findImage,
  imageFile,
  kernelImages,
  kernelVersion,
} from '../../../src/kernel/vm/images.ts';
import { openKernel } from '../../../src/kernel/vm/kernels.ts';

/** A boot header as far as it is read: magic, and a pointer to the version's text. */
function bootImage(version: string): Uint8Array {
  const bytes = new Uint8Array(2048);
  bytes.set(new TextEncoder().encode('HdrS'), 0x202);
  new DataView(bytes.buffer).setUint16(0x20e, 0x300, true);
  bytes.set(new TextEncoder().encode(`${version}\0`), 0x500);
  return bytes;
}

const folder = mkdtempSync(join(tmpdir(), 'k2-test-'));
const before = process.cwd();
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

test('the release is the image’s own, whatever the file is called', () => {
  expect(kernelVersion(bootImage('6.1.0-9-cloud (me) #1'))).toBe('6.1.0-9-cloud (me) #1');
  expect(kernelVersion(new Uint8Array(2048))).toBeUndefined();
  expect(kernelVersion(new Uint8Array(8))).toBeUndefined();
});

test('a folder gives its newest image; the name is major.minor, or what the user says', () => {
  expect(kernelImages()).toEqual([]);
  mkdirSync('tree/boot', { recursive: true });
  writeFileSync('tree/boot/vmlinuz-6.9.1', bootImage('6.9.1 (a)'));
  writeFileSync('tree/boot/vmlinuz-6.10.2', bootImage('6.10.2 (b)'));
  expect(addImage('tree')).toMatchObject({ name: '6.10', release: '6.10.2', source: 'tree' });
  expect(addImage('tree/boot/vmlinuz-6.9.1', 'old')).toMatchObject({ name: 'old', release: '6.9.1' });
  expect(kernelImages().map((i) => i.name)).toEqual(['6.10', 'old']);
  expect(readFileSync(imageFile(findImage('old')!))).toEqual(readFileSync('tree/boot/vmlinuz-6.9.1'));
});

test('what is no kernel is refused, and leaves nothing behind', () => {
  writeFileSync('text', 'not a kernel');
  mkdirSync('empty', { recursive: true });
  expect(() => addImage('text')).toThrow(/not a bootable x86 kernel/);
  expect(() => addImage('empty')).toThrow(/holds no vmlinuz/);
  expect(() => addImage('nowhere')).toThrow(/does not exist/);
  expect(() => addImage('tree', 'running')).toThrow(/cannot be the name/);
  expect(() => addImage('tree', '../up')).toThrow(/cannot be the name/);
  expect(existsSync('.k2/kernels/running')).toBe(false);
});

test('a kernel that nobody added is a reason, not a crash', () => {
  expect(openKernel('5.4')).toEqual({
    ok: false,
    reason: "no kernel '5.4' was added (there are: running, 6.10, old)",
  });
});
