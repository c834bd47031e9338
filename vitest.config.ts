import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Whole-program and kernel tests take seconds; nothing is ever judged by the clock.
    testTimeout: process.env.K2_FULL === '1' ? 3_600_000 : 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
  },
});
