// Hooks of a file of tests around one store. Where the program cannot be had, its tests are skipped and say so; with
// REQUIRE_TOOLS=1 that is a failure.
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { findProgramOrSay, type ProgramName } from './programs.ts'

interface Rig extends AsyncDisposable {
  reset(): Promise<void>
}

const INSTALL_MS = 300_000

/** A fresh store for each test, opened once. Only for use inside of tests. */
export function useRig<R extends Rig>(name: ProgramName, open: (file: string) => Promise<R>): () => R {
  let rig: R | undefined
  beforeAll(async () => {
    const file = await findProgramOrSay(name)
    if (file !== undefined) rig = await open(file)
  }, INSTALL_MS)
  beforeEach(async (context) => {
    context.skip(rig === undefined, `no ${name}; see [stores] above`)
    await rig?.reset()
  })
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]()
  })
  return () => {
    if (rig === undefined) throw new Error(`no ${name}`)
    return rig
  }
}
