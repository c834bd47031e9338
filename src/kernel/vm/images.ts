/**
 * Kernel images that can be booted: `.k2/kernels/<name>/` holds a `vmlinuz` and a `kernel.json` that says
 * what it is.
 *
 *   add(folder, .deb or image) --> KernelImage      find('6.1') --> KernelImage or undefined
 *
 * Nothing is downloaded. A Debian package is unpacked with dpkg-deb; in a folder the newest `vmlinuz*` is
 * taken. The release is read from the image itself (Documentation/arch/x86/boot.rst: `kernel_version`), not
 * from its name.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { stateFolder } from '../../base/paths.ts';

export interface KernelImage {
  /** What `--kernels` calls it: `6.1`. */
  name: string;
  /** As uname(2) will have it: `6.1.0-56-cloud-amd64`. */
  release: string;
  /** The release and who built it, when. */
  version: string;
  sha256: string;
  /** File name that it came from. */
  source: string;
}

const IMAGE = 'vmlinuz';
const ABOUT = 'kernel.json';

const home = (): string => join(stateFolder(), 'kernels');

export const imageFile = (image: KernelImage): string => join(home(), image.name, IMAGE);

/** All images, in the order of their names. */
export function kernelImages(): KernelImage[] {
  if (!existsSync(home())) return [];
  return readdirSync(home())
    .filter((name) => existsSync(join(home(), name, ABOUT)))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => JSON.parse(readFileSync(join(home(), name, ABOUT), 'utf8')));
}

export function findImage(name: string): KernelImage | undefined {
  return kernelImages().find((i) => i.name === name);
}

/** Copies an image into the working directory's state. `name`: default `major.minor`. Throws `UserError`. */
export function addImage(from: string, name?: string): KernelImage {
  if (!existsSync(from))
    throw new UserError('it does not exist.', from, 'Give a folder, a .deb or a vmlinuz.');
  const scratch = mkdtempSync(join(tmpdir(), 'k2-kernel-'));
  try {
    const file = imageIn(from, scratch);
    const bytes = readFileSync(file);
    const version = kernelVersion(bytes);
    if (version === undefined)
      throw new UserError(
        'it is not a bootable x86 kernel image (bzImage).',
        file,
        'It is called vmlinuz in most systems.',
      );
    const release = version.split(' ')[0]!;
    const image: KernelImage = {
      name: name ?? /^\d+\.\d+/.exec(release)?.[0] ?? release,
      release,
      version,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      source: basename(from),
    };
    if (!/^[\w.+-]+$/.test(image.name) || image.name === 'running')
      throw new UserError(
        `'${image.name}' cannot be the name of a kernel.`,
        from,
        'Use letters, digits, dots and dashes.',
      );
    mkdirSync(join(home(), image.name), { recursive: true });
    copyFileSync(file, imageFile(image));
    writeFileSync(join(home(), image.name, ABOUT), `${JSON.stringify(image, null, 1)}\n`);
    return image;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The image's file: itself, in the folder (also under `boot/`), or in the package. */
function imageIn(from: string, scratch: string): string {
  if (statSync(from).isDirectory()) {
    const found = ['.', 'boot']
      .map((sub) => join(from, sub))
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder).map((f) => join(folder, f)))
      .filter((f) => /^(vmlinuz|bzImage)/.test(basename(f)))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    const file = found.at(-1);
    if (file === undefined) throw new UserError('it holds no vmlinuz and no boot/vmlinuz.', from);
    return file;
  }
  if (!from.endsWith('.deb')) return from;
  const r = spawnSync('dpkg-deb', ['-x', from, scratch], { encoding: 'utf8' });
  if (r.error !== undefined)
    throw new UserError(
      'dpkg-deb is not installed, so packages cannot be unpacked.',
      from,
      'Unpack it and give the folder.',
    );
  if (r.status !== 0) throw new UserError(`dpkg-deb: ${r.stderr.trim()}`, from);
  return imageIn(scratch, scratch);
}

const MAGIC_AT = 0x202;
const VERSION_POINTER_AT = 0x20e;
const VERSION_BASE = 0x200;

/** The text that `kernel_version` of the boot header points to; undefined when this is no such image. */
export function kernelVersion(image: Uint8Array): string | undefined {
  if (image.length < VERSION_BASE + 0x100) return undefined;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const magic = new TextDecoder().decode(image.subarray(MAGIC_AT, MAGIC_AT + 4));
  if (magic !== 'HdrS') return undefined;
  const at = view.getUint16(VERSION_POINTER_AT, true) + VERSION_BASE;
  const end = image.indexOf(0, at);
  return end < 0 ? undefined : new TextDecoder().decode(image.subarray(at, end));
}
