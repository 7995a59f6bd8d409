/** Inputs that are each readable but cannot be true together are refused, with the lines that disagree. */
import { describe, expect, it } from 'vitest';
import { lagdiff, STACK_FRAME } from '../helpers/cli.ts';
import { eveningFile, workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();
const baseline = folder.put('baseline.pcap', eveningFile());
const evening = folder.put(
  'evening.pcap',
  eveningFile({ lateByMs: 20, startNs: 1_795_341_600_000_000_000n }),
);

describe('cohorts', () => {
  it('refuses one prefix in two cohorts', async () => {
    const cohorts = folder.put('cohorts.csv', 'prefix,cohort\n192.0.2.0/28,isp-a\n192.0.2.0/28,isp-b\n');
    const result = await lagdiff([
      'diff',
      '--baseline',
      baseline,
      '--evening',
      evening,
      '--cohorts',
      cohorts,
    ]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/192\.0\.2\.0\/28/);
    expect(result.stderr).toMatch(/isp-b/);
    expect(result.stderr).not.toMatch(STACK_FRAME);
  });

  it('lets the longest prefix win where they nest', async () => {
    const cohorts = folder.put('nested.csv', 'prefix,cohort\n192.0.2.0/24,isp-a\n192.0.2.11/32,isp-b\n');
    const args = [
      'diff',
      '--baseline',
      baseline,
      '--evening',
      evening,
      '--cohorts',
      cohorts,
      '--format',
      'json',
    ];
    const result = await lagdiff(args);
    expect(result.code).toBe(0);
    const { comparisons } = JSON.parse(result.stdout) as { comparisons: { cohort: string }[] };
    const named = new Set(comparisons.map(({ cohort }) => cohort));
    expect([...named].sort()).toEqual(expect.arrayContaining(['all', 'isp-a', 'isp-b']));
  });

  it('refuses a line that is no prefix, naming the line', async () => {
    const cohorts = folder.put('typo.csv', 'prefix,cohort\n192.0.2.0/24,isp-a\n192.0.2.300/32,isp-b\n');
    const result = await lagdiff([
      'diff',
      '--baseline',
      baseline,
      '--evening',
      evening,
      '--cohorts',
      cohorts,
    ]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/typo\.csv:3|line 3/);
  });
});

describe('case', () => {
  it('refuses one file as both baseline and evening', async () => {
    const result = await lagdiff(['diff', '--baseline', baseline, '--evening', baseline]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/baseline\.pcap/);
  });

  it('refuses a case.yaml with a key it does not know, naming line and column', async () => {
    const path = folder.put('case.yaml', 'version: 1\nbaselin: []\n');
    const result = await lagdiff(['run', path]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/case\.yaml/);
    expect(result.stderr).toMatch(/baselin/);
    expect(result.stderr).not.toMatch(STACK_FRAME);
  });

  it('refuses a case.yaml that is no YAML', async () => {
    const result = await lagdiff(['run', folder.put('broken.yaml', 'a: [1, 2\nb: }\n')]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/broken\.yaml/);
    expect(result.stderr).not.toMatch(STACK_FRAME);
  });
});
