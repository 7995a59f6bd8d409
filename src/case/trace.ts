/**
 * Text of mtr, WinMTR or traceroute → hops. Beside packet evidence it is an annex: routers answer such probes when they have
 * time, so loss at one hop counts only where it goes on to the last one, and each direction needs a trace of its own.
 */
import ipaddr from 'ipaddr.js';
import { InputError } from '../errors.ts';

export interface TraceHop {
  readonly hop: number;
  /** As an address; null where no router answered or only a name is known. */
  readonly address: string | null;
  readonly asn: number | null;
  readonly sent: number | null;
  readonly loss_ratio: number | null;
  readonly best_ms: number | null;
  readonly avg_ms: number | null;
  readonly worst_ms: number | null;
}

export interface Trace {
  readonly tool: 'mtr' | 'winmtr' | 'traceroute';
  readonly hops: readonly TraceHop[];
}

const NUMBER = String.raw`([\d.]+)`;
/** ` 3.|-- AS64500 name (192.0.2.1)  0.0%  500  last avg best worst [stdev]` */
const MTR = new RegExp(
  String.raw`^\s*(\d+)\.\s*(?:\|--)?\s*(?:AS(\d+|\?+)\s+)?(\S.*?)\s+${NUMBER}%\s+(\d+)\s+${NUMBER}\s+${NUMBER}\s+${NUMBER}\s+${NUMBER}(?:\s+[\d.]+)?\s*$`,
);
/** `|  host - loss% | sent | received | best | average | worst | last |` */
const WINMTR =
  /^\|\s*(\S.*?)\s+-\s+(\d+)\s*\|\s*(\d+)\s*\|\s*\d+\s*\|\s*(\d+)\s*\|\s*(\d+)\s*\|\s*(\d+)\s*\|\s*\d+\s*\|/;
/** ` 3  name (192.0.2.1)  5.1 ms  5.2 ms *` */
const TRACEROUTE = /^\s*(\d+)\s+((?:\*\s*)+|\S.*\bms\b.*)$/;

/** @throws InputError when no line is one of these tools'. */
export function parseTrace(text: string, path: string): Trace {
  const lines = text.split(/\r?\n/);
  for (const [tool, read] of [
    ['mtr', mtrHop],
    ['winmtr', winmtrHop],
    ['traceroute', tracerouteHop],
  ] as const) {
    const hops = lines.flatMap((line) => read(line) ?? []);
    if (hops.length > 0)
      return {
        tool,
        hops: tool === 'winmtr' ? hops.map((hop, index) => ({ ...hop, hop: index + 1 })) : hops,
      };
  }
  throw new InputError({
    code: 'case/trace-unknown',
    message: 'no line of this file looks like a hop of mtr, WinMTR or traceroute',
    help: 'save the text of: mtr -rwzbc 1000 ADDRESS',
    path,
  });
}

function mtrHop(line: string): TraceHop | null {
  const match = MTR.exec(line);
  if (match === null) return null;
  const [, hop, asn, host = '', loss, sent, , avg, best, worst] = match;
  return {
    hop: Number(hop),
    address: addressIn(host),
    asn: asn !== undefined && /^\d+$/.test(asn) ? Number(asn) : null,
    sent: Number(sent),
    loss_ratio: Number(loss) / 100,
    ...times(Number(loss) >= 100, [best, avg, worst]),
  };
}

function winmtrHop(line: string): TraceHop | null {
  const match = WINMTR.exec(line);
  if (match === null) return null;
  const [, host = '', loss, sent, best, avg, worst] = match;
  return {
    hop: 0,
    address: addressIn(host),
    asn: null,
    sent: Number(sent),
    loss_ratio: Number(loss) / 100,
    ...times(Number(loss) >= 100, [best, avg, worst]),
  };
}

function tracerouteHop(line: string): TraceHop | null {
  const match = TRACEROUTE.exec(line);
  if (match === null) return null;
  const [, hop, rest = ''] = match;
  const replies = [...rest.matchAll(/([\d.]+)\s*ms\b/g)].map(([, ms]) => Number(ms));
  const lost = [...rest.matchAll(/(?<=^|\s)\*(?=\s|$)/g)].length;
  const sent = replies.length + lost;
  const sum = replies.reduce((total, ms) => total + ms, 0);
  return {
    hop: Number(hop),
    address: addressIn(rest.replace(/[\d.]+\s*ms\b/g, ' ')),
    asn: null,
    sent,
    loss_ratio: sent === 0 ? null : lost / sent,
    best_ms: replies.length === 0 ? null : Math.min(...replies),
    avg_ms: replies.length === 0 ? null : Number((sum / replies.length).toFixed(3)),
    worst_ms: replies.length === 0 ? null : Math.max(...replies),
  };
}

function times(
  isSilent: boolean,
  [best, avg, worst]: readonly (string | undefined)[],
): Pick<TraceHop, 'best_ms' | 'avg_ms' | 'worst_ms'> {
  // A hop that never answered has zeros in its columns: they are no times.
  if (isSilent) return { best_ms: null, avg_ms: null, worst_ms: null };
  return { best_ms: Number(best), avg_ms: Number(avg), worst_ms: Number(worst) };
}

function addressIn(text: string): string | null {
  const words = text.split(/[\s()]+/).filter((word) => /[.:]/.test(word));
  return (
    words.find(
      (word) => ipaddr.isValid(word) && (word.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(word)),
    ) ?? null
  );
}

export interface TraceReading {
  /** Loss at the last hop: the only loss that a trace shows by itself. */
  readonly loss_at_end_ratio: number | null;
  /** First hop from which every later one loses probes, when the last one does. */
  readonly loss_from_hop: number | null;
  /** Hops that lose probes although a later one loses none: answers that were not sent, not packets that were lost. */
  readonly rate_limited_hops: readonly number[];
}

export function readTrace({ hops }: Trace): TraceReading {
  const last = hops.at(-1);
  if (last === undefined) return { loss_at_end_ratio: null, loss_from_hop: null, rate_limited_hops: [] };
  const loses = (hop: TraceHop): boolean => (hop.loss_ratio ?? 0) > 0;
  const clean = hops.findLastIndex((hop) => !loses(hop));
  return {
    loss_at_end_ratio: last.loss_ratio,
    loss_from_hop: loses(last) ? (hops[clean + 1]?.hop ?? null) : null,
    rate_limited_hops: hops
      .slice(0, clean + 1)
      .filter(loses)
      .map(({ hop }) => hop),
  };
}
