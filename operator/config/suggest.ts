// The nearest known name for one that was mistyped. PURE.

/** At most two single-character edits away, or the same last segment elsewhere. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known)
  if (near !== undefined) return near
  const last = name.split('.').at(-1)
  return known.find((candidate) => candidate.includes('.') && candidate.split('.').at(-1) === last)
}

export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ candidate, distance }) => distance <= 2 && distance < candidate.length)
    .sort((left, right) => left.distance - right.distance)
  return ranked[0]?.candidate
}

/** Levenshtein. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [i, leftChar] of Array.from(left).entries()) {
    const next = [i + 1]
    for (const [j, rightChar] of Array.from(right).entries()) {
      const replaced = (row[j] ?? 0) + (leftChar === rightChar ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
