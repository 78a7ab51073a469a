// THE table of routes. Each answers GET and HEAD from memory; no request causes a call to the API server.
import type { OperatorView, Workloads } from '#api/view.ts'
import type { Answer } from './answer.ts'
import { success } from './answer.ts'
import { healthz, readyz } from './health.ts'
import { databaseData, debugData, statusData } from './status-api.ts'
import { getWorkload, listNames, listPods, listWorkloads } from './workloads-api.ts'

export interface RouteContext {
  readonly view: OperatorView
  readonly workloads: Workloads
  readonly scrape: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly now: () => number
  /** The port that is bound. */
  readonly port: () => number
}

interface Asked {
  /** Parts of the path. */
  readonly params: Readonly<Record<string, string>>
  /** Undefined when it is not there, or empty, or there twice. */
  readonly query: (name: string) => string | undefined
  readonly has: (name: string) => boolean
}

export interface Route {
  /** `:name` stands for one part of the path. */
  readonly path: string
  readonly description: string
  /** Answered whatever the host name, and when there are too many connections. */
  readonly isProbe?: true
  answer(asked: Asked, context: RouteContext): Answer | Promise<Answer>
}

export function createRoutes(metricsPath: string): readonly Route[] {
  return [...probes, ...statusRoutes, ...workloadRoutes, metricsRoute(metricsPath), ...pages(metricsPath)]
}

const probes: readonly Route[] = [
  { path: '/healthz', description: 'Liveness: 200 while the process works', isProbe: true, answer: () => healthz() },
  readiness('/readyz', 'Readiness: 200, or 503 with the reasons; ?verbose lists every check'),
  readiness('/health', 'The same as /readyz'),
]

const statusRoutes: readonly Route[] = [
  status('/status', 'Leader, store and workloads at a glance'),
  status('/api/status', 'The same as /status'),
  {
    path: '/debug/status',
    description: 'Status, memory and history of this replica',
    answer: (_asked, { view, workloads, now, port }) =>
      success(debugData(view, workloads, { nowMs: now(), port: port() })),
  },
  {
    path: '/api/dbinfo',
    description: 'The store of the leader election',
    answer: (_asked, { view, now }) => success(databaseData(view, now())),
  },
]

const workloadRoutes: readonly Route[] = [
  {
    path: '/api/workloads',
    description: 'All workloads, by kind',
    answer: (_asked, { view, workloads }) => listWorkloads(view, workloads),
  },
  {
    path: '/api/workloads/:name',
    description: 'One workload, or one of the groups processes, cronjobs, service, persistent; ?namespace= selects',
    answer: ({ params, query }, { view, workloads }) =>
      getWorkload({ name: params['name'] ?? '', namespace: query('namespace') }, view, workloads),
  },
  {
    path: '/api/workload-names',
    description: 'Names of all workloads',
    answer: (_asked, { view, workloads }) => listNames(view, workloads),
  },
  {
    path: '/api/pods',
    description: 'Pods of all workloads; ?namespace= selects',
    answer: ({ query }, { view, now }) => listPods(view, query('namespace'), now()),
  },
]

function readiness(path: string, description: string): Route {
  return {
    path,
    description,
    isProbe: true,
    answer: ({ has }, { view, now }) => readyz(view, now(), has('verbose')),
  }
}

function status(path: string, description: string): Route {
  return {
    path,
    description,
    answer: (_asked, { view, workloads, now }) => success(statusData(view, workloads, now())),
  }
}

function metricsRoute(path: string): Route {
  return {
    path,
    description: 'Prometheus metrics',
    answer: async (_asked, { scrape }) => ({ type: 'text', status: 200, ...(await scrape()) }),
  }
}

function pages(metricsPath: string): readonly Route[] {
  const listed = [...probes, ...statusRoutes, ...workloadRoutes, metricsRoute(metricsPath)]
  const text = indexPage(listed)
  return [
    {
      path: '/',
      description: 'This page',
      answer: () => ({ type: 'text', status: 200, contentType: 'text/html; charset=utf-8', text }),
    },
    { path: '/dashboard', description: 'Redirects to /', answer: () => ({ type: 'redirect', to: '/' }) },
  ]
}

/** Made of the table alone: nothing from outside is ever in it. */
function indexPage(routes: readonly Route[]): string {
  const items = routes.map(({ path, description }) => {
    const shown = path.replace(':name', '{name}')
    return `<li>${path.includes(':') ? shown : `<a href="${path}">${shown}</a>`}: ${description}</li>`
  })
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Highlander</title></head>',
    `<body><main><h1>Highlander</h1><p>This replica answers:</p><ul>${items.join('')}</ul></main></body></html>`,
    '',
  ].join('\n')
}
