/** Milliseconds and shares as the sentences here show them. */

export function milliseconds(ns: number): string {
  const ms = ns / 1e6;
  return `${Math.abs(ms) >= 100 ? ms.toFixed(0) : Math.abs(ms) >= 1 ? ms.toFixed(1) : ms.toFixed(3)} ms`;
}

export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio !== 0 && ratio < 0.001 ? 3 : 2)} %`;
}
