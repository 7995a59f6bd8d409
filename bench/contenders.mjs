// Who runs against whom, as data: the command, what it does less or more than we do, and on which input it runs.
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const PCAP_PARSER = fileURLToPath(new URL('pcap-parser.mjs', import.meta.url));

const analyze =
  (workers, ...more) =>
  (file) => [
    process.execPath,
    [MAIN, 'analyze', file, '--quiet', '--no-progress', '--workers', String(workers), ...more],
  ];

/** Every ratio is against this one. */
export const OURS = 'lagdiff analyze, 1 worker';

/** `inputs`: `large` is the file the claim is about; `small` shows what starting costs; `tcp` has TCP alone, for those that read nothing else. */
export const CONTENDERS = [
  {
    name: 'cat',
    command: (file) => ['cat', [file]],
    inputs: ['large', 'small'],
    fairness: 'reads the bytes and nothing else: the floor',
  },
  {
    name: OURS,
    command: analyze(1),
    inputs: ['large', 'small', 'tcp'],
    fairness: 'everything analyze does: every flow, RTT, loss, delay variation, findings, diagnostics',
  },
  {
    name: 'lagdiff analyze, 2 workers',
    command: analyze(2),
    inputs: ['large', 'small', 'tcp'],
    fairness: 'the same answer; its speed-up means something only beside the spin control',
  },
  {
    name: 'lagdiff analyze --format json, 2 workers',
    command: analyze(2, '--format', 'json'),
    inputs: ['large'],
    fairness: 'all flows as JSON, and the SHA-256 of the file as evidence',
  },
  {
    name: 'lagdiff --version',
    command: () => [process.execPath, [MAIN, '--version']],
    inputs: ['large', 'small'],
    fairness: 'start alone: what every run of ours pays before the first byte',
  },
  {
    name: 'sha256sum',
    command: (file) => ['sha256sum', [file]],
    inputs: ['large'],
    fairness: 'the evidence hash alone; --format json includes one',
  },
  {
    name: 'pcap-parser',
    command: (file) => [process.execPath, [PCAP_PARSER, file]],
    inputs: ['large', 'small'],
    fairness: 'splits records and decodes nothing; given 1 MiB reads, which is twice as fast as its default',
  },
  {
    name: 'tcpdump -w /dev/null',
    command: (file) => ['tcpdump', ['-r', file, '-w', '/dev/null']],
    inputs: ['large', 'small'],
    fairness: 'reads and writes records, decodes nothing',
  },
  {
    name: 'capinfos -c -a -e',
    command: (file) => ['capinfos', ['-c', '-a', '-e', file]],
    inputs: ['large', 'small'],
    fairness: 'counts records and times only; its own hashes are switched off',
  },
  {
    name: 'argus',
    command: (file) => ['argus', ['-X', '-r', file, '-R', '-J', '-Z', '-w', '/dev/null']],
    inputs: ['large', 'small'],
    fairness:
      'full flow records of every protocol; sleeps at its end, so on small inputs only its CPU time means anything',
  },
  {
    name: 'tcptrace -n -r -l',
    command: (file) => ['tcptrace', ['-n', '-r', '-l', file]],
    inputs: ['large', 'small', 'tcp'],
    fairness:
      'TCP only, the other packets are skipped; does more per TCP connection than we do for its report',
  },
  {
    name: 'tshark -q -z conv,tcp',
    command: (file) => ['tshark', ['-n', '-q', '-z', 'conv,tcp', '-r', file]],
    inputs: ['large', 'small'],
    fairness: 'dissects every protocol it knows and keeps the file’s facts in memory',
  },
];
