// One replica's part in the election: stands by, claims the fence, leads for a term, ends it, and starts again.
//
// It promises at most one valid term at a time among all replicas whose clock rates differ by at most 5 %, and that a
// term is released only after the consumer has said (by coming back) that everything of the term has settled. It does
// not promise that a leader exists, and it never looks at workloads.
import type { Elector, Term, TermEnd } from '#api/ports.ts'
import { onAbort } from '#lib/abort.ts'
import { isAbort, messageOf, TerminalError } from '#lib/errors.ts'
import { attempt } from './attempt.ts'
import { Campaign } from './campaign.ts'
import type { Won } from './campaign.ts'
import { timingProblems, writeDeadlineMs } from './lock.ts'
import { Renewal } from './renewal.ts'
import { Replica } from './replica.ts'
import type { ElectorOptions } from './replica.ts'
import { openTerm } from './term.ts'
import type { HeldTerm, OpenTerm } from './term.ts'

export type { ElectorOptions, ElectorSettings, LeaderEvent } from './replica.ts'

const RETRY_MS = 250
/** The last try of a release gets this long, whatever the consumer has used up. */
const RELEASE_AT_LEAST_MS = 500

/** Throws TerminalError when the timings are unsafe. `open` is a parameter so that a test can plant an unsafe term. */
export function createElector(options: ElectorOptions, open: OpenTerm = openTerm): Elector {
  const problems = timingProblems(options.settings)
  if (problems.length > 0) throw new TerminalError(problems.join(' '))
  const self = new Replica(options)
  return { view: self.view, terms: (signal) => terms(self, open, signal) }
}

async function* terms(self: Replica, open: OpenTerm, signal: AbortSignal): AsyncGenerator<Term, void, undefined> {
  using _watch = self.options.fence.changes((seen) => self.hint(seen))
  if (!self.options.settings.remainsFollower && !(await isSynced(self, signal))) return
  const campaign = new Campaign(self)
  while (!signal.aborted) {
    const won = await campaign.win(signal)
    if (signal.aborted) {
      if (won !== undefined || campaign.mayHold()) await release(self, 0)
      return
    }
    if (won === undefined) continue
    await using reign = startReign(self, won, open, signal)
    yield reign.term
  }
}

/** False when the signal fired first. */
async function isSynced(self: Replica, signal: AbortSignal): Promise<boolean> {
  try {
    await self.options.synced(signal)
    return !signal.aborted
  } catch (error) {
    if (signal.aborted && isAbort(error)) return false
    throw error
  }
}

/** A term that is being led. Disposing it means that the consumer has settled: it is ended, and released if it may be. */
interface Reign extends AsyncDisposable {
  readonly term: Term
}

function startReign(self: Replica, won: Won, open: OpenTerm, signal: AbortSignal): Reign {
  const { clock, settings } = self.options
  let overAtMs = Number.POSITIVE_INFINITY
  const { id, cluster, tenant, renewDeadlineMs } = settings
  const held = open({
    facts: { epoch: won.epoch, holder: id, cluster, tenant, sinceMs: clock.now() },
    sentAt: won.sentAt,
    renewDeadlineMs,
    clock,
    role: () => 'active',
    onOver: (reason) => {
      overAtMs = clock.monotonicMs()
      announceEnd(self, held, reason, overAtMs - won.sentAt.monotonicMs)
    },
    onNewerEpoch: (epoch) => self.metNewerEpoch(epoch),
  })
  announceWin(self, held, won)
  const shutdown = onAbort(signal, () => held.drain('shutdown'))
  const draining = onAbort(held.term.draining, () => announceDrain(self, held))
  const renewing = new Renewal(self, held, won.sentAt).run()
  return {
    term: held.term,
    [Symbol.asyncDispose]: async () => {
      // A consumer that leaves a good term has no use for it: others go first.
      held.end(signal.aborted ? 'shutdown' : 'step-down')
      shutdown[Symbol.dispose]()
      draining[Symbol.dispose]()
      await renewing
      const reason = held.reason()
      if (reason === 'step-down') self.steppedDownFrom = won.epoch
      const isHeldInVain = signal.aborted && reason !== 'lost'
      if (reason === 'shutdown' || reason === 'step-down' || isHeldInVain)
        await release(self, clock.monotonicMs() - overAtMs)
      self.isInDoubt = true
      self.view.noteSettled()
    },
  }
}

/** Gives the fence back. All writes of the term have settled. `usedMs`: how long that took after the term's signal. */
async function release(self: Replica, usedMs: number): Promise<void> {
  const { clock, fence, settings, telemetry } = self.options
  const untilMs = clock.monotonicMs() + Math.max(RELEASE_AT_LEAST_MS, writeDeadlineMs(settings) - usedMs)
  const epoch = self.lastEpoch
  const leftMs = (): number => untilMs - clock.monotonicMs()
  while (true) {
    try {
      const mine = { claim: settings.claim, seq: self.nextSeq(), drained: false, request: '' }
      const ms = Math.min(settings.retryPeriodMs, leftMs())
      const outcome = await attempt({ clock, ms }, (end) => fence.release(mine, end))
      if (outcome === 'lost') return telemetry.log.info('fence was no longer held', self.fields({ epoch }))
      telemetry.log.info('fence released', self.fields({ epoch }))
      return self.event('LeaderReleased', `${settings.id} released the fence.`)
    } catch (error) {
      if (leftMs() <= RETRY_MS) {
        const reason = messageOf(error)
        return telemetry.log.warn('fence not released, rivals wait for its duration', self.fields({ epoch, reason }))
      }
    }
    await clock.sleep(RETRY_MS, new AbortController().signal)
  }
}

function announceWin(self: Replica, held: HeldTerm, won: Won): void {
  const { settings, telemetry } = self.options
  const { epoch, reason, isTakeover } = won
  self.lastEpoch = epoch
  self.raiseFloor(epoch)
  self.view.noteWon(held.term, won)
  telemetry.metrics.termStarted(isTakeover)
  telemetry.log.info('fence acquired, term begins', self.fields({ epoch, reason }))
  self.event('LeaderElected', `${settings.id} leads with epoch ${epoch}: ${reason}.`)
}

function announceDrain(self: Replica, held: HeldTerm): void {
  const { epoch } = held.term
  const reason = held.reason()
  if (reason !== 'shutdown' && reason !== 'step-down') return
  self.options.telemetry.log.info('term drains', self.fields({ epoch, reason, remainingMs: held.term.remainingMs() }))
}

function announceEnd(self: Replica, held: HeldTerm, reason: TermEnd, afterMs: number): void {
  const { settings, telemetry } = self.options
  const { epoch } = held.term
  self.view.noteOver(reason)
  telemetry.metrics.termEnded(reason, afterMs / 1000)
  telemetry.log.info('term ended', self.fields({ epoch, reason, afterMs }))
  if (reason === 'shutdown' || reason === 'step-down') return
  self.event('LeaderLost', `${settings.id} no longer leads: the term with epoch ${epoch} ended (${reason}).`)
}
