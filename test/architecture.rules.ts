/**
 * Who may import whom, as data: one row per room, with the reason the failure message prints.
 * A room is a folder or a file directly under src/ (`capture/`, `analyze.ts`), or `workers/`.
 * Rooms are listed from the top of the house to its ground; a room may use only rooms below it.
 */

export interface RoomRule {
  readonly room: string;
  /** Rooms it may import (its own files always). */
  readonly mayUse: readonly string[];
  readonly because: string;
}

const LEAVES = ['errors.ts', 'units.ts'];
/** src/engine/abi.generated.ts counts as a room of its own: the core’s list of tables, columns and ids, printed. */
export const SCHEMA = 'abi.generated.ts';

export const ROOM_RULES: readonly RoomRule[] = [
  {
    room: 'cli/',
    mayUse: ['index.ts', ...LEAVES],
    because:
      'the command line is the first user of the library: what it cannot reach through the front door, nobody can',
  },
  {
    room: 'index.ts',
    mayUse: [
      ...[
        'case.ts',
        'case/',
        'schemas/',
        'casebook/',
        'annex/',
        'report/',
        'diff.ts',
        'pair.ts',
        'findings/',
        'analyze.ts',
        'cohorts/',
        'comparison/',
        'calendar/',
        'timeline/',
        'narrowing/',
        'planning/',
        'localise/',
      ],
      ...[
        'explain.ts',
        'export.ts',
        'info.ts',
        'partial.ts',
        'engine/',
        'metrics/',
        'pairing/',
        'capture/',
        'tables/',
        'diagnostics/',
        ...LEAVES,
      ],
    ],
    because:
      'the front door names what is public (of the engine, its version); threads and statistics stay inside',
  },
  {
    room: 'case.ts',
    mayUse: [
      ...[
        'assembly/',
        'case/',
        'casebook/',
        'annex/',
        'report/',
        'extracts/',
        'redaction/',
        'diff.ts',
        'pair.ts',
        'pairing/',
        'findings/',
        'analyze.ts',
        'cohorts/',
        'comparison/',
      ],
      ...['capture/', 'tables/', 'engine/', SCHEMA, 'diagnostics/', ...LEAVES],
    ],
    because:
      'the whole case is told by the other stories, never by going round them; of the engine it states the version',
  },
  {
    room: 'assembly/',
    mayUse: [
      ...[
        'case/',
        'annex/',
        'report/',
        'extracts/',
        'redaction/',
        'diff.ts',
        'pairing/',
        'findings/',
        'analyze.ts',
      ],
      ...['cohorts/', 'comparison/', 'tables/', 'engine/', ...LEAVES],
    ],
    because:
      'what a case and its analyses come to, as report, extracts and evidence log take it: it measures and writes nothing',
  },
  {
    room: 'extracts/',
    mayUse: [
      // Compressed captures are unpacked on a thread of its own.
      'parallel/',
      'redaction/',
      'capture/',
      'comparison/',
      'tables/',
      'engine/',
      SCHEMA,
      'diagnostics/',
      ...LEAVES,
    ],
    because:
      'packets that show a claim: planned from tables, rewritten by the core, written as pcapng; it makes no claim',
  },
  {
    room: 'redaction/',
    mayUse: ['case/', 'tables/', ...LEAVES],
    because: 'names and pseudonyms are a matter of bytes and text: it must not need a capture or a report',
  },
  {
    room: 'schemas/',
    mayUse: ['case/', 'comparison/', 'tables/', SCHEMA, ...LEAVES],
    because: 'the shape of every document as data: it describes what others make and makes none',
  },
  {
    room: 'case/',
    mayUse: ['cohorts/', 'diagnostics/', ...LEAVES],
    because: 'reading case.yaml is a matter of text: it must not need a capture',
  },
  {
    room: 'casebook/',
    mayUse: ['annex/', 'case/', 'schemas/', ...LEAVES],
    because: 'a case while it is worked on: intake, log and last days; it measures nothing and packs nothing',
  },
  {
    room: 'annex/',
    mayUse: [
      ...[
        'report/',
        'diff.ts',
        'pair.ts',
        'findings/',
        'analyze.ts',
        'cohorts/',
        'comparison/',
        'metrics/',
        'pairing/',
      ],
      ...['case/', 'schemas/', 'extracts/', 'redaction/', 'capture/', 'tables/', SCHEMA, 'diagnostics/'],
      ...LEAVES,
    ],
    because: 'the annex packages what others found; it measures nothing itself',
  },
  {
    room: 'report/',
    mayUse: [
      ...[
        'diff.ts',
        'pair.ts',
        'findings/',
        'info.ts',
        'analyze.ts',
        'localise/',
        'case/',
        'cohorts/',
        'comparison/',
        'metrics/',
        'pairing/',
      ],
      ...['tables/', 'diagnostics/', 'statistics/', ...LEAVES],
    ],
    because:
      'a report is a function of a model and of the case as written: it must not be able to measure, read a file, or reach the engine',
  },
  {
    room: 'diff.ts',
    mayUse: [
      ...[
        'findings/',
        'analyze.ts',
        'cohorts/',
        'comparison/',
        'calendar/',
        'timeline/',
        'narrowing/',
        'localise/',
        'metrics/',
        'capture/',
        'tables/',
        SCHEMA,
        'diagnostics/',
      ],
      ...['statistics/', ...LEAVES],
    ],
    because: 'did it get worse is asked of two analyses; pairing ends is another story',
  },
  {
    room: 'pair.ts',
    mayUse: [
      ...['findings/', 'analyze.ts', 'parallel/', 'pairing/', 'capture/', 'tables/', 'engine/', SCHEMA],
      ...['diagnostics/', 'statistics/', ...LEAVES],
    ],
    because: 'two ends of one path need packets of both, but no comparison of evenings',
  },
  {
    room: 'analyze.ts',
    mayUse: [
      'findings/',
      'parallel/',
      'metrics/',
      'capture/',
      'tables/',
      'engine/',
      SCHEMA,
      'diagnostics/',
      ...LEAVES,
    ],
    because: 'one vantage point: captures in, tables and findings out; it knows neither cohorts nor evenings',
  },
  {
    room: 'explain.ts',
    mayUse: ['metrics/', 'tables/', SCHEMA, ...LEAVES],
    because: 'what a column means is data: no capture is needed to say it',
  },
  {
    room: 'partial.ts',
    mayUse: [],
    because: 'which files are half-written is known to who writes them and told to who is interrupted',
  },
  {
    room: 'info.ts',
    mayUse: ['analyze.ts', 'parallel/', 'capture/', 'engine/', SCHEMA, 'diagnostics/', ...LEAVES],
    because: 'what a capture holds is told by reading it; no flow and no table is made',
  },
  {
    room: 'export.ts',
    mayUse: ['partial.ts', 'analyze.ts', 'tables/', SCHEMA, 'diagnostics/', ...LEAVES],
    because: 'one table of one analysis, written out: it computes nothing',
  },
  {
    room: 'findings/',
    mayUse: [
      'cohorts/',
      'comparison/',
      'metrics/',
      'pairing/',
      'tables/',
      SCHEMA,
      'diagnostics/',
      'statistics/',
      ...LEAVES,
    ],
    because: 'a claim rests on tables and comparisons that are already made; stories hand them in',
  },
  {
    room: 'workers/',
    mayUse: ['parallel/', 'engine/'],
    because:
      'a worker entry makes one core, receives, calls a task, and sends: the bodies live where one thread can test them',
  },
  {
    room: 'timeline/',
    mayUse: ['comparison/', 'statistics/', ...LEAVES],
    because: 'one period in time is told from player-minutes, as the comparison of two is',
  },
  {
    room: 'narrowing/',
    mayUse: ['comparison/', 'statistics/', ...LEAVES],
    because: 'where an effect stands out is searched in player-minutes and confirmed as a comparison would',
  },
  {
    room: 'planning/',
    mayUse: ['comparison/', 'statistics/', ...LEAVES],
    because: 'what to capture and when to close follow from a comparison that is already made',
  },
  {
    room: 'localise/',
    mayUse: ['comparison/', 'statistics/', ...LEAVES],
    because: 'whose segment it is, is scored from comparisons and facts that stories hand in',
  },
  {
    room: 'comparison/',
    mayUse: ['cohorts/', 'metrics/', 'tables/', 'diagnostics/', 'statistics/', ...LEAVES],
    because: 'a comparison sees tables of numbers; bytes, threads and wording are elsewhere',
  },
  {
    room: 'cohorts/',
    mayUse: ['statistics/', 'diagnostics/', ...LEAVES],
    because: 'who belongs to which group is decided by addresses alone, before any metric is known',
  },
  {
    room: 'parallel/',
    mayUse: ['capture/', 'tables/', 'engine/', SCHEMA, 'diagnostics/', ...LEAVES],
    because: 'threads carry packet work; what a number means must not depend on how many there are',
  },
  {
    room: 'pairing/',
    mayUse: ['tables/', 'engine/', SCHEMA, 'diagnostics/', 'statistics/', ...LEAVES],
    because: 'matching and clocks work on rows of both ends, wherever they came from',
  },
  {
    room: 'capture/',
    mayUse: ['engine/', SCHEMA, 'diagnostics/', ...LEAVES],
    because: 'files, formats and segments are known before any packet is decoded',
  },
  {
    room: 'tables/',
    mayUse: ['metrics/', 'engine/', SCHEMA, 'diagnostics/', ...LEAVES],
    because: 'schemas come from the engine’s list of columns; writers take any table',
  },
  {
    room: 'metrics/',
    mayUse: [SCHEMA, ...LEAVES],
    because: 'a definition is data over columns; it must hold for any engine, thread count or file',
  },
  {
    room: 'engine/',
    mayUse: [SCHEMA, ...LEAVES],
    because: 'the only room that knows pointers serves the stages and knows none of them',
  },
  {
    room: 'diagnostics/',
    mayUse: ['engine/', SCHEMA, ...LEAVES],
    because: 'a catalogue of problems is data that every stage may point at; it counts what the core tallied',
  },
  {
    room: 'calendar/',
    mayUse: [...LEAVES],
    because: 'hours of a day in a named zone are a matter of dates alone; captures and metrics are elsewhere',
  },
  {
    room: 'statistics/',
    mayUse: [],
    because: 'pure numbers, no packet words: it must be checkable against any textbook',
  },
  { room: SCHEMA, mayUse: [], because: 'printed by the core from its one list; constants only' },
  { room: 'units.ts', mayUse: ['errors.ts'], because: 'ground floor' },
  { room: 'errors.ts', mayUse: [], because: 'ground floor' },
];

export interface PackageRule {
  /** Module name as imported, or a prefix ending in `*`. */
  readonly module: string;
  readonly rooms: readonly string[] | 'any';
  readonly because: string;
}

/** Where a file is opened: bytes come in or results go out there; measures, claims and reports see none. */
const FILE_ROOMS = [
  ...[
    'cli/',
    'case.ts',
    'assembly/',
    'case/',
    'casebook/',
    'annex/',
    'extracts/',
    'redaction/',
    'diff.ts',
    'pair.ts',
    'export.ts',
    'partial.ts',
    'analyze.ts',
    'cohorts/',
  ],
  ...['parallel/', 'capture/', 'tables/', 'engine/'],
];

/** Every package and Node module that src/ or workers/ may import, and from where. What has no row is refused. */
export const PACKAGE_RULES: readonly PackageRule[] = [
  { module: 'yargs', rooms: ['cli/'], because: 'what was typed is known to the command line alone' },
  { module: 'yargs/helpers', rooms: ['cli/'], because: 'as yargs' },
  { module: 'piscina', rooms: ['parallel/', 'workers/'], because: 'one room owns the threads' },
  {
    module: 'apache-arrow',
    rooms: ['tables/', 'export.ts'],
    because: 'Arrow is how tables leave; nothing is computed on it',
  },
  { module: 'parquet-wasm*', rooms: ['tables/'], because: 'as apache-arrow' },
  { module: '@observablehq/plot', rooms: ['report/'], because: 'figures are part of the report' },
  { module: 'pdfkit', rooms: ['report/'], because: 'the summary as PDF, without a browser' },
  { module: 'svg-to-pdfkit', rooms: ['report/'], because: 'figures of the PDF are those of the pages' },
  { module: 'linkedom', rooms: ['report/'], because: 'a document for the figures to be drawn in' },
  {
    module: 'yaml',
    rooms: ['case/', 'casebook/', 'cohorts/'],
    because: 'the inputs that people write by hand',
  },
  {
    module: 'zod',
    rooms: ['case/', 'cohorts/', 'schemas/'],
    because: 'shapes of documents, read and written',
  },
  { module: 'mmdb-lib', rooms: ['cohorts/'], because: 'ASN and region from a file that the user brings' },
  {
    module: 'ipaddr.js',
    rooms: ['cohorts/', 'case/', 'annex/', 'redaction/', 'capture/', 'tables/', 'pairing/'],
    because: 'addresses as people write them',
  },
  {
    module: 'node:fs',
    rooms: FILE_ROOMS,
    because: 'a file is opened where bytes come in or results go out; measures, claims and reports see none',
  },
  {
    module: 'node:fs/promises',
    rooms: FILE_ROOMS,
    because: 'as node:fs',
  },
  {
    module: 'node:path',
    rooms: FILE_ROOMS,
    because: 'as node:fs',
  },
  {
    module: 'node:url',
    rooms: ['cli/', 'parallel/', 'engine/', 'annex/'],
    because: 'finding a file of our own package',
  },
  {
    module: 'node:crypto',
    rooms: [
      'assembly/',
      'case/',
      'casebook/',
      'annex/',
      'redaction/',
      'report/',
      'analyze.ts',
      'capture/',
      'tables/',
      'engine/',
    ],
    because: 'hashes of inputs, figures and annex; the signature; address pseudonyms; community id',
  },
  { module: 'node:zlib', rooms: ['capture/', 'annex/'], because: 'compressed captures in, one .zip out' },
  {
    module: 'node:child_process',
    rooms: ['capture/'],
    because: 'xz is read through the system tool',
  },
  { module: 'node:worker_threads', rooms: ['parallel/', 'workers/'], because: 'one room owns the threads' },
  {
    module: 'node:os',
    rooms: ['cli/', 'analyze.ts', 'parallel/', 'capture/'],
    because: 'how many cores; where a spool may lie',
  },
  {
    module: 'node:process',
    rooms: ['cli/'],
    because: 'streams, signals and the exit code belong to the command line',
  },
  {
    module: 'node:stream*',
    rooms: [
      'cli/',
      'annex/',
      'diff.ts',
      'pair.ts',
      'info.ts',
      'export.ts',
      'analyze.ts',
      'capture/',
      'tables/',
      'parallel/',
    ],
    because: 'bytes in, tables out',
  },
  { module: 'node:readline/promises', rooms: ['cli/'], because: 'questions are asked on a terminal' },
  { module: 'node:buffer', rooms: 'any', because: 'bytes' },
  {
    module: 'node:events',
    rooms: ['cli/', 'export.ts', 'capture/', 'parallel/'],
    because: 'streams and threads',
  },
  { module: 'node:net', rooms: ['cohorts/'], because: 'isIP, for addresses as people write them' },
];

export interface MentionRule {
  /** What the syntax tree mentions: an identifier, `object.property`, or `new Name()` for a call without arguments. */
  readonly mention: string;
  readonly rooms: readonly string[];
  readonly because: string;
}

const CLOCK = 'law 7: no clock leaks into an output; times come in as inputs';
const CHANCE = 'law 7: chance comes from the seed';
const LOCALE = 'law 7: no locale leaks into an output';
const PROCESS = 'streams, environment and exit codes belong to the command line';

/** Names that only the listed rooms may mention (comments and strings do not count). */
export const MENTION_RULES: readonly MentionRule[] = [
  {
    mention: 'WebAssembly',
    rooms: ['engine/', 'workers/'],
    because: 'the only room that knows pointers; a worker is handed the compiled module and passes it on',
  },
  { mention: 'memory.buffer', rooms: ['engine/'], because: 'views of engine memory die at its next call' },
  { mention: 'ptr', rooms: ['engine/'], because: 'the only room that knows pointers' },
  { mention: 'Date.now', rooms: ['cli/'], because: CLOCK },
  { mention: 'new Date()', rooms: ['cli/'], because: CLOCK },
  { mention: 'performance.now', rooms: ['cli/'], because: CLOCK },
  { mention: 'process.hrtime', rooms: ['cli/'], because: CLOCK },
  { mention: 'Math.random', rooms: [], because: CHANCE },
  { mention: 'randomUUID', rooms: [], because: CHANCE },
  {
    mention: 'Intl',
    rooms: ['case/', 'report/', 'calendar/'],
    because: `${LOCALE}; the rooms that read and write local times of a named zone ask Intl for its rules, in one fixed locale`,
  },
  { mention: 'toLocaleString', rooms: [], because: LOCALE },
  { mention: 'toLocaleDateString', rooms: [], because: LOCALE },
  { mention: 'toLocaleTimeString', rooms: [], because: LOCALE },
  { mention: 'localeCompare', rooms: [], because: LOCALE },
  { mention: 'process.env', rooms: ['cli/'], because: PROCESS },
  { mention: 'process.exit', rooms: ['cli/'], because: PROCESS },
  { mention: 'process.stdout', rooms: ['cli/'], because: PROCESS },
  { mention: 'process.stderr', rooms: ['cli/'], because: PROCESS },
  { mention: 'process.argv', rooms: ['cli/'], because: PROCESS },
  { mention: 'console', rooms: ['cli/'], because: PROCESS },
  { mention: 'eval', rooms: [], because: 'captures are hostile input; nothing of ours compiles text' },
];

/** The core's crates and what each may depend on. */
export const CRATE_RULES: readonly { crate: string; mayUse: readonly string[]; because: string }[] = [
  {
    crate: 'abi',
    mayUse: ['flow', 'pair', 'extract', 'packet', 'capture', 'unpack', 'filter', 'columns'],
    because: 'the only crate that knows it is WASM',
  },
  { crate: 'flow', mayUse: ['packet', 'columns'], because: 'flows are made of packets, never of bytes' },
  {
    crate: 'extract',
    mayUse: ['packet', 'capture', 'columns'],
    because: 'records rewritten for others to see: chosen by packet, judged by nobody',
  },
  { crate: 'pair', mayUse: ['packet', 'columns'], because: 'both ends are compared by packets' },
  { crate: 'filter', mayUse: [], because: 'a filter sees a frame and nothing else' },
  { crate: 'packet', mayUse: ['capture', 'filter', 'columns'], because: 'a packet comes out of a record' },
  { crate: 'unpack', mayUse: [], because: 'compressed bytes are bytes: no capture word in it' },
  { crate: 'capture', mayUse: ['columns'], because: 'records are known before packets' },
  { crate: 'columns', mayUse: [], because: 'the one list of tables, columns, types and units' },
];

/** Worker entries receive, call and send; more than this and they have begun to think. */
export const WORKER_LINES_MAX = 40;

/** The top of the repository, fixed by the product owner, and the files its tools insist on finding there. */
export const TOP_LEVEL = {
  required: [
    ...['package.json', 'src', 'workers', 'wasm', 'samples', 'bench', 'test', 'README.md'],
    ...['LICENSE', 'CHANGELOG.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'],
  ],
  tools: [
    ...['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'eslint.config.js', 'vitest.config.ts'],
    ...['.ci', '.gitattributes', '.gitignore', '.npmrc', '.prettierignore', '.prettierrc.json'],
  ],
} as const;
