/** What `info` prints for people: the verdict first, then one block per capture. */

import type { CaptureInfo, Info } from '../info.ts';
import { plainText, wrapText } from './text.ts';

export function renderInfo(info: Info, { width }: { readonly width: number }): string {
  const wrapped = (text: string, indent: number): string[] =>
    wrapText(text, Math.max(20, width - indent)).map(
      (line, index) => ' '.repeat(indent + (index === 0 ? 0 : 2)) + line,
    );
  const lines = [`Quality  ${info.quality.verdict}`];
  for (const [title, effects] of [
    ['withheld', info.quality.withheld],
    ['weakened', info.quality.weakened],
  ] as const) {
    for (const { metric, reason } of effects) lines.push(...wrapped(`${title} ${metric}: ${reason}`, 2));
  }
  for (const { id, severity, count, message } of info.diagnostics) {
    lines.push(...wrapped(`${severity} ${id} ×${count}: ${message}`, 2));
  }
  for (const capture of info.captures) {
    lines.push('', plainText(capture.path));
    for (const [name, value] of rows(capture)) lines.push(`  ${name.padEnd(20)}${value}`);
  }
  return `${lines.join('\n')}\n`;
}

function rows(capture: CaptureInfo): [string, string][] {
  const seconds = (ns: number | null): string => (ns === null ? '–' : `${(ns / 1e9).toFixed(6)} s`);
  const rate = (value: number | null, digits: number): string =>
    value === null ? '–' : value.toFixed(digits);
  return [
    ['format', capture.format],
    [
      'link types',
      capture.records_by_link_type.map(({ link_type, records }) => `${link_type} ×${records}`).join(', ') ||
        '–',
    ],
    ['records', `${capture.records} = ${capture.decoded} decoded + ${capture.diagnosed} diagnosed`],
    ...(capture.filtered === 0
      ? []
      : ([['filtered', `${capture.filtered} of the diagnosed`]] as [string, string][])),
    ['first', capture.first ?? '–'],
    ['last', capture.last ?? '–'],
    ['duration', seconds(capture.duration_ns)],
    ['bytes on the wire', String(capture.wire_bytes)],
    ['bytes captured', String(capture.captured_bytes)],
    ['file size', capture.file_bytes === null ? '–' : String(capture.file_bytes)],
    ['packet rate', `${rate(capture.packets_per_second, 1)} /s`],
    ['data rate', `${rate(capture.bits_per_second, 0)} bit/s`],
    ['average packet', `${rate(capture.average_packet_bytes, 1)} bytes`],
    ['snaplen', `${capture.snaplen ?? '–'} (${capture.cut_packets} packets cut)`],
    [
      'clock',
      `${capture.clock_granularity_ns === null ? '–' : `steps of ${capture.clock_granularity_ns} ns`}, order ${capture.time_order}`,
    ],
    [
      'longest silence',
      capture.longest_silence_ns === null ? 'below 1 s' : seconds(capture.longest_silence_ns),
    ],
    ['drop reports', String(capture.drop_reports)],
    ['tunnelled, VLAN', `${capture.tunnelled_packets}, ${capture.vlan_packets} packets`],
    [
      'layers',
      capture.packets_by_layers.map(({ layers, packets }) => `${layers} ×${packets}`).join(', ') || '–',
    ],
    ['TCP above 1500', `${capture.large_tcp_packets} packets`],
    ['quality', capture.quality],
    ['sha256', capture.sha256 ?? '–'],
  ];
}
