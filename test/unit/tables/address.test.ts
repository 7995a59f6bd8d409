import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect } from 'vitest';
import { addressText } from '../../../src/tables/address.ts';

describe('addresses as RFC 5952 text', () => {
  test('IPv4 is dotted', () => {
    expect(addressText(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 203, 0, 113, 7]))).toBe(
      '203.0.113.7',
    );
  });

  test('the first of two equal runs of zeros is shortened, a single zero group is not', () => {
    const bytes = (text: string): Uint8Array => Uint8Array.from(ipaddr.parse(text).toByteArray());
    expect(addressText(bytes('2001:db8:0:0:1:0:0:1'))).toBe('2001:db8::1:0:0:1');
    expect(addressText(bytes('2001:db8:0:1:1:1:1:1'))).toBe('2001:db8:0:1:1:1:1:1');
    expect(addressText(bytes('::'))).toBe('::');
  });

  test.prop([
    fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 }),
  ])('any IPv6 address reads as the independent parser writes it', (groups) => {
    fc.pre(!(groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff));
    const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
    const oracle = new ipaddr.IPv6([...bytes]).toRFC5952String();
    expect(addressText(bytes)).toBe(oracle);
  });
});
