/** A recorded scenario → the files that are committed: trimmed captures, truth.json, and a case where there are two periods. */

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Manifest, ManifestEntry } from '../generate/main.ts';
import { unpacked } from '../generate/unpack.ts';
import type { Game } from './games/types.ts';
import type { CasePlan, ScenarioPlan, WorldPlan } from './plan.ts';
import { SERVER_ADDRESS } from './plan.ts';
import { KEPT_BYTES, routerSources, trimText } from './router.ts';
import { SERVICES } from './services.ts';
import { DEFINITIONS, worldTruth, type WorldTruth } from './truth.ts';
import type { Recorded } from './world.ts';

export const FOLDER = 'recorded';
export const COMMAND = 'npm run build && node dist/samples/record/main.js';

export interface RecordedTruth {
  readonly schema: 'lagdiff/recorded-truth@1';
  readonly scenario: string;
  readonly question: string;
  readonly truth: string;
  readonly command: string;
  readonly licence: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly server: string;
  readonly kept_payload_bytes: typeof KEPT_BYTES & {
    readonly udp: number;
    readonly udp_of_port: Readonly<Record<string, number>>;
  };
  readonly definitions: typeof DEFINITIONS;
  readonly worlds: readonly WorldTruth[];
}

export async function publish(
  scenario: ScenarioPlan,
  recorded: readonly Recorded[],
  games: readonly Game[],
  tools: { binary: string; folder: string; out: string },
): Promise<void> {
  const folder = join(tools.out, FOLDER, scenario.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const packed: Promise<void>[] = [];
  const worlds = recorded.map((world) => {
    const placedAt = world.plan.placedAt;
    const shift = placedAt === null ? 0n : BigInt(Date.parse(placedAt)) * 1_000_000n - world.fromNs;
    for (const end of endsOf(world.plan))
      packed.push(packInto(join(folder, captureName(world.plan, end)), trimmed(world, end, shift, tools)));
    return worldTruth(world, shift);
  });
  await Promise.all(packed);
  writeFileSync(join(folder, 'truth.json'), truthText(scenario, worlds, games));
  if (scenario.case === null) return;
  const cohorts = worlds[0]?.cohorts.map(({ prefix, name }) => `${prefix},${name}\n`) ?? [];
  writeFileSync(join(folder, 'cohorts.csv'), `prefix,cohort\n${cohorts.join('')}`);
  writeFileSync(join(folder, 'case.yaml'), caseYaml(scenario, scenario.case));
}

type End = 'server' | 'client';

/** Nothing was captured at the players' end where nobody volunteered. */
function endsOf({ homes }: WorldPlan): readonly End[] {
  return homes.some(({ isCaptured }) => isCaptured) ? ['server', 'client'] : ['server'];
}

function captureName({ period, sitting }: WorldPlan, end: End): string {
  const words = [period === 'only' ? null : period, sitting, end].filter((word) => word !== null);
  return `${words.join('-')}.pcap.zst`;
}

/** Zstandard: a third less than gzip of the same capture. Threads would make other bytes of it; several files at once do not. */
async function packInto(path: string, capture: string): Promise<void> {
  await promisify(execFile)('zstd', [
    '-q',
    '-f',
    '-19',
    '--single-thread',
    '--no-check',
    capture,
    '-o',
    path,
  ]);
}

function trimmed(
  { plan, fromNs, toNs, serverCapture, homeCaptures }: Recorded,
  end: End,
  shiftNs: bigint,
  { binary, folder }: { binary: string; folder: string },
): string {
  const out = join(folder, `trimmed-${plan.period}-${plan.sitting ?? 0}-${end}.pcap`);
  const text = `${out}.plan`;
  const { offsetNs, skewPpm, step } = plan.clock;
  // The server's clock is right by definition; the homes' is what the plan says against it.
  const clock =
    end === 'server'
      ? { offsetNs: 0, skewPpm: 0, stepAtNs: 0, stepNs: 0 }
      : {
          offsetNs: -offsetNs,
          skewPpm: -skewPpm,
          stepAtNs: (step?.atSeconds ?? 0) * 1e9,
          stepNs: step?.ns ?? 0,
        };
  const inputs = end === 'server' ? [serverCapture] : homeCaptures;
  writeFileSync(text, trimText({ kept: plan, inputs, out, fromNs, toNs, shiftNs, clock }));
  execFileSync(binary, ['trim', text], { stdio: ['ignore', 'ignore', 'inherit'] });
  return out;
}

/** One home a line: small, and still a diff that can be read. */
function truthText(scenario: ScenarioPlan, worlds: readonly WorldTruth[], games: readonly Game[]): string {
  const played = new Set(scenario.worlds.flatMap(({ homes }) => homes.flatMap((home) => home.games)));
  const used = games.filter(({ id }) => played.has(id));
  const router = createHash('sha256');
  for (const path of routerSources()) router.update(readFileSync(path));
  const truth: RecordedTruth = {
    schema: 'lagdiff/recorded-truth@1',
    scenario: scenario.name,
    question: scenario.question,
    truth: scenario.truth,
    command: `${COMMAND} --scenario ${scenario.name}`,
    licence: `captures: MIT, as the rest of this repository; made by programs that are not part of it: ${used.map(({ id, licence }) => `${id} (${licence})`).join(', ')}`,
    versions: {
      kernel: release(),
      tcpdump: debianVersion('tcpdump'),
      router: `sources sha256 ${router.digest('hex').slice(0, 16)}`,
      ...Object.fromEntries(used.map((game) => [game.id, game.version()])),
      ...Object.fromEntries(SERVICES.map((name) => [name, debianVersion(name)])),
    },
    server: SERVER_ADDRESS,
    kept_payload_bytes: {
      ...KEPT_BYTES,
      udp: scenario.worlds[0]?.keptUdpBytes ?? 0,
      udp_of_port: scenario.worlds[0]?.keptOfPort ?? {},
    },
    definitions: DEFINITIONS,
    worlds,
  };
  const lines = new Map<string, string>();
  const marked = JSON.stringify(
    truth,
    (key, value: unknown) => {
      if (key !== 'homes' || !Array.isArray(value)) return value;
      return value.map((home: unknown) => {
        const mark = `@home ${lines.size}@`;
        lines.set(mark, JSON.stringify(home));
        return mark;
      });
    },
    1,
  );
  return `${marked.replace(/"(@home \d+@)"/g, (_, mark: string) => lines.get(mark) ?? '')}\n`;
}

function debianVersion(name: string): string {
  try {
    const argv = ['-W', '-f=${Version}', name];
    return execFileSync('dpkg-query', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'not installed';
  }
}

/** A YAML scalar in single quotes (YAML 1.2, 7.3.2). */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function caseYaml(
  { truth, question, worlds }: ScenarioPlan,
  { title, symptoms, due, retest }: CasePlan,
): string {
  const captures = worlds.flatMap((world) =>
    endsOf(world).map(
      (end) => `  - path: ${captureName(world, end)}\n    period: ${world.period}\n    end: ${end}\n`,
    ),
  );
  return `# Recorded games on a path of our own: every address is from a documentation range, every name a placeholder.
# True: ${truth}.
title: ${title}
question: ${quoted(question)}
symptoms: [${symptoms.map(quoted).join(', ')}]
timezone: Asia/Tokyo
profile: fps_competitive
seed: ${worlds[0]?.seed ?? 0}
contact:
  name: Case Owner
  email: case-owner@example.com
# By when the provider is asked to have acted, and when the same is measured again.
asks:
  owner: Example Hosting, network operations
  due: ${due}
  retest: ${retest}
# Nothing of our own changed between the periods.
changes: []
publish: [title, question, symptoms, provider, contact, owner, changes]
servers:
  - address: '${SERVER_ADDRESS}'
    provider: Example Hosting
    kind: bare_metal
cohorts: cohorts.csv
captures:
${captures.join('')}`;
}

/** Lists what lies under recorded/ in the manifest, beside what is generated. */
export function updateManifest(out: string): void {
  const path = join(out, 'manifest.json');
  if (!existsSync(path)) return;
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  writeFileSync(path, `${JSON.stringify({ ...manifest, recorded: recordedEntries(out) }, null, 2)}\n`);
}

export function recordedEntries(out: string): ManifestEntry[] {
  const folder = join(out, FOLDER);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path): ManifestEntry => {
      const bytes = readFileSync(path);
      const content = unpacked(bytes);
      return {
        path: path.slice(out.length + 1),
        sha256: sha256(bytes),
        bytes: bytes.length,
        content_sha256: sha256(content),
        content_bytes: content.length,
        packets: /\.pcap\.zst$/.test(path) ? countPackets(content) : null,
      };
    });
}

function countPackets(pcap: Uint8Array): number {
  const words = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength);
  let packets = 0;
  for (let at = 24; at + 16 <= pcap.length; at += 16 + words.getUint32(at + 8, true)) packets++;
  return packets;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
