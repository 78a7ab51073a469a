import { describe, expect, it } from 'vitest'
import { load, problemLines } from './given.ts'
import { laterKeys } from './later-keys.ts'
import { formatEffective } from './load.ts'
import { formatProblems } from './problems.ts'

describe('problems', () => {
  it('prints every problem of all sources at once, sorted by place', async () => {
    const lines = await problemLines({
      yaml: 'redis:\n  adr: x\nport: 99999\nkubeconfig: x\nworkloads:\n  processes: [{name: a}]\n',
      env: { HIGHLANDER_WORKERS: 'many', HIGHLANDER_LOG_LVEL: 'debug' },
      args: ['--storage-type', 'spanner', '--tennant', 'x'],
    })

    expect(lines).toEqual([
      'configuration has 8 problems',
      '  c.yaml:2:3               redis.adr: unknown key; did you mean `redis.addr`?',
      '  c.yaml:3:1               port: must be an integer from 0 to 65535, got 99999',
      '  c.yaml:4:1               kubeconfig: unknown key; did you mean `cluster.kubeconfig`?',
      '  c.yaml:5:1               workloads: workloads in the configuration file are not available in this version; apply them as resources',
      '  env HIGHLANDER_LOG_LVEL  unknown variable; did you mean `HIGHLANDER_LOG_LEVEL`?',
      '  env HIGHLANDER_WORKERS   reconcile.workers: must be an integer from 1 to 64, got "many"',
      '  flag --storage-type      storageType: must be \'lease\', got "spanner"; Spanner is not supported',
      '  flag --tennant           unknown flag; did you mean `--tenant`?',
    ])
  })

  it.each([
    [
      'id: 1',
      "id: must be 1 to 253 letters, digits, '.', '_' or '-', got 1; numbers and words such as true need quotes",
    ],
    [
      'namespace: Prod',
      'namespace: must be 1 to 63 lower-case letters, digits or \'-\', starting and ending with a letter or digit, got "Prod"',
    ],
    ['remainsFollower: yes', 'remainsFollower: must be true or false, got "yes"'],
    ['log: {level: trace}', "log.level: must be 'debug', 'info', 'warn' or 'error', got \"trace\""],
    [
      'metrics: {path: /healthz}',
      'metrics.path: must be a path such as \'/metrics\' that serves nothing else, got "/healthz"',
    ],
    [
      'watch: {namespaces: [a, 1]}',
      'watch.namespaces: must be at most 200 namespaces; each must be 1 to 63 lower-case letters, digits or \'-\', starting and ending with a letter or digit, got ["a",1]',
    ],
    [
      'terminationGracePeriod: 30',
      "terminationGracePeriod: must have a unit, got 30; write '30s' for seconds or '30ms' for milliseconds; the Go version read bare numbers as nanoseconds",
    ],
    [
      'terminationGracePeriod: 20m',
      'terminationGracePeriod: must be a duration from 1s to 10m, such as \'30s\', got "20m"',
    ],
    [
      'leader: {renewDeadline: 12s}',
      'leader.renewDeadline: must be at most 11285ms with a leader.leaseDuration of 15s, so that the last write ends before another replica may act, got 12s',
    ],
    [
      'leader: {retryPeriod: 6s}',
      'leader.retryPeriod: must be at most half of leader.renewDeadline (10s), so that one failed renewal does not end the leadership, got 6s',
    ],
    [
      'storageType: redis',
      "storageType: must be 'lease', got \"redis\"; storageType 'redis' is not available in this version; use 'lease' (no store needed)",
    ],
    [
      'databaseURL: postgres://u:p@h/d',
      "databaseURL: needs storageType 'db', which is not available in this version; use 'lease' (no store needed)",
    ],
    ['dashboard: {enabled: true}', 'dashboard: is not available in this version; remove it'],
    ['spanner: {project: x}', "spanner: Spanner is not supported; use storageType 'lease' (no store needed)"],
  ])('refuses %j with a sentence', async (yaml, sentence) => {
    const lines = await problemLines({ yaml })

    expect(lines).toHaveLength(2)
    expect(lines[1]?.trim().replace(/^\S+ +/, '')).toBe(sentence)
  })

  it('accepts exactly the times that keep two leaders apart', async () => {
    expect(await problemLines({ yaml: 'leader: {renewDeadline: 11285ms}' })).toEqual([])
    expect(await problemLines({ yaml: 'leader: {renewDeadline: 11286ms}' })).toHaveLength(2)
  })

  it('reports a value that a stronger source overrides', async () => {
    expect(await problemLines({ env: { HIGHLANDER_PORT: 'x' }, args: ['--port', '1'] })).toEqual([
      'configuration has 1 problem',
      '  env HIGHLANDER_PORT  port: must be an integer from 0 to 65535, got "x"',
    ])
  })

  it('refuses every key of later versions by name, in every source', async () => {
    for (const { path: known, variable, flag } of laterKeys) {
      const yaml = known.split('.').reduceRight((inner, part) => `{${part}: ${inner}}`, 'x')
      const env = variable === undefined ? {} : { [variable.replace('*', 'X')]: 'x' }
      const args = flag === undefined ? [] : [flag, 'x']

      const { problems: found } = await load({ yaml, env, args })

      expect(found.map((problem) => problem.path)).toEqual(
        Array.from({ length: 1 + Object.keys(env).length + Math.min(args.length, 1) }, () => known),
      )
    }
  })

  it('asks for the value that a flag lacks', async () => {
    expect(await problemLines({ args: ['--id', '--port', '1'] })).toEqual([
      'configuration has 1 problem',
      '  flag --id  needs a value',
    ])
  })
})

describe('secrets', () => {
  const canary = 'canary-7f3a'

  it('never shows one, wherever it came from', async () => {
    const loaded = await load({
      yaml: `redis: {password: ${canary}, sentinel: {password: ${canary}}}\ndatabaseURL: postgres://u:${canary}@h/d\nworkloads: {processes: [{env: {PASSWORD: ${canary}}}]}\n`,
      env: {
        HIGHLANDER_REDIS_PASSWORD: canary,
        HIGHLANDER_DATABASE_URL: canary,
        HIGHLANDER_REDIS_PASSWORD_FILE: canary,
      },
      args: ['--redis-password', canary, `--database-url=${canary}`, '--redis-pasword', canary],
    })

    const output = [formatProblems(loaded.problems), formatEffective(loaded.effective), JSON.stringify(loaded.warnings)]
    expect(output.join('\n')).not.toContain(canary)
    expect(output[1]).toContain('<redacted>')
    expect(loaded.problems).toHaveLength(10)
  })
})
