/**
 * Seeded randomness. Only + − × ÷ and integer operations: Math.exp, log and cos may differ in the last bit between
 * engines, and one bit would change the bytes of every sample.
 */

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** Streams of different names are independent; the same name always gives the same stream. */
  constructor(name: string) {
    let hash = 0x811c9dc5;
    const word = () => {
      for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
      hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
      return (hash ^ (hash >>> 13)) >>> 0;
    };
    this.a = word();
    this.b = word();
    this.c = word();
    this.d = 1;
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** sfc32: 32 uniform bits. */
  u32(): number {
    const sum = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.u32() / 0x100000000;
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** Integer in [low, high], both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!;
  }

  /** Standard normal as twelve uniforms (Irwin–Hall): bounded by ±6, which no sample here notices. */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.unit();
    return sum;
  }

  exponential(mean: number): number {
    return -mean * ln(1 - this.unit());
  }

  /** Lognormal by its median and the standard deviation of its logarithm. */
  lognormal(median: number, sigma: number): number {
    return median * exp(sigma * this.normal());
  }
}

const LN2 = 0.6931471805599453;

export function exp(x: number): number {
  const halvings = Math.round(x / LN2);
  const rest = x - halvings * LN2;
  let term = 1;
  let sum = 1;
  for (let i = 1; i < 16; i++) {
    term = (term * rest) / i;
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum *= 2;
  for (let i = 0; i > halvings; i--) sum /= 2;
  return sum;
}

/** Natural logarithm of x > 0. */
export function ln(x: number): number {
  let mantissa = x;
  let doublings = 0;
  while (mantissa < 0.75) {
    mantissa *= 2;
    doublings--;
  }
  while (mantissa > 1.5) {
    mantissa /= 2;
    doublings++;
  }
  const z = (mantissa - 1) / (mantissa + 1);
  let power = z;
  let sum = 0;
  for (let i = 1; i < 40; i += 2) {
    sum += power / i;
    power *= z * z;
  }
  return 2 * sum + doublings * LN2;
}

/** Standard AR(1) series, variance 1, started in equilibrium; `rho` is the correlation of neighbours. */
export function autoregressive(random: Random, length: number, rho: number): Float64Array {
  const series = new Float64Array(length);
  const scale = Math.sqrt(1 - rho * rho);
  let value = random.normal();
  for (let i = 0; i < length; i++) {
    series[i] = value;
    value = rho * value + scale * random.normal();
  }
  return series;
}
