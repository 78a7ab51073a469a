import { beforeEach, describe, expect, it } from 'vitest'
import { AbortError, ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import { given } from '#testing/given.ts'
import type { WriterRig } from '#testing/writer-rig.ts'
import { createWriterRig, T_MS } from '#testing/writer-rig.ts'

let rig: WriterRig

beforeEach(() => {
  rig = createWriterRig()
})

describe('the fence', () => {
  it.each(['create', 'apply', 'remove', 'grant', 'ungate'] as const)(
    'refuses %s when less than T of the term is left',
    async (name) => {
      const term = given.term({ remainingMs: T_MS - 1 })
      const cr = given.cr({ kind: 'WorkloadService', status: { grant: { uid: given.pod().uid, token: 1 } } })
      const writing = {
        create: () => rig.writer.create(given.child('Deployment'), term),
        apply: () => rig.writer.apply(given.child('Deployment'), given.deployment(), term),
        remove: () => rig.writer.remove(given.pod(), {}, term),
        grant: () => rig.writer.grant(cr, given.pod(), term),
        ungate: () => rig.writer.ungate(given.pod(), cr, term),
      }

      await expect(writing[name]()).rejects.toBeInstanceOf(AbortError)
      expect(rig.client.calls).toEqual([])
      expect(rig.telemetry.callsOf('fencedWrite')).toHaveLength(1)
    },
  )

  it('writes with exactly T left', async () => {
    await rig.writer.create(given.child('Deployment'), given.term({ remainingMs: T_MS }))

    expect(rig.client.calls).toHaveLength(1)
  })

  it('writes nothing while the role is hands-off', async () => {
    const writing = rig.writer.create(given.child('Pod'), given.term({ role: 'hands-off' }))

    await expect(writing).rejects.toBeInstanceOf(AbortError)
    expect(rig.client.calls).toEqual([])
  })

  it('ends the term when the object shows a newer epoch', async () => {
    const term = given.term({ epoch: 4n })

    const writing = rig.writer.remove(given.pod({ epoch: 5n }), {}, term)

    await expect(writing).rejects.toBeInstanceOf(AbortError)
    expect(term.newerEpochs).toEqual([5n])
    expect(rig.client.calls).toEqual([])
  })

  it('looks at the store too, not only at the version the write was decided on', async () => {
    const term = given.term({ epoch: 4n })
    rig.stores.see(given.pod({ epoch: 5n, resourceVersion: '8' }))

    const writing = rig.writer.remove(given.pod({ epoch: 4n }), {}, term)

    await expect(writing).rejects.toBeInstanceOf(AbortError)
    expect(term.newerEpochs).toEqual([5n])
  })

  it('asks again in the tick of sending', async () => {
    const term = given.term()
    rig.client.beforeSend(() => term.setRemainingMs(T_MS - 1))

    await expect(rig.writer.remove(given.pod(), {}, term)).rejects.toBeInstanceOf(AbortError)

    expect(rig.client.calls).toEqual([])
    expect(rig.telemetry.callsOf('fencedWrite')).toEqual([['pods']])
  })

  it('takes a 404 that is not about the object for trouble on the way, not for its absence', async () => {
    rig.stores.see(given.pod())
    rig.client.answer(() => new TerminalError('404 page not found', { reason: 'unknown' }))

    const writing = rig.writer.remove(given.pod(), {}, given.term())

    await expect(writing).rejects.toMatchObject({ name: 'TransientError', reason: 'unavailable' })
    expect(rig.stores.allChildren()).toHaveLength(1)
  })

  it('lets go of a write in flight when the term ends', async () => {
    const term = given.term()
    rig.client.hold()
    const writing = rig.writer.remove(given.pod(), {}, term)

    term.end()

    await expect(writing).rejects.toBeInstanceOf(AbortError)
  })

  it('counts what a precondition or the deadline stopped, and takes the admission policy for a conflict', async () => {
    rig.client.answer(() => new ConflictError('the object has been modified'))
    expect(await rig.writer.remove(given.pod(), {}, given.term())).toBe('conflict')
    rig.client.answer(() => new TransientError('no answer', { reason: 'timeout' }))
    await expect(rig.writer.remove(given.pod(), {}, given.term())).rejects.toBeInstanceOf(TransientError)
    rig.client.answer(
      () => new TerminalError(`forbidden: ValidatingAdmissionPolicy 'highlander-fence-children' denied`),
    )
    expect(await rig.writer.remove(given.pod(), {}, given.term())).toBe('conflict')

    expect(rig.telemetry.callsOf('fencedWrite')).toEqual([['pods'], ['pods'], ['pods']])
  })
})
