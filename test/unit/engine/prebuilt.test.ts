import { expect, test } from 'vitest';
import { checkCore } from '../../../wasm/check.mjs';

test('the committed core is the one its sources make (else: npm run wasm:build)', () => {
  expect(checkCore()).toEqual([]);
});
