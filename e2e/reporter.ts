// The last words of a test run: what was skipped and why, then one line that people and pipelines can read.
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const brokenFiles = modules.filter((module) => module.errors().length > 0)
    const count = (state: 'passed' | 'failed' | 'skipped'): number =>
      tests.filter((test) => test.result().state === state).length
    const skipped = tests.filter((test) => test.result().state === 'skipped')
    // After the default reporter's summary, which is printed in the same phase.
    setImmediate(() => {
      for (const test of skipped) console.log(`skipped: ${test.module.relativeModuleId} > ${test.fullName}`)
      for (const file of brokenFiles) console.log(`failed to load: ${file.relativeModuleId}`)
      for (const error of errors) console.log(`outside of a test: ${error.message}`)
      const failed = count('failed') + brokenFiles.length + errors.length
      console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`)
    })
  }
}
