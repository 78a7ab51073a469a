// A PostgreSQL of its own on a free port, with data that go with it. It refuses to run as root, so root hands it over.
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { startServer, type StoreServer } from './server.ts'

export interface PostgresServerOptions {
  /** The program; initdb and pg_basebackup lie beside it. */
  readonly file: string
  /** Everybody may enter it. */
  readonly folder: string
  readonly port: number
  /** Lines of pg_hba.conf. Left out: everybody from this machine is let in. */
  readonly access?: readonly string[]
  readonly settings?: Readonly<Record<string, string>>
  /** PEM. */
  readonly tls?: { readonly certificate: string; readonly privateKey: string }
  /** A read-only copy of the server at this port. */
  readonly copyOf?: number
}

const run = promisify(execFile)

export async function startPostgres(options: PostgresServerOptions): Promise<StoreServer> {
  const { file, folder, port } = options
  const data = path.join(folder, `data-${port}`)
  const user = await userFor(folder)
  await mkdir(data, { mode: 0o700 })
  if (user !== undefined) await chown(data, user.uid, user.gid)
  await prepare(options, data, user)
  const [program, ...args] = [...prefixOf(user), file, '-D', data]
  const spec = { name: `postgres-${port}`, file: program ?? file, args, runDir: folder }
  // It listens before it lets anybody in.
  return await startServer(port, spec, () => isReady(path.join(path.dirname(file), 'pg_isready'), port))
}

async function isReady(program: string, port: number): Promise<boolean> {
  try {
    await run(program, ['-h', '127.0.0.1', '-p', String(port)])
    return true
  } catch {
    return false
  }
}

interface User {
  readonly uid: number
  readonly gid: number
}

/** Undefined: we are not root. The package makes the user `postgres`; without the package there is `nobody`. */
async function userFor(folder: string): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined
  await chmod(folder, 0o755)
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const found = ['postgres', 'nobody'].flatMap((name) => users.filter(([one]) => one === name))[0]
  return { uid: Number(found?.[2] ?? 65_534), gid: Number(found?.[3] ?? 65_534) }
}

function prefixOf(user: User | undefined): readonly string[] {
  return user === undefined ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
}

async function prepare(options: PostgresServerOptions, data: string, user: User | undefined): Promise<void> {
  const { file, port, access, settings = {}, tls, copyOf } = options
  const beside = (name: string): string => path.join(path.dirname(file), name)
  const words =
    copyOf === undefined
      ? [beside('initdb'), '-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C']
      : [
          beside('pg_basebackup'),
          '-D',
          data,
          '-R',
          '-h',
          '127.0.0.1',
          '-p',
          String(copyOf),
          '-U',
          'postgres',
          '-c',
          'fast',
        ]
  const [program = '', ...args] = [...prefixOf(user), ...words]
  await run(program, args, { cwd: '/' })
  const lines: Record<string, string> = {
    port: String(port),
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: "''",
    fsync: 'off',
    shared_buffers: '16MB',
    ...settings,
  }
  if (tls !== undefined) {
    const files = { ssl_cert_file: tls.certificate, ssl_key_file: tls.privateKey }
    for (const [name, text] of Object.entries(files)) {
      const target = path.join(data, name)
      await writeFile(target, text, { mode: 0o600 })
      if (user !== undefined) await chown(target, user.uid, user.gid)
      lines[name] = `'${target}'`
    }
    lines['ssl'] = 'on'
  }
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`)
  await writeFile(path.join(data, 'postgresql.auto.conf'), text.join(''), { flag: 'a' })
  if (access !== undefined) await writeFile(path.join(data, 'pg_hba.conf'), `${access.join('\n')}\n`)
}
