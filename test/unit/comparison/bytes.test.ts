/** Same tables, same seed, same bytes: the hash was the same under Node 20, 22 and 24, and whichever runs this must give it again. */
import { expect, test } from 'vitest';
import { answer, hashOf } from '../../../bench/comparison/main.ts';
import { makeTables } from '../../../bench/comparison/periods.ts';

test('the answer to forty clients and three hours has the bytes that every Node gave', { timeout: 60_000 }, () => {
  const comparison = answer(makeTables('baseline'), makeTables('evening'));
  expect(comparison.verdict).toBe('DEGRADED');
  expect(comparison.headline).toMatch(/isp-3/);
  expect(hashOf(comparison)).toBe('62cc49863e41bb486a0aef9cc52ad6263ff51c973345ec541e5d96ffb66ff169');
});
