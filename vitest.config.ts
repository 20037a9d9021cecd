import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**'],
    globalSetup: ['test/support/build-bundle.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
