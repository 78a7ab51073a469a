// Three projects: `unit` (pure, models, fakes; loopback only; no binaries), `conformance` (the judges of other projects,
// built with Go) and `cluster` (a real control plane).
import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './e2e/reporter.ts'

export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['operator/**/*.test.ts', 'e2e/*.unit.test.ts', 'e2e/lint-canary.test.ts', 'e2e/cluster/*.test.ts'],
          exclude: ['**/*.story.test.ts', '**/node_modules/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: { name: 'conformance', include: ['e2e/conformance/*.test.ts'], testTimeout: 20_000 },
      },
      {
        test: {
          name: 'cluster',
          include: ['e2e/**/*.story.test.ts'],
          globalSetup: ['e2e/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One control plane, two cores: files one after the other.
          fileParallelism: false,
        },
      },
    ],
  },
})
