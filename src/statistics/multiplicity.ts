/** Benjamini–Hochberg (1995): adjusted p-values that bound the false discovery rate. */

/** In the order given; nulls stay null and do not count as tests. */
export function benjaminiHochberg(pValues: readonly (number | null)[]): (number | null)[] {
  const tested = pValues
    .map((p, index) => ({ p, index }))
    .filter((entry): entry is { p: number; index: number } => entry.p !== null)
    .sort((a, b) => b.p - a.p || a.index - b.index);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let smallest = 1;
  tested.forEach(({ p, index }, position) => {
    const rank = tested.length - position;
    smallest = Math.min(smallest, (p * tested.length) / rank);
    adjusted[index] = smallest;
  });
  return adjusted;
}
