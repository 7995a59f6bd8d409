/**
 * What we say of TCP against what Wireshark says: events by frame, handshake round trips by connection, ACK round trips by
 * frame, Community IDs by frame. Wireshark's rules are documented (User's Guide, TCP Analysis); ours follow them by name.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { captureIndex, readCsv } from '../helpers/captures-index.ts';
import { inParallel, runProcess } from '../helpers/cli.ts';
import { lagdiffHere as lagdiff } from '../helpers/in-process.ts';
import { CAPTURES, haveCaptures, haveTool, REPORTS } from '../helpers/repository.ts';
import { nanoseconds } from './tshark.ts';

/** Our event kinds by Wireshark's field; `not` excludes the narrower kinds that Wireshark flags in addition. */
const KINDS = [
  {
    kind: 'retransmission',
    field: 'retransmission',
    not: ['fast_retransmission', 'spurious_retransmission'],
  },
  { kind: 'fast_retransmission', field: 'fast_retransmission', not: [] },
  { kind: 'spurious_retransmission', field: 'spurious_retransmission', not: [] },
  { kind: 'out_of_order', field: 'out_of_order', not: [] },
  { kind: 'duplicate_ack', field: 'duplicate_ack', not: [] },
  { kind: 'previous_segment_not_captured', field: 'lost_segment', not: [] },
  { kind: 'acked_unseen_segment', field: 'ack_lost_segment', not: [] },
  { kind: 'zero_window', field: 'zero_window', not: [] },
  { kind: 'window_full', field: 'window_full', not: [] },
  { kind: 'keep_alive', field: 'keep_alive', not: [] },
] as const;

const ANALYSIS = KINDS.map(({ field }) => field);
const FIELDS = [
  ...[
    'frame.number',
    'frame.time_epoch',
    'tcp.stream',
    'tcp.analysis.initial_rtt',
    'tcp.analysis.ack_rtt',
    'communityid',
  ],
  ...ANALYSIS.map((field) => `tcp.analysis.${field}`),
];

interface Judged {
  readonly frame: number;
  readonly timestampNs: string | null;
  readonly stream: string;
  readonly initialRtt: string;
  readonly ackRtt: string;
  readonly communityId: string;
  readonly flags: ReadonlySet<string>;
}

async function judge(path: string): Promise<Judged[]> {
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const preferences = ['-o', 'ip.defragment:FALSE', '--enable-protocol', 'communityid'];
  const args = [
    '-n',
    '-r',
    path,
    ...preferences,
    '-T',
    'fields',
    '-E',
    'separator=/t',
    '-E',
    'occurrence=f',
    ...fields,
  ];
  const { stdout } = await runProcess('tshark', args, { timeoutMs: 300_000 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [frame = '', epoch, stream = '', initialRtt = '', ackRtt = '', communityId = '', ...flags] =
        line.split('\t');
      return {
        frame: Number(frame),
        timestampNs: nanoseconds(epoch),
        stream,
        initialRtt,
        ackRtt,
        communityId,
        flags: new Set(ANALYSIS.filter((_, index) => (flags[index] ?? '') !== '')),
      };
    });
}

type Row = Record<string, string | null>;

async function table(path: string, name: string): Promise<Row[]> {
  const result = await lagdiff([
    'export',
    path,
    '--table',
    name,
    '--format',
    'csv',
    '--out',
    '-',
    '--workers',
    '1',
  ]);
  expect(result.code, result.stderr).toBe(0);
  return readCsv(result.stdout);
}

/** `0.012345678` seconds → ns as text. */
const durationNs = (seconds: string): string | null => (seconds === '' ? null : nanoseconds(seconds));

interface Score {
  both: number;
  oursOnly: number;
  theirsOnly: number;
}

const files = captureIndex()
  .map(({ name }) => name)
  .filter((name) => /^(tcp|two-ended)\//.test(name));

describe.skipIf(!haveCaptures || !haveTool('tshark'))('TCP as Wireshark sees it', () => {
  it('agrees kind by kind, frame by frame', { timeout: 600_000 }, async () => {
    const scores = new Map<string, Score>(
      KINDS.map(({ kind }) => [kind, { both: 0, oursOnly: 0, theirsOnly: 0 }]),
    );
    let handshakes = 0;
    let acks = 0;
    const wrong: string[] = [];
    const lines: string[] = [];
    await inParallel(files, 2, async (file) => {
      const path = join(CAPTURES, file);
      const [theirs, events, flows, rtt] = [
        await judge(path),
        await table(path, 'events'),
        await table(path, 'flows'),
        await table(path, 'rtt'),
      ];
      const ours = new Set(events.map((row) => `${row['frame_number']} ${row['kind']}`));
      for (const { frame, flags } of theirs) {
        for (const { kind, field, not } of KINDS) {
          const score = scores.get(kind) as Score;
          const says = flags.has(field) && !not.some((other) => flags.has(other));
          const say = ours.has(`${frame} ${kind}`);
          if (says && say) score.both += 1;
          else if (say) score.oursOnly += 1;
          else if (says) score.theirsOnly += 1;
          if (says !== say)
            lines.push(
              `${file} ${frame} ${kind}: ${say ? 'ours only' : `theirs only (${[...flags].join(' ')})`}`,
            );
        }
      }
      const byFirstFrame = new Map(theirs.map((row) => [String(row.frame), row]));
      for (const flow of flows) {
        const first = byFirstFrame.get(flow['flow_id'] ?? '');
        if (first === undefined) continue;
        if (
          first.communityId !== '' &&
          flow['community_id'] !== null &&
          first.communityId !== flow['community_id']
        )
          wrong.push(
            `${file} flow ${flow['flow_id']}: community id ${flow['community_id']}, tshark ${first.communityId}`,
          );
        const stream = first.stream === '' ? [] : theirs.filter(({ stream }) => stream === first.stream);
        const initial = durationNs(stream.find(({ initialRtt }) => initialRtt !== '')?.initialRtt ?? '');
        const handshake = flow['rtt_handshake_ns'] ?? null;
        if (initial === null || handshake === null) continue;
        handshakes += 1;
        if (initial !== handshake)
          wrong.push(`${file} flow ${flow['flow_id']}: handshake ${handshake} ns, tshark ${initial}`);
      }
      const ackByTime = new Map(
        theirs.filter(({ ackRtt }) => ackRtt !== '').map((row) => [row.timestampNs, durationNs(row.ackRtt)]),
      );
      for (const row of rtt.filter(({ method }) => method === 'ack')) {
        const theirRtt = ackByTime.get(row['timestamp_ns'] ?? null);
        if (theirRtt === undefined) continue;
        acks += 1;
        if (theirRtt !== row['rtt_ns'])
          lines.push(
            `${file} flow ${row['flow_id']} at ${row['timestamp_ns']}: ack RTT ${row['rtt_ns']} ns, tshark ${theirRtt}`,
          );
      }
    });
    const table2 = [...scores].map(
      ([kind, { both, oursOnly, theirsOnly }]) =>
        `${kind}: both ${both}, ours only ${oursOnly}, theirs only ${theirsOnly}`,
    );
    const summary = [...table2, `${handshakes} handshakes and ${acks} ACK samples compared`, ...wrong, ''];
    mkdirSync(REPORTS, { recursive: true });
    writeFileSync(join(REPORTS, 'tshark-tcp.txt'), [...summary, ...lines.sort(), ''].join('\n'));
    console.log(summary.join('\n'));
    expect(handshakes).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });
});
