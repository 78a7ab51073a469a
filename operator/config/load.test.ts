import { describe, expect, it } from 'vitest'
import { readFlags } from './flags.ts'
import { load, problemLines } from './given.ts'
import { keys } from './keys.ts'
import { formatHelp } from './load.ts'
import { formatPlace } from './problems.ts'

describe('defaults and precedence', () => {
  it('runs on defaults alone', async () => {
    const { config } = await load({})

    expect(config).toEqual({
      id: 'host-1',
      tenant: 'default',
      namespace: 'default',
      watchNamespaces: [],
      remainsFollower: false,
      storageType: 'lease',
      http: { port: 8080, allowedHosts: [], metricsPath: '/metrics' },
      cluster: { name: 'default' },
      leader: { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 },
      terminationGracePeriodMs: 20_000,
      workers: 16,
      log: { level: 'info', format: 'json' },
    })
  })

  it('lets a flag win over the environment, and the environment over the file', async () => {
    const yaml = 'id: from-file\ntenant: from-file\nnamespace: from-file\n'
    const env = { HIGHLANDER_ID: 'from-env', HIGHLANDER_TENANT: 'from-env' }

    const { config, effective } = await load({ yaml, env, args: ['--id', 'from-flag'] })

    expect(config).toMatchObject({ id: 'from-flag', tenant: 'from-env', namespace: 'from-file' })
    const sources = effective.slice(0, 3).map(({ place }) => formatPlace(place))
    expect(sources).toEqual(['flag --id', 'env HIGHLANDER_TENANT', 'c.yaml:3:1'])
  })

  it('is read only, in depth', async () => {
    const { config } = await load({ env: { HIGHLANDER_WATCH_NAMESPACES: 'a,b' } })

    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config?.log)).toBe(true)
    expect(Object.isFrozen(config?.watchNamespaces)).toBe(true)
  })

  it('takes an empty value as not set, in each source', async () => {
    const yaml = 'id: ""\ntenant:\nredis: {addr: "", password: "", db: 0}\nworkloads: {processes: []}\n'

    const { config, problems: found } = await load({ yaml, env: { HIGHLANDER_PORT: '' }, args: ['--namespace='] })

    expect(found).toEqual([])
    expect(config).toMatchObject({ id: 'host-1', tenant: 'default', http: { port: 8080 }, namespace: 'default' })
  })

  it.each([
    ['id', 'a-1', 'a-1'],
    ['tenant', 'Team_A', 'Team_A'],
    ['namespace', 'prod', 'prod'],
    ['watchNamespaces', 'a,b', ['a', 'b']],
    ['remainsFollower', 'true', true],
    ['storageType', 'lease', 'lease'],
    ['port', '0', 0],
    ['httpAddress', '127.0.0.1', '127.0.0.1'],
    ['allowedHosts', 'ops.example.com', ['ops.example.com']],
    ['metricsPath', '/prom', '/prom'],
    ['clusterName', 'east', 'east'],
    ['kubeconfig', '~/k', '~/k'],
    ['context', 'admin@east', 'admin@east'],
    ['leaseNamespace', 'ops', 'ops'],
    ['leaseDuration', '30s', '30s'],
    ['renewDeadline', '8s', '8s'],
    ['retryPeriod', '1s', '1s'],
    ['terminationGracePeriod', '1m', '1m'],
    ['workers', '4', 4],
    ['logLevel', 'debug', 'debug'],
    ['logFormat', 'text', 'text'],
  ] as const)('reads %s from its variable, its flag and the file alike', async (name, raw, shown) => {
    const key = keys[name]
    const yaml = key.path.split('.').reduceRight((inner, part) => `{${part}: ${inner}}`, `'${raw}'`)

    const seen = [
      await load({ yaml }),
      await load({ env: { [key.variable ?? '']: raw } }),
      ...('flag' in key && key.flag !== undefined ? [await load({ args: [`${key.flag}=${raw}`] })] : []),
    ]

    for (const { effective, problems: found } of seen) {
      expect(found).toEqual([])
      expect(effective.find(({ path: known }) => known === key.path)).toMatchObject({ value: shown })
    }
  })

  it('has a row above for every key', () => {
    expect(Object.keys(keys)).toHaveLength(21)
  })

  it('derives the renewal times from the lease duration', async () => {
    const { config } = await load({ env: { HIGHLANDER_LEADER_LOCK_TTL: '6' } })

    expect(config?.leader).toEqual({ leaseDurationMs: 6_000, renewDeadlineMs: 4_000, retryPeriodMs: 800 })
  })

  it('reads a large bare number as nanoseconds, with a warning', async () => {
    const { config, warnings } = await load({ yaml: 'terminationGracePeriod: 30000000000' })

    expect(config?.terminationGracePeriodMs).toBe(30_000)
    expect(warnings.map(({ sentence }) => sentence)).toEqual([
      "a duration without a unit is read as nanoseconds, which is deprecated; write '30s'",
    ])
  })
})

describe('files', () => {
  it('refuses a file that was named and cannot be read', async () => {
    expect(await problemLines({ args: ['--config', '/nowhere/c.yaml'] })).toEqual([
      'configuration has 1 problem',
      '  flag --config  cannot read /nowhere/c.yaml: there is no such file',
    ])
    expect(await problemLines({ env: { CONFIG_PATH: '/nowhere/c.yaml' } })).toEqual([
      'configuration has 1 problem',
      '  env CONFIG_PATH  cannot read /nowhere/c.yaml: there is no such file',
    ])
  })

  it('accepts an empty file', async () => {
    expect(await problemLines({ yaml: '# nothing\n' })).toEqual([])
  })

  it.each([
    ['id: a\nid: b\n', '  c.yaml:2:1  Map keys must be unique'],
    ['id: [a\n', '  c.yaml:2:1  Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['- a\n', '  c.yaml:1:1  the file must be a mapping with keys such as id, tenant, namespace'],
    ['log: loud\n', '  c.yaml:1:6  log: `log` must be a mapping with keys such as log.level, log.format'],
  ])('refuses %j with its place', async (yaml, line) => {
    expect((await problemLines({ yaml }))[1]).toBe(line)
  })

  it('follows aliases', async () => {
    const { config } = await load({ yaml: 'id: &name one\ntenant: *name\n' })

    expect(config?.tenant).toBe('one')
  })
})

describe('variables', () => {
  it('ignores what Kubernetes injects for Services', async () => {
    const env = {
      HIGHLANDER_SERVICE_HOST: '10.0.0.1',
      HIGHLANDER_SERVICE_PORT_HTTP: '80',
      HIGHLANDER_PORT: 'tcp://10.0.0.1:80',
      HIGHLANDER_PORT_80_TCP_ADDR: '10.0.0.1',
      HIGHLANDER_REDIS_PORT: 'tcp://10.0.0.1:6379',
    }

    const { config, problems: found, warnings } = await load({ env })

    expect(found).toEqual([])
    expect(warnings).toEqual([])
    expect(config?.http.port).toBe(8080)
  })

  it('warns of an unknown variable that resembles none', async () => {
    const { problems: found, warnings } = await load({ env: { HIGHLANDER_FROBNICATE: '1' } })

    expect(found).toEqual([])
    expect(warnings.map(({ sentence }) => sentence)).toEqual(['unknown variable; it has no effect'])
  })
})

describe('commands', () => {
  it.each([
    [['--version', '--bogus'], 'version'],
    [['--help', '--version'], 'help'],
    [['--check-config'], 'check-config'],
    [['--print-config', '--id', 'x'], 'print-config'],
    [['--id', 'x'], 'run'],
  ] as const)('reads %j as %s', (args, command) => {
    expect(readFlags(args).command).toBe(command)
  })

  it('names every flag and variable in the help text', () => {
    const help = formatHelp()

    for (const { flag, variable } of Object.values(keys).map((key) => ({ flag: '', ...key }))) {
      expect(help).toContain(flag)
      expect(help).toContain(variable)
    }
  })
})
