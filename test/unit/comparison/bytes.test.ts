/** Same tables, same seed, same bytes: the hash was the same under Node 20, 22 and 24, and whichever runs this must give it again. */
import { expect, test } from 'vitest';
import { answer, hashOf } from '../../../bench/comparison/main.ts';
import { makeTables } from '../../../bench/comparison/periods.ts';

test(
  'the answer to forty clients and three hours has the bytes that every Node gave',
  { timeout: 60_000 },
  () => {
    const comparison = answer(makeTables('baseline'), makeTables('evening'));
    expect(comparison.verdict).toBe('DEGRADED');
    expect(comparison.headline).toMatch(/isp-3/);
    expect(hashOf(comparison)).toBe('62f572cdfcd1d2e88dce9a6027c60c620aa6f0f981816f72966649725dda66d1');
  },
);
