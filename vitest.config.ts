import { defineConfig } from 'vitest/config';

const buildBundle = ['test/support/build-bundle.ts'];
const slow = ['test/sim/**', 'test/e2e/**', 'test/interop/**', 'test/stress/**'];
const minutes = 60_000;
const simWorkers = 2;

/**
 * `unit` needs Node alone and is what `npm test` runs. `sim` enumerates crashes, `stress` runs for
 * minutes on purpose, `e2e` starts real processes, `interop` talks to foreign clients and servers,
 * which test/interop/setup.sh installs.
 */
export default defineConfig({
  test: {
    globalSetup: buildBundle,
    projects: [
      project('unit', ['test/**/*.test.ts'], slow, 1),
      project('sim', ['test/sim/**/*.test.ts'], [], 10),
      project('e2e', ['test/e2e/**/*.test.ts'], [], 10),
      project('stress', ['test/stress/**/*.test.ts'], [], 60),
      project('interop', ['test/interop/**/*.test.ts'], [], 5),
    ],
  },
});

function project(name: string, include: string[], exclude: string[], timeoutMinutes: number) {
  const testTimeout = timeoutMinutes * minutes;
  // Suites with processes and ports of their own take turns.
  const fileParallelism = name === 'unit' || name === 'sim';
  const setupFiles = ['test/support/fast-check-seed.ts'];
  // Vitest leaves one core to itself; simulated worlds never wait for anything but a core.
  const workers = name === 'sim' ? { maxWorkers: simWorkers } : {};
  return {
    test: {
      ...workers,
      setupFiles,
      name,
      include,
      exclude,
      testTimeout,
      hookTimeout: testTimeout,
      fileParallelism,
    },
  };
}
