import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores are the machine we promise to pass on; each file already uses its own worker pool.
    maxWorkers: 2,
    // CI counts the tests from the report; a person reads the default one.
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: 'coverage/vitest.json' }]],
  },
});
