/**
 * reproduce-tshark.sh: what a receiver without lagdiff computes again with tshark: the packets that each filter returns, the RTT
 * samples they show, and, where the captures are at hand, their records and times. Each figure is compared with the annex's.
 */
import type { ExtractEntry } from '../extracts/build.ts';
import type { CaptureFacts } from '../report/input.ts';
import { quote } from './reproduce.ts';

export interface TsharkReproduction {
  readonly extracts: readonly ExtractEntry[];
  readonly captures: readonly CaptureFacts[];
}

export function renderReproduceTshark({ extracts, captures }: TsharkReproduction): string {
  const filters = extracts.map(
    ({ file, display_filter, packets }) =>
      `filter ${quote(file)} ${quote(display_filter)} ${quote(packets.map(({ frame_number }) => frame_number).join(' '))}`,
  );
  const samples = extracts.flatMap(({ file, rtt_samples }) =>
    rtt_samples.map(
      ({ from_frame, to_frame, rtt_ns }) =>
        `sample ${quote(file)} ${from_frame} ${to_frame} ${(rtt_ns / 1e9).toFixed(9)}`,
    ),
  );
  const records = captures.map(
    ({ sha256, records: count, first, last }) =>
      `capture ${sha256} ${count} ${quote(epochOf(first))} ${quote(epochOf(last))}`,
  );
  return `#!/bin/sh
# Computes figures of this annex again with tshark alone, and compares.
# Usage: sh reproduce-tshark.sh [FOLDER_WITH_THE_CAPTURES]
# Needs: tshark 4, awk, sha256sum. Without a folder the captures themselves are left out.
set -eu
annex=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
wrong=0
checked=0
compare() { # what, found, expected
  checked=$((checked + 1))
  if [ "$2" != "$3" ]; then
    echo "differs: $1: tshark says $2, the annex $3" >&2
    wrong=$((wrong + 1))
  fi
}
# The filter of an extract returns exactly the cited packets.
filter() { # file, filter, frame numbers
  found=$(tshark -n -r "$annex/$1" -Y "$2" -T fields -e frame.number 2>/dev/null | tr '\\n' ' ' | sed 's/ $//')
  compare "packets of $1" "$found" "$3"
}
# An RTT sample is the time between its two packets.
sample() { # file, first frame, last frame, seconds
  found=$(tshark -n -r "$annex/$1" -Y "frame.number == $2 || frame.number == $3" -T fields -e frame.time_relative 2>/dev/null |
    awk 'NR == 1 { from = $1 } { to = $1 } END { printf "%.9f", to - from }')
  compare "RTT between frames $2 and $3 of $1, in seconds" "$found" "$4"
}
# Records, first and last time of a capture, found by its hash.
capture() { # sha256, records, first, last
  file=$(printf '%s\\n' "$listed" | sed -n "s/^$1  //p" | head -n 1)
  if [ -z "$file" ]; then
    echo "not here, left out: the capture with the SHA-256 $1" >&2
    return
  fi
  found=$(tshark -n -r "$file" -T fields -e frame.time_epoch 2>/dev/null |
    awk 'NF { if (least == "" || $1 < least) least = $1; if (most == "" || $1 > most) most = $1 } { n++ } END { print n + 0, least, most }')
  compare "records, first and last time of $file" "$found" "$2 $3 $4"
}
${filters.join('\n')}
${samples.join('\n')}
if [ "$#" -gt 0 ]; then
  listed=$(find "$1" -type f -exec sha256sum {} +)
${records.map((line) => `  ${line}`).join('\n')}
fi
if [ "$wrong" -ne 0 ]; then
  echo "$wrong of $checked figures differ" >&2
  exit 1
fi
echo "$checked figures are the same"
`;
}

/** RFC 3339 with nine digits → seconds since the epoch with nine digits, as tshark prints them. */
function epochOf(instant: string | null): string {
  if (instant === null) return '';
  return `${Date.parse(`${instant.slice(0, 19)}Z`) / 1000}${instant.slice(19, 29)}`;
}
