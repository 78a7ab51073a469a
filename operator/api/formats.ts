// The formats of numbers that the API server checks. A module of its own: checks made at build time ask for it by name.

export const formats = {
  int32: { type: 'number' as const, validate: (value: number) => value >= -(2 ** 31) && value < 2 ** 31 },
  // Larger numbers have lost their last digits before they get here.
  int64: { type: 'number' as const, validate: (value: number) => Number.isSafeInteger(value) },
}
