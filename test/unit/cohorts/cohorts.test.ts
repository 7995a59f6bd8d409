import { describe, expect, test } from 'vitest';
import { fc } from '@fast-check/vitest';
import { inferAccess } from '../../../src/cohorts/access.ts';
import { parseCohorts } from '../../../src/cohorts/parse.ts';
import { parsePrefix } from '../../../src/cohorts/prefix.ts';
import { InputError, type ErrorFacts } from '../../../src/errors.ts';

function factsOf(text: string, path = 'cohorts.csv'): ErrorFacts {
  try {
    parseCohorts(text, path);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).facts;
  }
  throw new Error('the file was accepted');
}

describe('reading', () => {
  test('the longest prefix wins and a stranger is unknown', () => {
    const map = parseCohorts(
      'prefix,cohort\n203.0.113.0/24,isp-a\n203.0.113.128/25,isp-a-west\n2001:db8::/32,v6\n',
      'c.csv',
    );
    expect(map.classify('203.0.113.5')).toBe('isp-a');
    expect(map.classify('203.0.113.200')).toBe('isp-a-west');
    expect(map.classify('2001:db8:1::9')).toBe('v6');
    expect(map.classify('198.51.100.1')).toBe('unknown');
    expect(map.classify('not an address')).toBe('unknown');
  });

  test('an IPv4-mapped address is its IPv4 address', () => {
    expect(parseCohorts('prefix,cohort\n10.0.0.0/8,a', 'c.csv').classify('::ffff:10.1.2.3')).toBe('a');
  });

  test('CSV takes a byte order mark, CRLF, comments, quotes, either column order', () => {
    const map = parseCohorts('\uFEFFcohort,prefix\r\n# note\r\n"osaka, west",10.0.0.0/8\r\n\r\n', 'c.csv');
    expect(map.classify('10.9.9.9')).toBe('osaka, west');
  });

  test('YAML takes a mapping and a list', () => {
    const mapping = parseCohorts('10.0.0.0/8: a\n2001:db8::/32: b\n', 'c.yaml');
    const list = parseCohorts(
      '- {prefix: 10.0.0.0/8, cohort: a}\n- prefix: 2001:db8::/32\n  cohort: b\n',
      'c.yml',
    );
    expect(list.entries).toEqual(mapping.entries);
    expect(mapping.classify('2001:db8::1')).toBe('b');
  });

  test('the same line twice is one entry', () => {
    expect(parseCohorts('prefix,cohort\n10.0.0.0/8,a\n10.0.0.0/8,a\n', 'c.csv').entries).toHaveLength(1);
  });
});

describe('refusing', () => {
  test.each([
    ['', 'c.csv', 'cohorts/empty-file', undefined, /header/],
    ['prefix,cohort\n', 'c.csv', 'cohorts/empty-file', undefined, /add a line/],
    ['10.0.0.0/8,a\n', 'c.csv', 'cohorts/missing-header', 1, /prefix,cohort/],
    ['prefix,cohort,asn\n', 'c.csv', 'cohorts/unknown-column', 1, /keep only/],
    ['prefix,name\n', 'c.csv', 'cohorts/unknown-column', 1, /keep only/],
    ['prefix\n', 'c.csv', 'cohorts/missing-header', 1, /both columns/],
    ['prefix,cohort\n\n10.0.0.1/8,a\n', 'c.csv', 'cohorts/bad-prefix', 3, /10\.0\.0\.0\/8/],
    ['prefix,cohort\n2001:db8::1/32,a\n', 'c.csv', 'cohorts/bad-prefix', 2, /2001:db8::\/32/],
    ['prefix,cohort\n10.0.0.1,a\n', 'c.csv', 'cohorts/bad-prefix', 2, /10\.0\.0\.1\/32/],
    ['prefix,cohort\n10.0.0.0/33,a\n', 'c.csv', 'cohorts/bad-prefix', 2, /such as/],
    ['prefix,cohort\n10.0/16,a\n', 'c.csv', 'cohorts/bad-prefix', 2, /such as/],
    ['prefix,cohort\n10.0.0.0/8,a\n10.0.0.0/8,b\n', 'c.csv', 'cohorts/contradiction', 3, /keep one/],
    ['prefix,cohort\n10.0.0.0/8,a,b\n', 'c.csv', 'cohorts/wrong-field-count', 2, /quote/],
    ['prefix,cohort\n10.0.0.0/8,all\n', 'c.csv', 'cohorts/reserved-name', 2, /rename/],
    ['prefix,cohort\n10.0.0.0/8,\n', 'c.csv', 'cohorts/empty-cohort', 2, /name the cohort/],
    ['prefix,cohort\n"10.0.0.0/8,a\n', 'c.csv', 'cohorts/bad-quoting', 2, /quote/],
    ['10.0.0.0/8: a\n10.0.0.0/8: b\n', 'c.yaml', 'cohorts/contradiction', 2, /keep one/],
    ['- {prefix: 10.0.0.0/8, name: a}\n', 'c.yaml', 'cohorts/unknown-column', 1, /keep only/],
    ['a: [1, 2\n', 'c.yaml', 'cohorts/bad-yaml', 2, /list/],
    ['just text', 'c.yaml', 'cohorts/bad-entry', 1, /prefix/],
  ])('%j in %s is %s', (text, path, code, line, help) => {
    const facts = factsOf(text, path);
    expect(facts.code).toBe(code);
    expect(facts.line).toBe(line);
    expect(facts.path).toBe(path);
    expect(facts.help).toMatch(help);
  });
});

test('classification agrees with a linear search over the prefixes', () => {
  const octet = fc.integer({ min: 0, max: 3 });
  const address = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
  const row = fc.tuple(address, fc.integer({ min: 0, max: 32 }));
  const bits = (text: string): number => text.split('.').reduce((v, part) => v * 256 + Number(part), 0);
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), address, (rows, client) => {
      const masked = rows.map(([text, length]) => ({
        length,
        low: Math.floor(bits(text) / 2 ** (32 - length)) * 2 ** (32 - length),
      }));
      const lines = masked.map(({ low, length }) => {
        const text = [24, 16, 8, 0].map((shift) => Math.floor(low / 2 ** shift) % 256).join('.');
        return `${text}/${length},${text}/${length}`;
      });
      const map = parseCohorts(`prefix,cohort\n${lines.join('\n')}`, 'c.csv');
      const value = bits(client);
      const inside = masked.filter((m) => value >= m.low && value < m.low + 2 ** (32 - m.length));
      const longest = inside.reduce<number | null>((best, m) => Math.max(best ?? -1, m.length), null);
      const answer = map.classify(client);
      expect(answer === 'unknown' ? null : Number(answer.split('/')[1])).toBe(longest);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('any text at all gives a prefix or a reason', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const result = parsePrefix(text);
      if (!result.ok) expect(result.reason.length).toBeGreaterThan(0);
    }),
    { seed: 2 },
  );
});

describe('access type', () => {
  test.each([
    [4, 1414, 'flets-pppoe', 'high'],
    [4, 1420, 'ipv4-over-ipv6', 'medium'],
    [6, 1440, 'native-ipv6', 'high'],
    [4, 1440, 'ipv4-translated-or-tunnelled', 'medium'],
    [4, 1460, 'not-clamped', 'low'],
    [4, 1379, 'preset-or-vpn', 'low'],
    [4, 900, 'unknown', 'none'],
    [6, 1414, 'unknown', 'none'],
    [4, null, 'unknown', 'none'],
  ] as const)('IPv%i with MSS %s is %s (%s)', (family, mss, access, confidence) => {
    expect(inferAccess(family, mss, false)).toMatchObject({ access, confidence });
  });

  test('beside the client even 1414 is a weak hint', () => {
    expect(inferAccess(4, 1414, true).confidence).toBe('low');
  });
});
