/** Errors as a reader sees them: what, where, what next. Never a stack trace. */

import { LagdiffError, type ErrorFacts } from '../index.ts';

/** What the capture errors of the core mean; the core sends facts, the words are here. */
const SENTENCES: Readonly<Record<string, { readonly message: string; readonly help: string }>> = {
  'capture/unknown-format': {
    message: 'is not a capture: expected pcap or pcapng, plain or compressed by gzip, zstd, lz4 or xz',
    help: 'give the file that tcpdump -w or Wireshark wrote; another format (snoop, ERF, Sniffer): editcap -F pcapng IN OUT',
  },
  'capture/empty-file': {
    message: 'is empty',
    help: 'check that tcpdump could write, and that it was stopped with SIGINT',
  },
  'capture/header-truncated': {
    message: 'ends inside its file header',
    help: 'copy the file again; a capture has at least 24 bytes (pcap) or 28 (pcapng)',
  },
  'capture/unsupported-version': {
    message: 'has a format version that is not supported',
    help: 'convert it: editcap -F pcapng IN OUT',
  },
};

export function renderError(error: unknown): string {
  if (error instanceof LagdiffError) return renderFacts(error.facts);
  const message = error instanceof Error ? error.message : String(error);
  return `error[internal]: ${message}\n  help: please report this with the command line\n`;
}

function renderFacts(facts: ErrorFacts): string {
  const sentence = SENTENCES[facts.code];
  const message =
    sentence === undefined ? facts.message : `${facts.path ?? 'the capture'} ${sentence.message}`;
  const help = facts.help ?? sentence?.help;
  const lines = [`error[${facts.code}]: ${message}`];
  if (facts.path !== undefined) lines.push(`  --> ${facts.path}${placeOf(facts)}`);
  if (help !== undefined) lines.push(`  help: ${help}`);
  return `${lines.join('\n')}\n`;
}

function placeOf({ byteOffset, line, column }: ErrorFacts): string {
  if (line !== undefined) return column === undefined ? `:${line}` : `:${line}:${column}`;
  return byteOffset === undefined ? '' : `, byte ${byteOffset}`;
}
