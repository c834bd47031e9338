/**
 * Linux versions as numbers that compare like the versions: 5.4 is 504, 6.15 is 615.
 *
 *   in:   major and minor, or what `uname -r` and users write
 *   out:  the number, and its name
 */

/** The number of Linux `major.minor`: what every `since` and `linux` column of the tables holds. */
export function linux(major: number, minor: number): number {
  return major * 100 + minor;
}

/** `5.4` for 504. */
export function linuxName(version: number): string {
  return `${Math.floor(version / 100)}.${version % 100}`;
}

/** What is said of a feature that a kernel lacks. */
export function needs(version: number): string {
  return `needs Linux ${linuxName(version)}`;
}

/** 504 for `5.4`, `5.4.0-26-generic` or `v5.4`; undefined for anything else. */
export function parseLinux(name: string): number | undefined {
  const match = /^v?(\d{1,2})\.(\d{1,2})(?![\d])/.exec(name.trim());
  return match === null ? undefined : linux(Number(match[1]), Number(match[2]));
}
