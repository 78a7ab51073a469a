// Problems of a configuration: where, what, and how they are printed all at once. PURE.

export type Place =
  | { readonly source: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly source: 'env'; readonly name: string }
  | { readonly source: 'flag'; readonly name: string }
  | { readonly source: 'default' }

export interface Problem {
  readonly place: Place
  /** Left out when the problem is of no key: a syntax error, an unknown flag. */
  readonly path?: string
  readonly sentence: string
}

/** One line per problem, in the order file, environment, flags, defaults. */
export function formatProblems(problems: readonly Problem[]): string {
  const sorted = [...problems].sort(byPlace)
  const width = Math.max(...sorted.map(({ place }) => formatPlace(place).length))
  const head = `configuration has ${sorted.length} problem${sorted.length === 1 ? '' : 's'}`
  return [head, ...sorted.map((problem) => formatProblem(problem, width))].join('\n')
}

/** `/etc/x.yaml:7:3`, `env HIGHLANDER_ID`, `flag --id`, `default` */
export function formatPlace(place: Place): string {
  switch (place.source) {
    case 'file':
      return place.line === 0 ? place.file : `${place.file}:${place.line}:${place.column}`
    case 'env':
      return `env ${place.name}`
    case 'flag':
      return `flag ${place.name}`
    case 'default':
      return 'default'
  }
}

function formatProblem({ place, path, sentence }: Problem, width: number): string {
  const what = path === undefined ? sentence : `${path}: ${sentence}`
  return `  ${formatPlace(place).padEnd(width)}  ${what}`
}

const order = ['file', 'env', 'flag', 'default'] as const

function byPlace(left: Problem, right: Problem): number {
  const sources = order.indexOf(left.place.source) - order.indexOf(right.place.source)
  if (sources !== 0) return sources
  if (left.place.source === 'file' && right.place.source === 'file')
    return left.place.line - right.place.line || left.place.column - right.place.column
  return formatPlace(left.place) < formatPlace(right.place) ? -1 : 1
}
