/**
 * Rows of our packets table as tshark would write them. tshark lists every layer of a frame; `frame.protocols` says in
 * which order, so the innermost IP layer that we also follow can be picked, and a packet quoted by an ICMP error is left alone.
 */
import { runProcess } from '../helpers/cli.ts';

/** Dissector preferences under which tshark judges each frame by itself, as we do. */
const PREFERENCES = [
  ...['ip.defragment:FALSE', 'ipv6.defragment:FALSE', 'tcp.desegment_tcp_streams:FALSE'],
  ...[
    'tcp.analyze_sequence_numbers:FALSE',
    'tcp.relative_sequence_numbers:FALSE',
    'tcp.check_checksum:FALSE',
  ],
  ...['udp.check_checksum:FALSE', 'ip.use_geoip:FALSE', 'ip.tso_support:FALSE', 'wlan.defragment:FALSE'],
].flatMap((preference) => ['-o', preference]);

const FIELDS = [
  ...['frame.number', 'frame.time_epoch', 'frame.len', 'frame.cap_len', 'frame.protocols', 'vlan.id'],
  ...[
    'ip.src',
    'ip.dst',
    'ip.proto',
    'ip.len',
    'ip.hdr_len',
    'ip.ttl',
    'ip.id',
    'ip.dsfield.dscp',
    'ip.dsfield.ecn',
  ],
  ...['ip.flags.df', 'ip.flags.mf', 'ip.frag_offset'],
  ...['ipv6.src', 'ipv6.dst', 'ipv6.nxt', 'ipv6.plen', 'ipv6.hlim', 'ipv6.tclass.dscp', 'ipv6.tclass.ecn'],
  ...['ipv6.hopopts.nxt', 'ipv6.routing.nxt', 'ipv6.dstopts.nxt', 'ipv6.fraghdr.nxt', 'ah.next_header'],
  ...['ipv6.fraghdr.offset', 'ipv6.fraghdr.more', 'ipv6.fraghdr.ident'],
  ...[
    'tcp.srcport',
    'tcp.dstport',
    'tcp.seq_raw',
    'tcp.ack_raw',
    'tcp.flags',
    'tcp.window_size_value',
    'tcp.len',
  ],
  ...['tcp.options.timestamp.tsval', 'tcp.options.timestamp.tsecr'],
  ...['udp.srcport', 'udp.dstport', 'udp.length', 'sctp.srcport', 'sctp.dstport'],
] as const;
type Field = (typeof FIELDS)[number];
type Frame = ReadonlyMap<Field, readonly string[]>;

/** Layers behind which the product looks for another IP packet; any other layer ends the walk inwards. */
const FOLLOWED: ReadonlySet<string> = new Set([
  ...[
    'gre',
    'eth',
    'ethertype',
    'ethtype',
    'vlan',
    'ieee8021ad',
    'mpls',
    'ppp',
    'pppoes',
    'llc',
    'sll',
    'ah',
  ],
  ...['ieee8021ah', 'cfp', 'isl', 'vntag', 'pwethnocw', 'pwethheuristic', 'pwethcw', 'etherip', 'erspan'],
  ...['vxlan', 'geneve', 'gtp', 'teredo', 'l2tp', 'lisp-data', 'ayiya'],
]);
const EXTENSIONS: Readonly<Record<string, Field>> = {
  'ipv6.hopopts': 'ipv6.hopopts.nxt',
  'ipv6.routing': 'ipv6.routing.nxt',
  'ipv6.dstopts': 'ipv6.dstopts.nxt',
  'ipv6.fraghdr': 'ipv6.fraghdr.nxt',
  ah: 'ah.next_header',
};

/** Columns of ours that tshark can judge; null where the frame has no such field, undefined where tshark cannot say. */
export interface OracleRow {
  readonly frame_number: number;
  readonly protocols: string;
  readonly values: Readonly<Record<string, string | null | undefined>>;
}

/** One row per frame with an IP packet: the innermost one that the product follows. */
export async function tsharkRows(path: string): Promise<OracleRow[]> {
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const format = ['-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=a', '-E', 'aggregator=;'];
  const result = await runProcess('tshark', ['-n', '-r', path, ...PREFERENCES, ...format, ...fields], {
    timeoutMs: 300_000,
  });
  if (result.stdout === '' && result.code !== 0) throw new Error(`tshark: ${result.stderr.trim()}`);
  return parseRows(result.stdout);
}

/** tshark's table of `FIELDS`, line by line. */
export function parseRows(stdout: string): OracleRow[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const cells = line.split('\t');
      const frame = new Map<Field, string[]>(
        FIELDS.map((field, index) => [
          field,
          (cells[index] ?? '') === '' ? [] : (cells[index] ?? '').split(';'),
        ]),
      );
      return rowOfFrame(frame) ?? [];
    });
}

interface Layer {
  readonly version: 4 | 6;
  /** Which of the frame's IPv4 or IPv6 headers it is. */
  readonly index: number;
  /** Occurrence of each extension header met after it, in order. */
  readonly extensions: { readonly field: Field; readonly index: number }[];
  transport: { readonly name: 'tcp' | 'udp' | 'sctp'; readonly index: number } | null;
  vlanTags: number;
}

function rowOfFrame(frame: Frame): OracleRow | null {
  const names = (frame.get('frame.protocols')?.[0] ?? '').split(':');
  const counts = new Map<string, number>();
  const take = (name: string): number => {
    const index = counts.get(name) ?? 0;
    counts.set(name, index + 1);
    return index;
  };
  let layer: Layer | null = null;
  for (const name of names) {
    if (name === 'ip' || name === 'ipv6') {
      const vlanTags = counts.get('vlan') ?? 0;
      layer = {
        version: name === 'ip' ? 4 : 6,
        index: take(name),
        extensions: [],
        transport: null,
        vlanTags,
      };
      continue;
    }
    const extension = EXTENSIONS[name];
    if (name === 'vlan' || name === 'ieee8021ad') {
      take('vlan');
    } else if (extension !== undefined && layer !== null) {
      layer.extensions.push({ field: extension, index: take(name) });
    } else if ((name === 'tcp' || name === 'udp' || name === 'sctp') && layer !== null) {
      layer.transport = { name, index: take(name) };
      // Only UDP carries tunnels.
      if (name !== 'udp') break;
    } else if (layer !== null && !FOLLOWED.has(name)) {
      break;
    }
  }
  return layer === null ? null : rowOf(frame, names.join(':'), layer);
}

function rowOf(frame: Frame, protocols: string, layer: Layer): OracleRow {
  const all = (field: Field): readonly string[] => frame.get(field) ?? [];
  const at = (field: Field): string | null => all(field)[layer.index] ?? null;
  const number = (field: Field): number | null => {
    const text = at(field);
    return text === null ? null : Number(text);
  };
  const v4 = layer.version === 4;
  const fragment = layer.extensions.find(({ field }) => field === 'ipv6.fraghdr.nxt');
  // Both fields count units of 8 bytes.
  const units = v4
    ? number('ip.frag_offset')
    : fragment === undefined
      ? 0
      : Number(all('ipv6.fraghdr.offset')[fragment.index] ?? 0);
  const offset = units === null ? null : units * 8;
  const last = layer.extensions.at(-1);
  const protocol =
    last === undefined ? at(v4 ? 'ip.proto' : 'ipv6.nxt') : (all(last.field)[last.index] ?? null);
  const total = v4 ? number('ip.len') : number('ipv6.plen') === null ? null : (number('ipv6.plen') ?? 0) + 40;
  const { transport } = layer;
  const isTcp = transport?.name === 'tcp';
  const inTransport = (field: Field): string | null | undefined =>
    transport === null ? null : (all(field)[transport.index] ?? undefined);
  const tcp = (field: Field): string | null | undefined => (isTcp ? inTransport(field) : null);
  // Options carry no layer index: with two TCP headers in one frame nobody can say whose stamps these are.
  const soleTcp = all('tcp.srcport').length === 1;
  const option = (field: Field): string | null | undefined =>
    !isTcp ? null : soleTcp ? (all(field)[0] ?? null) : undefined;
  const integer = (text: string | null | undefined): string | null | undefined =>
    text === null || text === undefined ? text : String(Number(text));
  const bit = (text: string | null | undefined): string | null =>
    text === null || text === undefined ? null : text === '1' || text === 'True' ? 'true' : 'false';
  const ports = offset === 0 || offset === null ? transport : null;
  return {
    frame_number: Number(all('frame.number')[0]),
    protocols,
    values: {
      timestamp_ns: nanoseconds(all('frame.time_epoch')[0]),
      captured_len_bytes: all('frame.cap_len')[0] ?? null,
      original_len_bytes: all('frame.len')[0] ?? null,
      vlan_id: layer.vlanTags === 0 ? null : (integer(all('vlan.id')[layer.vlanTags - 1]) ?? null),
      ip_version: String(layer.version),
      src: at(v4 ? 'ip.src' : 'ipv6.src'),
      dst: at(v4 ? 'ip.dst' : 'ipv6.dst'),
      protocol: protocol === null ? undefined : integer(protocol),
      src_port: ports === null ? null : integer(inTransport(`${ports.name}.srcport`)),
      dst_port: ports === null ? null : integer(inTransport(`${ports.name}.dstport`)),
      ip_len_bytes: total === null ? undefined : String(total),
      dscp: integer(at(v4 ? 'ip.dsfield.dscp' : 'ipv6.tclass.dscp')),
      ecn: integer(at(v4 ? 'ip.dsfield.ecn' : 'ipv6.tclass.ecn')),
      ttl: integer(at(v4 ? 'ip.ttl' : 'ipv6.hlim')),
      ip_id: v4
        ? integer(at('ip.id'))
        : fragment === undefined
          ? null
          : integer(all('ipv6.fraghdr.ident')[fragment.index] ?? null),
      dont_fragment: v4 ? bit(at('ip.flags.df')) : null,
      more_fragments: v4
        ? bit(at('ip.flags.mf'))
        : fragment === undefined
          ? 'false'
          : bit(all('ipv6.fraghdr.more')[fragment.index]),
      fragment_offset: offset === null ? undefined : String(offset),
      tcp_seq: tcp('tcp.seq_raw'),
      tcp_ack: tcp('tcp.ack_raw'),
      tcp_flags: isTcp
        ? inTransport('tcp.flags') === undefined
          ? undefined
          : String(Number(inTransport('tcp.flags')) & 0x1ff)
        : null,
      tcp_window: tcp('tcp.window_size_value'),
      tcp_tsval: option('tcp.options.timestamp.tsval'),
      tcp_tsecr: option('tcp.options.timestamp.tsecr'),
      payload_len_bytes: isTcp ? (inTransport('tcp.len') ?? undefined) : undefined,
    },
  };
}

/** `1700000001.000000123` → ns as text, without a float on the way. */
export function nanoseconds(epoch: string | undefined): string | null {
  if (epoch === undefined) return null;
  const [seconds = '0', fraction = ''] = epoch.split('.');
  return (
    BigInt(seconds) * 1_000_000_000n +
    BigInt(fraction.padEnd(9, '0').slice(0, 9)) * (seconds.startsWith('-') ? -1n : 1n)
  ).toString();
}

export interface FileFacts {
  readonly packets: number;
  readonly firstNs: string | null;
  readonly lastNs: string | null;
  /** Bytes of the file, and of its packets on the wire. */
  readonly fileBytes: number;
  readonly wireBytes: number;
}

/** What capinfos counts, for many files at once; a file it cannot read is absent. */
export async function capinfos(paths: readonly string[]): Promise<Map<string, FileFacts>> {
  const facts = new Map<string, FileFacts>();
  const result = await runProcess(
    'capinfos',
    ['-T', '-M', '-S', '-c', '-s', '-d', '-a', '-e', '-r', ...paths],
    {
      timeoutMs: 120_000,
    },
  );
  for (const line of result.stdout.split('\n')) {
    const [path, packets, size, data, first, last] = line.split('\t');
    if (path === undefined || packets === undefined) continue;
    const time = (text: string | undefined): string | null =>
      text === undefined || !/^\d/.test(text) ? null : nanoseconds(text);
    facts.set(path, {
      packets: Number(packets),
      firstNs: time(first),
      lastNs: time(last),
      fileBytes: Number(size),
      wireBytes: Number(data),
    });
  }
  return facts;
}
