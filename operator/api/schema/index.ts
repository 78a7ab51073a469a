// The kinds of this operator. Everything that must know them all follows from this list.
import { cronjob } from './cronjob.ts'
import type { KindModel } from './model.ts'
import { persistent } from './persistent.ts'
import { process } from './process.ts'
import { service } from './service.ts'

export const models: readonly KindModel[] = [process, cronjob, service, persistent]
