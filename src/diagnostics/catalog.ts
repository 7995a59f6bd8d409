/**
 * Every survivable problem in words: what was seen, what it does to the answer, what to do. Ids are stable for ever.
 * Those of the core are listed in wasm/crates/columns/src/diagnostics.rs; a test holds the two lists together.
 */

import { linkTypeName } from './link-types.ts';
import type { Severity } from '../engine/abi.generated.ts';

export interface CatalogEntry {
  readonly severity: Severity;
  /** What was seen; `detail` is the number the core kept with the first occurrence. */
  readonly meaning: (detail: number) => string;
  /** What it does to the answer. */
  readonly effect: string;
  readonly help?: string;
}

const etherTypes: Readonly<Record<number, string>> = {
  0x0806: 'ARP',
  0x8035: 'RARP',
  0x88cc: 'LLDP',
  0x888e: 'EAPOL',
  0x8863: 'PPPoE discovery',
  0x9000: 'loopback test',
};

function seconds(ns: number): string {
  return ns >= 1e9 ? `${Math.round(ns / 1e8) / 10} s` : `${Math.round(ns / 1e5) / 10} ms`;
}

export const CATALOG: Readonly<Record<string, CatalogEntry>> = {
  'capture/truncated-record': {
    severity: 'data-loss',
    meaning: (missing) => `the file ends inside a record, ${missing} bytes short`,
    effect: 'complete records were analysed; rates and durations end with the last of them',
    help: 'stop tcpdump with SIGINT and wait for it to end before copying the file',
  },
  'capture/corrupt-record': {
    severity: 'error',
    meaning: () => 'a record header that cannot be: its length is implausible or its block does not close',
    effect: 'reading of this file stopped there; everything after it is missing from the answer',
    help: 'copy the file again in binary mode; pcapfix may recover later records',
  },
  'capture/unknown-link-type': {
    severity: 'data-loss',
    meaning: (linkType) => `records of link type ${linkTypeName(linkType)}, which is not decoded`,
    effect: 'these records are counted and give no packets',
    help: 'capture on the IP interface, or with tcpdump -y EN10MB',
  },
  'capture/unknown-interface': {
    severity: 'data-loss',
    meaning: (id) => `a packet block names interface ${id}, which the section never described`,
    effect: 'its link type is unknown: the record is counted and gives no packet',
  },
  'capture/no-timestamp': {
    severity: 'notice',
    meaning: () => 'packet blocks without a time (pcapng Simple Packet Block)',
    effect: 'they count as packets and take part in no metric that needs time',
  },
  'capture/time-backwards': {
    severity: 'notice',
    meaning: () => 'a timestamp earlier than the one before it',
    effect: 'delays across such a step may be wrong; rows stay in file order',
    help: 'merge captures of several interfaces by time (mergecap), and keep the clock from being stepped',
  },
  'capture/implausible-timestamp': {
    severity: 'notice',
    meaning: () => 'a sub-second field of a second or more, or a time outside the 64-bit nanosecond range',
    effect: 'the time is taken as the file says where 64 bits of ns hold it, and is null where they do not',
  },
  'capture/skipped-block': {
    severity: 'info',
    meaning: () => 'pcapng blocks of unknown type, skipped by their length',
    effect: 'none on packets',
  },
  'capture/reported-drops': {
    severity: 'data-loss',
    meaning: (packets) => `the capturing host reports dropped packets, ${packets} in its first report`,
    effect: 'loss from this capture is an upper bound, and RTT may miss the worst moments',
    help: 'capture with a larger buffer (tcpdump -B 65536), a shorter snaplen, or a narrower filter',
  },
  'capture/trailing-bytes': {
    severity: 'data-loss',
    meaning: (bytes) => `${bytes} bytes after the last whole block that are no block`,
    effect: 'they are not analysed',
  },
  'capture/not-a-packet': {
    severity: 'info',
    meaning: (type) => `blocks of type ${type} that are numbered like packets and hold none`,
    effect: 'they count as records and give no packet rows',
  },
  'capture/compression-damaged': {
    severity: 'data-loss',
    meaning: () => 'the compressed data are damaged or cut off',
    effect: 'what could be unpacked before the damage was analysed',
    help: 'copy the file again and compare its checksum',
  },
  'capture/skipped-file': {
    severity: 'info',
    meaning: () => 'files of the folder that are no captures',
    effect: 'they were passed over',
  },
  'packet/not-ip': {
    severity: 'info',
    meaning: (type) =>
      `frames that carry no IP${type === 0 ? '' : ` (${etherTypes[type] ?? `type 0x${type.toString(16).padStart(4, '0')}`})`}`,
    effect: 'they are counted and give no packet rows',
  },
  'packet/header-cut': {
    severity: 'data-loss',
    meaning: () => 'captured bytes end inside the link or IP header',
    effect: 'the record is counted and gives no packet',
    help: 'capture with a snaplen of at least 128 bytes (tcpdump -s 128)',
  },
  'packet/bad-ip-header': {
    severity: 'data-loss',
    meaning: () => 'an IP header that contradicts itself',
    effect: 'the record is counted and gives no packet',
  },
  'packet/transport-header-cut': {
    severity: 'notice',
    meaning: () => 'a transport header that is cut or contradicts itself',
    effect: 'the packet counts for its flow; its ports or TCP fields are absent',
  },
  'packet/too-deep': {
    severity: 'notice',
    meaning: () => 'tunnels nested deeper than we follow',
    effect: 'the packet is counted at the deepest layer that was read',
  },
  'packet/filtered': {
    severity: 'info',
    meaning: () => 'records that --filter left out',
    effect: 'they are counted and give no packet rows',
  },
  'capture/gap': {
    severity: 'notice',
    meaning: (ns) => `no packet at all for ${seconds(ns)}, far longer than the traffic around it explains`,
    effect: 'whatever happened in that time is missing; rates and loss do not cover it',
    help: 'name every file of a rotated set, and check that tcpdump was not restarted',
  },
  'capture/overlap': {
    severity: 'notice',
    meaning: (ns) => `a file begins ${seconds(ns)} before the one in front of it ends`,
    effect: 'packets of both count; where both hold the same packets they count twice',
    help: 'give captures of one vantage point once; merge those of several interfaces by time (mergecap)',
  },
  'capture/clock-step': {
    severity: 'notice',
    meaning: (ns) => `the clock was set back by ${seconds(ns)}`,
    effect: 'delays across the step are wrong by as much',
    help: 'let NTP slew the clock instead of stepping it while capturing',
  },
  'capture/coarse-clock': {
    severity: 'notice',
    meaning: (ns) => `all times are multiples of ${ns / 1e6} ms`,
    effect: 'no delay is known better than that: RTT and delay variation below it are noise',
    help: 'capture with the host’s own clock (tcpdump -j host) and microseconds or better',
  },
  'capture/snaplen-cut': {
    severity: 'info',
    meaning: (length) => `packets were cut to ${length} bytes by the capture`,
    effect:
      'lengths come from the headers; what needs payload bytes (game protocols, copies without an id) is weaker',
    help: 'capture with tcpdump -s 0 if payload may be kept',
  },
  'capture/offload-segments': {
    severity: 'notice',
    meaning: () =>
      'TCP packets larger than 1500 bytes: the capturing host joins or splits segments (TSO, GRO), or uses jumbo frames',
    effect: 'packets are not those of the wire: packet counts, reordering and MTU findings are weaker',
    help: 'ethtool -K IFACE tso off gso off gro off lro off while capturing, or capture at a mirror port',
  },
  'capture/duplicate-packets': {
    severity: 'notice',
    meaning: () =>
      'packets that the capture holds twice (a mirror port of both directions, or tcpdump -i any)',
    effect: 'copies are recognised and take no part in retransmissions; byte and packet counts include them',
    help: 'mirror one direction, or capture on one interface',
  },
  'flow/idle-split': {
    severity: 'info',
    meaning: () => 'a flow fell silent for over an hour and came back',
    effect: 'it has one row before and one after the silence',
  },
};
