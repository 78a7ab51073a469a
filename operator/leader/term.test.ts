import { describe, expect, it, vi } from 'vitest'
import { createFakeClock } from '#testing/fake-clock.ts'
import type { FakeClock } from '#testing/fake-clock.ts'
import { momentOf } from './moment.ts'
import { DRAIN_MS, openTerm } from './term.ts'
import type { HeldTerm, TermStart } from './term.ts'

function open(clock: FakeClock, over: Partial<TermStart> = {}): HeldTerm {
  return openTerm({
    facts: { epoch: 8n, holder: 'r1', cluster: 'primary', tenant: 'default', sinceMs: clock.now() },
    sentAt: momentOf(clock),
    renewDeadlineMs: 10_000,
    clock,
    role: () => 'active',
    onOver: () => undefined,
    onNewerEpoch: () => undefined,
    ...over,
  })
}

describe('a term', () => {
  it('ends when no renewal was confirmed for R', async () => {
    const clock = createFakeClock()
    const onOver = vi.fn<TermStart['onOver']>()
    const held = open(clock, { onOver })

    await clock.advance(9999)
    expect(held.term.signal.aborted).toBe(false)
    await clock.advance(1)

    expect(held.term.signal.aborted).toBe(true)
    expect(onOver).toHaveBeenCalledExactlyOnceWith('expired')
  })

  it('is prolonged from the send of a renewal, not from its answer', async () => {
    const clock = createFakeClock()
    const held = open(clock)
    await clock.advance(2000)
    const sentAt = momentOf(clock)
    await clock.advance(1900)

    held.confirm(sentAt)

    expect(held.term.remainingMs()).toBe(8100)
  })

  it('is not shortened by the confirmation of an older renewal', async () => {
    const clock = createFakeClock()
    const older = momentOf(clock)
    await clock.advance(100)
    const held = open(clock)

    held.confirm(older)

    expect(held.term.remainingMs()).toBe(10_000)
  })

  it('counts a suspend, and a renewal confirmed after it does not revive the term', () => {
    const clock = createFakeClock()
    const held = open(clock)
    const sentAt = momentOf(clock)
    clock.suspend(10_000)

    expect(held.term.remainingMs()).toBe(0)
    held.confirm(sentAt)

    expect(held.reason()).toBe('expired')
  })

  it('drains first in good order, and ends at the latest after the drain limit', async () => {
    const clock = createFakeClock()
    const held = open(clock)

    held.drain('shutdown')

    expect([held.term.draining.aborted, held.term.signal.aborted]).toEqual([true, false])
    await clock.advance(DRAIN_MS)
    expect(held.term.signal.aborted).toBe(true)
    expect(held.reason()).toBe('shutdown')
  })

  it('shows no validity once its signal has fired, and leaves no timer', () => {
    const clock = createFakeClock()
    const held = open(clock)

    held.end('lost')

    expect(held.term.remainingMs()).toBe(0)
    expect([held.term.draining.aborted, clock.pending()]).toEqual([true, 0])
  })

  it('hands out growing tokens, and drains with the last one', () => {
    const held = open(createFakeClock())
    const base = 8n * 2n ** 20n

    expect(held.term.nextToken()).toBe(base + 1n)
    for (let token = 2; token < 2 ** 20 - 1; token += 1) held.term.nextToken()
    expect(held.reason()).toBeUndefined()
    expect(held.term.nextToken()).toBe(base + 2n ** 20n - 1n)

    expect(held.reason()).toBe('step-down')
    expect(() => held.term.nextToken()).toThrow('used up')
  })

  it('ends at once when an object shows a newer epoch', () => {
    const onNewerEpoch = vi.fn<TermStart['onNewerEpoch']>()
    const held = open(createFakeClock(), { onNewerEpoch })

    held.term.sawNewerEpoch(8n)
    expect(held.reason()).toBeUndefined()
    held.term.sawNewerEpoch(9n)

    expect(held.reason()).toBe('newer-epoch')
    expect(onNewerEpoch).toHaveBeenCalledExactlyOnceWith(9n)
  })
})
