import { expect, it } from 'vitest'
import { createFakeClock } from '#testing/fake-clock.ts'
import { createFakeStores } from '#testing/fake-stores.ts'
import { given } from '#testing/given.ts'
import { createSuspensions } from './suspensions.ts'

const suspended = given.cronJob({ suspended: true })

function setUp() {
  const stores = createFakeStores()
  let isConfirmed = true
  const CronJob = { ...stores.children.CronJob, isConfirmed: () => isConfirmed }
  const clock = createFakeClock()
  const suspensions = createSuspensions({ ...stores, children: { ...stores.children, CronJob } }, clock)
  return { clock, suspensions, confirm: (confirmed: boolean) => void (isConfirmed = confirmed) }
}

it('counts from the first look at a version that the watch has delivered', async () => {
  const { clock, suspensions, confirm } = setUp()
  confirm(false)
  const before = suspensions.lastedMs(suspended)
  await clock.advance(9000)
  confirm(true)
  const first = suspensions.lastedMs(suspended)
  await clock.advance(5000)

  expect([before, first, suspensions.lastedMs(suspended)]).toEqual([undefined, 0, 5000])
})

it('counts anew after the schedule was in force', async () => {
  const { clock, suspensions } = setUp()
  suspensions.lastedMs(suspended)
  await clock.advance(5000)
  const resumed = suspensions.lastedMs({ ...suspended, suspended: false })

  expect([resumed, suspensions.lastedMs(suspended)]).toEqual([undefined, 0])
})
