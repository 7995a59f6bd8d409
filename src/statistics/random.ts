/**
 * Seeded random integers: xoshiro128** over 32-bit words, seeded by splitmix32. Integer arithmetic only, so a
 * seed gives the same draws on every machine. Streams are named: adding a cohort never moves another's draws.
 */

export interface RandomSource {
  /** Uniform on 0 … 2³²−1. */
  nextUint32(): number;
  /** Uniform on 0 … bound−1, without modulo bias. */
  below(bound: number): number;
  /** Uniform on [0, 1) with 53 bits. */
  unit(): number;
}

/** FNV-1a over UTF-16 code units, both bytes of each. */
function hashLabel(label: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) {
    const unit = label.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

export function createRandom(seed: number, stream = ''): RandomSource {
  // Both halves of a seed beyond 32 bits count.
  let state = (Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e3779b1) ^ (seed >>> 0) ^ hashLabel(stream)) | 0;
  const mix = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  let s0 = mix();
  let s1 = mix();
  let s2 = mix();
  let s3 = mix();
  if ((s0 | s1 | s2 | s3) === 0) s0 = 1;

  const nextUint32 = (): number => {
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result >>> 0;
  };
  let knownBound = 1;
  let limit = 2 ** 32;
  const below = (bound: number): number => {
    if (bound !== knownBound) {
      knownBound = bound;
      limit = 2 ** 32 - (2 ** 32 % bound);
    }
    let value = nextUint32();
    while (value >= limit) value = nextUint32();
    return value % bound;
  };
  const unit = (): number => ((nextUint32() >>> 5) * 2 ** 26 + (nextUint32() >>> 6)) / 2 ** 53;
  return { nextUint32, below, unit };
}

/** Multinomial bootstrap weights: how often each of n units is drawn in n draws. Fills and returns `into`. */
export function multinomialWeights(random: RandomSource, into: Float64Array): Float64Array {
  into.fill(0);
  const n = into.length;
  for (let i = 0; i < n; i++) {
    const k = random.below(n);
    into[k] = into[k]! + 1;
  }
  return into;
}
