/**
 * Twenty seconds of echoes across a small world: does `pair` find in its two captures what the router says it did, and is
 * nothing left behind, also after Ctrl-C? Needs root, tcpdump, iproute2 and rustc; says so and passes where they are absent.
 *
 *   node dist/samples/record/self-test.js
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pair } from '../../src/pair.ts';
import type { Game } from './games/types.ts';
import { findLeftovers, isClean, prefixOf } from './leftovers.ts';
import type { CohortPlan, HomePlan, LinkPlan, ScenarioPlan, WorldPlan } from './plan.ts';
import { pause, until } from './program.ts';
import { publish } from './publish.ts';
import { openSession } from './session.ts';
import type { RecordedTruth } from './publish.ts';
import { World } from './world.ts';

const SECONDS = 20;
const PORT = 7;
const TOLERANCE_NS = 300_000;
const TOLERANCE_RATIO = 0.03;

const script = new URL('./echo.js', import.meta.url).pathname;
const echo: Game = {
  id: 'echo',
  packages: [],
  licence: 'MIT',
  transport: 'udp',
  version: () => process.version,
  startServer: (host) => host.spawn([process.execPath, script, 'server', String(PORT)]),
  ready: (server) => until('the echo server', () => server.logText().includes('listening')),
  startPlayer: (host, server, seed) =>
    host.spawn([process.execPath, script, 'client', server.address, String(PORT), String(seed)]),
};

const down: LinkPlan = {
  // Twenty seconds must show the floor often enough to tell a queue from a clock's drift.
  serviceNs: 2_000_000,
  load: 0.5,
  loss: 0.02,
  lossBurst: 2,
  hops: 4,
  dscp: '46:0',
};
const up: LinkPlan = { hops: 3, reorder: 0.01, reorderNs: 50_000_000, duplicate: 0.01 };
const cohort = (name: string, hop: string, shares: boolean): CohortPlan => ({
  name,
  prefix: '198.51.100.0/24',
  mtu: 1454,
  saysTooBig: true,
  clampMss: null,
  sharesAddresses: shares,
  hop,
  up,
  down,
});
const home = (name: string, number: number): HomePlan => ({
  name: `${name}-home`,
  cohort: name,
  address: `192.168.${number}.2`,
  publicAddress: `198.51.100.${10 * number}`,
  psid: number,
  upNs: 4_000_000 + number * 500_000,
  downNs: 4_600_000,
  games: ['echo'],
  isCaptured: true,
});
const plan: WorldPlan = {
  period: 'only',
  sitting: null,
  endsInSilence: false,
  seed: 8,
  seconds: SECONDS,
  cohorts: [cohort('own', '198.51.100.1', false), cohort('shared', '198.51.100.2', true)],
  homes: [home('own', 1), home('shared', 2)],
  clock: { offsetNs: 250_000_000, skewPpm: 0, step: null },
  routeChanges: [],
  events: [],
  markUdp: null,
  hasAtomicIds: false,
  pingSeconds: 1,
  keptUdpBytes: 12,
  keptOfPort: {},
  placedAt: null,
};
const scenario: ScenarioPlan = { name: 'self-test', question: '', truth: '', worlds: [plan], case: null };

process.exitCode = await (process.argv.includes('--hold') ? hold() : main());

async function main(): Promise<number> {
  const missing = whatIsMissing();
  if (missing !== null) {
    process.stdout.write(`skipped: ${missing}\n`);
    return 0;
  }
  const faults = [...(await compare()), ...(await interrupt())];
  process.stdout.write(faults.length === 0 ? 'all as the router says\n' : `${faults.join('\n')}\n`);
  return faults.length === 0 ? 0 : 1;
}

function whatIsMissing(): string | null {
  if (process.getuid?.() !== 0) return 'namespaces and devices need root';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  const folders = (process.env['PATH'] ?? '').split(':');
  const has = (name: string): boolean => folders.some((folder) => existsSync(join(folder, name)));
  const absent = ['ip', 'tcpdump', 'rustc', 'nft', 'mosquitto', 'mosquitto_sub', 'ping', 'zstd'].filter(
    (name) => !has(name),
  );
  return absent.length === 0 ? null : `${absent.join(', ')} not installed`;
}

async function compare(): Promise<string[]> {
  const session = openSession();
  const out = join(session.folder, 'out');
  mkdirSync(out);
  const world = new World(plan, [echo], {
    binary: session.binary,
    folder: join(session.folder, 'world'),
    prefix: `${session.prefix}w-`,
  });
  const recorded = await world.record().finally(() => world.remove());
  await publish(scenario, [recorded], [echo], { ...session, out });
  const at = join(out, 'recorded', scenario.name);
  const truth = JSON.parse(readFileSync(join(at, 'truth.json'), 'utf8')) as RecordedTruth;
  const { document } = await pair([join(at, 'client.pcap.zst')], [join(at, 'server.pcap.zst')]);
  const [only] = truth.worlds;
  if (only === undefined) throw new Error('no world in the truth');
  const faults: string[] = [];
  const same = (what: string, found: number | null, given: number | null, within = 0): void => {
    const isSame = found !== null && given !== null && Math.abs(found - given) <= within;
    process.stdout.write(`${isSame ? '   ' : 'not'} ${what}: pair ${found}, router ${given}\n`);
    if (!isSame) faults.push(`${what}: pair says ${found}, the router ${given}`);
  };
  for (const way of ['client_to_server', 'server_to_client'] as const) {
    const [said, is] = [document[way], only.both_ends[way]];
    const close = (value: number | null): number => Math.max(TOLERANCE_NS, (value ?? 0) * TOLERANCE_RATIO);
    same(`${way} lost`, said.lost, is.lost);
    same(`${way} sent`, said.sent, is.sent - is.in_flight_at_end, 1);
    same(`${way} duplicated`, said.duplicated, is.duplicated);
    same(`${way} queueing p50`, said.queueing_p50_ns, is.queueing_p50_ns, close(is.queueing_p50_ns));
    same(`${way} queueing p95`, said.queueing_p95_ns, is.queueing_p95_ns, close(is.queueing_p95_ns));
    same(`${way} hops`, said.ttl_delta, way === 'client_to_server' ? 3 : 4);
  }
  const { offset_low_ns: low, offset_high_ns: high } = document.clock;
  if (low === null || high === null || low > plan.clock.offsetNs || high < plan.clock.offsetNs)
    faults.push(`the clock's offset of ${plan.clock.offsetNs} is not between ${low} and ${high}`);
  const left = session.close();
  if (left !== null) faults.push(`left behind: ${left}`);
  return faults;
}

/** A world that waits to be interrupted. */
async function hold(): Promise<number> {
  const session = openSession();
  const world = new World({ ...plan, seconds: 600 }, [echo], {
    binary: session.binary,
    folder: join(session.folder, 'world'),
    prefix: `${session.prefix}w-`,
  });
  await world.record();
  return 1;
}

async function interrupt(): Promise<string[]> {
  const child = spawn(process.execPath, [new URL(import.meta.url).pathname, '--hold'], { stdio: 'inherit' });
  const prefix = prefixOf(child.pid ?? 0);
  const exited = new Promise((resolve) => child.on('exit', resolve));
  try {
    // Two namespaces of homes, a server, and the programs in them.
    await until('a world to interrupt', () => findLeftovers(prefix).processes.length >= 8, 60);
    await pause(500);
  } finally {
    child.kill('SIGINT');
  }
  await exited;
  const left = findLeftovers(prefix);
  return isClean(left) ? [] : [`after Ctrl-C there is ${JSON.stringify(left)}`];
}
