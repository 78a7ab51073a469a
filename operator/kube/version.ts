// Which of two versions of one object is newer.

/**
 * Negative when `a` is older than `b`. A resourceVersion is a decimal number without leading zeros and with more digits
 * than a double can hold; so the longer text is the larger number, and among equals in length text order is number
 * order. This is what comparing as BigInt gives, without making two of them for each event.
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : 1
}
