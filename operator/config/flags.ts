// The command line. `--name value` and `--name=value`; a boolean may stand alone. The last of several wins.
import type { Gathered, Setting } from './gathered.ts'
import { isEmpty, knownKeys } from './gathered.ts'
import type { KeyInfo } from './keys.ts'
import type { Problem } from './problems.ts'
import { nearest } from './suggest.ts'

type Command = 'run' | 'help' | 'version' | 'check-config' | 'print-config'

export interface CommandLine extends Gathered {
  readonly command: Command
  /** Value of --config. */
  readonly file?: string
}

const commands: Readonly<Record<string, Command>> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '--check-config': 'check-config',
  '--print-config': 'print-config',
}

const CONFIG_FLAG = '--config'

export function readFlags(args: readonly string[]): CommandLine {
  const settings: Setting[] = []
  const problems: Problem[] = []
  const asked: Command[] = []
  let file: string | undefined
  let rest = args
  while (rest.length > 0) {
    const word = readWord(rest)
    rest = rest.slice(word.length)
    if (word.type === 'command') asked.push(word.command)
    else if (word.type === 'file') file = word.file
    else if (word.type === 'setting') settings.push(word.setting)
    else problems.push(word.problem)
  }
  const command = asked.includes('help') ? 'help' : asked.includes('version') ? 'version' : (asked[0] ?? 'run')
  return {
    command,
    settings: settings.filter(({ raw }) => !isEmpty(raw)),
    problems,
    warnings: settings.flatMap(secretWarning),
    ...(file === undefined || file === '' ? {} : { file }),
  }
}

/** What stands at the head of the arguments, and how many of them it takes. */
type Word = { readonly length: number } & (
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'file'; readonly file: string }
  | { readonly type: 'setting'; readonly setting: Setting }
  | { readonly type: 'problem'; readonly problem: Problem }
)

function readWord([first = '', second]: readonly string[]): Word {
  const command = commands[first]
  if (command !== undefined) return { type: 'command', command, length: 1 }
  const [flag = '', ...inline] = first.split('=')
  const key = knownKeys.find((known) => known.flag === flag)
  if (key === undefined && flag !== CONFIG_FLAG) return unknownWord(flag, second)
  if (inline.length > 0) return setting(key, flag, { raw: inline.join('='), length: 1 })
  if (takesNoValue(key, second)) return setting(key, flag, { raw: 'true', length: 1 })
  if (second === undefined || second.startsWith('--'))
    return { type: 'problem', length: 1, problem: at(flag, 'needs a value') }
  return setting(key, flag, { raw: second, length: 2 })
}

function takesNoValue(key: KeyInfo | undefined, next: string | undefined): key is KeyInfo {
  return key?.type === 'boolean' && next !== 'true' && next !== 'false'
}

function setting(key: KeyInfo | undefined, flag: string, of: { raw: string; length: number }): Word {
  if (key === undefined) return { type: 'file', file: of.raw, length: of.length }
  return {
    type: 'setting',
    length: of.length,
    setting: { key, raw: of.raw, place: { source: 'flag', name: flag } },
  }
}

function unknownWord(flag: string, next: string | undefined): Word {
  if (!flag.startsWith('-')) return { type: 'problem', length: 1, problem: at(flag, 'is not a flag; see --help') }
  const known = [...knownKeys.flatMap((key) => key.flag ?? []), ...Object.keys(commands), CONFIG_FLAG]
  const near = nearest(flag, known)
  const hint = near === undefined ? 'see --help' : `did you mean \`${near}\`?`
  // What follows a mistyped flag is most likely its value; saying that it is no flag either would only distract.
  const length = next === undefined || next.startsWith('-') ? 1 : 2
  return { type: 'problem', length, problem: at(flag, `unknown flag; ${hint}`) }
}

function secretWarning({ key, place }: Setting): readonly Problem[] {
  if (!key.secret) return []
  return [{ place, path: key.path, sentence: 'a secret on the command line is visible in process lists' }]
}

function at(flag: string, sentence: string): Problem {
  return { place: { source: 'flag', name: flag }, sentence }
}
