/** Who is one client: by player file, by MAP-E port set, by address. Port sets are made from RFC 7597's own arithmetic. */
import { describe, expect, test } from 'vitest';
import { byAddress, identifyBy, parsePlayers, portSetOf } from '../../../src/cohorts/identity.ts';
import { isMmdb, parseMmdb } from '../../../src/cohorts/mmdb.ts';
import { InputError } from '../../../src/errors.ts';
import { createRandom, type RandomSource } from '../../../src/statistics/random.ts';
import { writeMmdb } from './mmdb-writer.ts';

const ADDRESS = '203.0.113.7';
const nobody = (): null => null;

/** A port of one home: A is 1 or more, the PSID is the home's, M is any. */
function homePort(random: RandomSource, offset: number, psid: number, home: number): number {
  const rest = 16 - offset - psid;
  const a = 1 + random.below(2 ** offset - 1);
  return (a << (16 - offset)) | (home << rest) | random.below(2 ** rest);
}

describe('port sets', () => {
  test.each([
    [4, 8, [0x2a]],
    [6, 6, [0x15]],
    [4, 8, [0x2a, 0xb1]],
    [6, 6, [3, 60]],
  ])('%i offset bits and %i PSID bits, homes %j: each home is one client', (offset, psid, homes) => {
    for (let seed = 0; seed < 20; seed++) {
      const random = createRandom(seed, 'ports');
      const ports = homes.flatMap((home) =>
        Array.from({ length: 40 }, () => homePort(random, offset, psid, home)),
      );
      expect(portSetOf(ports)).toEqual({ offset, psid });
      const identify = identifyBy(nobody, new Map([[ADDRESS, new Set(ports)]]));
      const ids = new Set(ports.map((port) => identify(ADDRESS, port).id));
      expect(ids.size).toBe(homes.length);
      expect(identify(ADDRESS, ports[0]!).by).toBe('port_set');
    }
  });

  test('random ports, ports in a row, and few ports are no set', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = createRandom(seed, 'plain');
      expect(portSetOf(Array.from({ length: 60 }, () => 1024 + random.below(64_512)))).toBeNull();
      const start = 49_152 + random.below(10_000);
      expect(portSetOf(Array.from({ length: 60 }, (_, i) => start + i))).toBeNull();
      expect(portSetOf(Array.from({ length: 8 }, () => homePort(random, 4, 8, 7)))).toBeNull();
    }
  });
});

describe('a file of players', () => {
  const players = parsePlayers('address,port,player\n203.0.113.7,,home\n203.0.113.7,5000,second\n', 'p.csv');

  test('goes before the address, a line with a port before one without', () => {
    const identify = identifyBy(players, new Map());
    expect(identify(ADDRESS, 5000)).toEqual({ id: 'second', by: 'player' });
    expect(identify(ADDRESS, 5001)).toEqual({ id: 'home', by: 'player' });
    expect(identify('203.0.113.8', 5000)).toEqual({ id: '203.0.113.8', by: 'address' });
    expect(byAddress(ADDRESS, 1).id).toBe(ADDRESS);
  });

  test.each([
    ['', /empty/],
    ['ip,player\n', /first line/],
    ['address,port,player\n203.0.113.7,x,a\n', /no port/],
    ['address,port,player\nhost,1,a\n', /no address/],
    ['address,port,player\n203.0.113.7,1,\n', /player is empty/],
    ['address,port,player\n203.0.113.7,1,a\n203.0.113.7,1,b\n', /a and b/],
  ])('%j is refused with its line', (text, message) => {
    expect(() => parsePlayers(text, 'p.csv')).toThrow(message);
    expect(() => parsePlayers(text, 'p.csv')).toThrow(InputError);
  });
});

describe('a MaxMind DB', () => {
  const bytes = writeMmdb([
    {
      prefix: '203.0.113.0/25',
      record: { autonomous_system_number: 4713, autonomous_system_organization: 'x' },
    },
    {
      prefix: '203.0.113.128/25',
      record: {
        country: { iso_code: 'JP' },
        subdivisions: [{ iso_code: '13' }],
        autonomous_system_number: 2516,
      },
    },
    { prefix: '198.51.100.0/24', record: { country: { iso_code: 'TW' } } },
  ]);

  test('gives AS number and region; who is not in it is unknown', () => {
    expect(isMmdb(bytes)).toBe(true);
    expect(isMmdb(Buffer.from('prefix,cohort\n'))).toBe(false);
    const cohortOf = parseMmdb(bytes, 'a.mmdb');
    expect(cohortOf('203.0.113.9')).toBe('AS4713');
    expect(cohortOf('203.0.113.200')).toBe('AS2516 JP-13');
    expect(cohortOf('198.51.100.1')).toBe('TW');
    expect(cohortOf('192.0.2.1')).toBe('unknown');
    expect(cohortOf('2001:db8::1')).toBe('unknown');
    expect(cohortOf('no address')).toBe('unknown');
  });

  test('a damaged one is a typed error that names the file, whatever the damage', () => {
    const random = createRandom(4, 'damage');
    for (let round = 0; round < 200; round++) {
      const damaged = Buffer.from(bytes);
      for (let i = 0; i < 4; i++) damaged[random.below(damaged.length)] = random.below(256);
      try {
        parseMmdb(damaged, 'a.mmdb')('203.0.113.200');
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as InputError).message).toMatch(/a\.mmdb/);
      }
    }
  });
});
