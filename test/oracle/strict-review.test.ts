/**
 * Two captures whose TCP events were gone through frame by frame, strict reading against tshark and the RFCs: DIFFERENCES.md says what each
 * difference is and who is right. Nothing else may differ.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES, haveCaptures, haveTool } from '../helpers/repository.ts';
import { knownDifferences } from './differences.ts';
import { ours, theirs } from './tcp-flags.ts';

const REVIEWED = ['tcp/zeek-ssh-dups.pcap', 'tcp/suricata-bug-4376-syn-retransmit-with-ts.pcap'];

describe.skipIf(!haveCaptures || !haveTool('tshark'))('the strict reading of TCP', () => {
  it.each(REVIEWED)('differs from tshark in %s where it is written down, and nowhere else', async (file) => {
    const path = join(CAPTURES, file);
    const [their, our] = [await theirs(path), await ours(path, 'strict')];
    const differing = new Set<number>();
    for (const flag of new Set([...their.flags, ...(our?.flags ?? [])]))
      if (their.flags.has(flag) !== our?.flags.has(flag)) differing.add(Number(flag.split(' ')[0]));
    const listed = knownDifferences()
      .filter((row) => row.file === file && row.columns.includes('tcp_strict'))
      .flatMap(({ frames }) => (frames === 'all' ? [] : [...frames]));
    expect([...differing].sort((a, b) => a - b)).toEqual(listed.sort((a, b) => a - b));
    expect(listed.length).toBeGreaterThan(0);
  });
});
