import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { createCryptoPan } from '../../../src/redaction/crypto-pan.ts';
import { parseAddress, Pseudonyms, textOf } from '../../../src/redaction/pseudonyms.ts';
import { IPV4_KEY_A, IPV4_KEY_B, IPV6_KEY_A, KEY_A, KEY_B } from './crypto-pan-vectors.ts';

const KEY = KEY_A;
const PAIRS = IPV4_KEY_A.slice(0, 10);
const map = createCryptoPan(KEY);
const bytesOf = (text: string): Uint8Array => parseAddress(text)!;

function sharedBits(a: Uint8Array, b: Uint8Array): number {
  const bits = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const [x, y] = [bits(a), bits(b)];
  for (let bit = 0; bit < x.length; bit++) if (x[bit] !== y[bit]) return bit;
  return x.length;
}

describe('Crypto-PAn', () => {
  it.each([...IPV4_KEY_A, ...IPV6_KEY_A])('maps %s to %s, as published', (original, mapped) => {
    expect(map(bytesOf(original))).toEqual(bytesOf(mapped));
  });

  it.each(IPV4_KEY_B)('maps %s to %s under another key, as published', (original, mapped) => {
    expect(textOf(createCryptoPan(KEY_B)(bytesOf(original)))).toBe(mapped);
  });

  const address = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length });
  test.prop([
    fc
      .constantFrom(4, 16)
      .chain((length) => fc.tuple(address(length), address(length), fc.nat({ max: length * 8 }))),
  ])('two addresses share as many leading bits after as before', ([a, other, bits]) => {
    // An address that shares exactly the first bits: random ones rarely share more than two.
    const b = a.map((byte, at) => {
      const kept = 0xff00 >> Math.max(0, Math.min(8, bits - at * 8));
      return (byte & kept) | ((other[at] ?? 0) & ~kept & 0xff);
    });
    expect(sharedBits(map(a), map(b))).toBe(sharedBits(a, b));
  });

  test.prop([fc.constantFrom(4, 16).chain(address)])('the same address always becomes the same', (a) => {
    expect(createCryptoPan(KEY)(a)).toEqual(map(a));
  });
});

describe('Pseudonyms in text', () => {
  const names = (): Pseudonyms =>
    new Pseudonyms(
      KEY,
      PAIRS.map(([original]) => bytesOf(original)),
    );

  it('addresses and prefixes are rewritten, alone and in sentences', () => {
    expect(names().text('from 128.11.68.132 to (141.223.7.43), 128.11.68.0/24')).toBe(
      'from 135.242.180.132 to (141.167.8.160), 135.242.180.0/24',
    );
    const v6 = names().text('2001:db8::1, 2001:db8::2 and 2001:db8::/32');
    expect(v6).not.toMatch(/2001:db8/);
    const [one, two] = v6.split(/, | and /).map((part) => part.split(':').slice(0, 7).join(':'));
    expect(one).toBe(two);
  });

  it.each([
    '2026-11-11T12:00:00.000000001Z',
    '12:00:00',
    'lagdiff 0.1.0',
    '[+17.1, +18.9] ms',
    '1.2.3',
    '300.1.2.3',
    '127.0.0.1',
  ])('%s stays', (text) => {
    expect(names().text(text)).toBe(text);
  });

  it('hardware addresses become locally administered ones, groups stay groups', () => {
    const mapped = names().text('00:16:3e:ca:fe:01 33:33:00:00:00:fb ff:ff:ff:ff:ff:ff').split(' ');
    expect(mapped[0]).not.toBe('00:16:3e:ca:fe:01');
    expect(parseInt(mapped[0]!.slice(0, 2), 16) & 3).toBe(2);
    expect(parseInt(mapped[1]!.slice(0, 2), 16) & 3).toBe(3);
    expect(mapped[2]).toBe('ff:ff:ff:ff:ff:ff');
  });

  it('no pseudonym is one of the originals', () => {
    const all = Array.from({ length: 4000 }, (_, i) =>
      Uint8Array.of(i & 0xff, i >> 8, (i * 7) & 0xff, (i * 13) & 0xff),
    );
    const pseudonyms = new Pseudonyms(KEY, all);
    const originals = new Set(all.map((address) => address.join('.')));
    const kept = all.filter((address) => textOf(pseudonyms.address(address)) === textOf(address));
    expect(kept.every((address) => address[0] === 127 || address.every((byte) => byte === 0))).toBe(true);
    const clashes = all.filter(
      (address) => !kept.includes(address) && originals.has(textOf(pseudonyms.address(address))),
    );
    expect(clashes).toEqual([]);
  });

  it('a payload hash needs the key', () => {
    const payload = Buffer.from('hello');
    const other = new Pseudonyms(KEY.map((byte) => byte ^ 1));
    expect(names().payloadHash(payload)).toBe(names().payloadHash(payload));
    expect(names().payloadHash(payload)).not.toBe(other.payloadHash(payload));
  });
});
