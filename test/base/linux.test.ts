import { describe, expect, it } from 'vitest';
import { linux, linuxName, parseLinux } from '../../src/base/linux.ts';

describe('versions of Linux', () => {
  it.each([
    ['5.4', 504],
    ['v6.18', 618],
    ['5.4.0-26-generic', 504],
    ['6.18.44-fc-v669', 618],
    ['5', undefined],
    ['five.four', undefined],
    ['5.400', undefined],
  ])('%j', (name, version) => {
    expect(parseLinux(name)).toBe(version);
    if (version !== undefined) expect(parseLinux(linuxName(version))).toBe(version);
  });

  it('compares as the versions do', () => {
    expect(linux(5, 4)).toBe(504);
    expect(linux(4, 19)).toBeLessThan(linux(5, 0));
    expect(linux(5, 19)).toBeLessThan(linux(6, 1));
  });
});
