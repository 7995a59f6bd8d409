/** RFC 6298 with Linux's floor of 200 ms under the variance term instead of one second under the whole. */

const MIN_VARIANCE_TERM_US = 200_000;
const INITIAL_US = 1_000_000;
const MAX_US = 120_000_000;

export class RetransmissionTimeout {
  us = INITIAL_US;
  private smoothedUs: number | null = null;
  private variationUs = 0;

  measure(rttUs: number): void {
    if (this.smoothedUs === null) {
      this.smoothedUs = rttUs;
      this.variationUs = rttUs / 2;
    } else {
      this.variationUs = 0.75 * this.variationUs + 0.25 * Math.abs(this.smoothedUs - rttUs);
      this.smoothedUs = 0.875 * this.smoothedUs + 0.125 * rttUs;
    }
    this.us = this.smoothedUs + Math.max(MIN_VARIANCE_TERM_US, 4 * this.variationUs);
  }

  backOff(): void {
    this.us = Math.min(2 * this.us, MAX_US);
  }
}
