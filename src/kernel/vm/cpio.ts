/**
 * An initramfs: a cpio archive in the "newc" format
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
export type Entry =
  | { kind: 'file'; path: string; mode: number; bytes: Uint8Array }
  | { kind: 'folder'; path: string }
  | { kind: 'device'; path: string; major: number; minor: number };

const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFCHR = 0o020000;
const LAST = 'TRAILER!!!';

export function cpio(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [i, e] of entries.entries()) {
    const bytes = e.kind === 'file' ? e.bytes : new Uint8Array(0);
    const mode =
      e.kind === 'file' ? S_IFREG | e.mode : e.kind === 'folder' ? S_IFDIR | 0o755 : S_IFCHR | 0o600;
    const device = e.kind === 'device' ? [e.major, e.minor] : [0, 0];
    parts.push(...member(e.path, [i + 1, mode, 0, 0, 1, 0, bytes.length, 0, 0, ...device], bytes));
  }
  parts.push(...member(LAST, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], new Uint8Array(0)));
  return Buffer.concat(parts);
}

/** Header, name and contents, each padded to four bytes. */
function member(path: string, fields: readonly number[], bytes: Uint8Array): Uint8Array[] {
  const name = new TextEncoder().encode(`${path}\0`);
  const words = [...fields, name.length, 0];
  const header = `070701${words.map((w) => w.toString(16).padStart(8, '0')).join('')}`;
  const padding = (n: number): Uint8Array => new Uint8Array(-n & 3);
  return [
    new TextEncoder().encode(header),
    name,
    padding(header.length + name.length),
    bytes,
    padding(bytes.length),
  ];
}
