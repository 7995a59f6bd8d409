/**
 * One recorded world: a namespace for the server and one for each home, joined by the router and by nothing else; programs
 * in them, and tcpdump at the server and at the volunteers. No packet can leave: no namespace has a device but `wan` and `lo`.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Game, Host, RunningProgram } from './games/types.ts';
import { findLeftovers, NAMESPACE_ETC, removeLeftovers } from './leftovers.ts';
import type { Event, HomePlan, WorldPlan } from './plan.ts';
import { SERVER_ADDRESS } from './plan.ts';
import { ended, pause, startProgram, until, type OwnProgram } from './program.ts';
import { routerConfig } from './router.ts';
import {
  PRESENCE_PORT,
  download,
  startBanner,
  startDownloads,
  startLeakyClient,
  startPing,
  startPresence,
  startPresenceClient,
} from './services.ts';

const DEVICE = 'wan';
/** By number: a bare machine has no /etc/protocols. */
const TCP = '6';
const CAPTURE = 'tcpdump';
/**
 * One machine is all machines here: a server's ticks shall not wait for its players' pictures, and neither for what else
 * this machine does.
 */
const SERVER_NICENESS = -14;
const PLAYER_NICENESS = -8;
/** Enough for every header and what a decoder reads; the rest is cut again when the capture is trimmed. */
const SNAPLEN = 160;
/** What a full one drops has no fate in the log, so it is long, and a drop fails the recording. */
const DEVICE_QUEUE = 2000;
/** Games take a seed from 1 to this; no two players of a world have the same. */
const SEEDS = 32;
/** Longer than any packet is under way. */
const SILENCE_MS = 1000;
/** Players do not come all at once; all are there half a minute after the captures began. */
const ARRIVE_WITHIN_MS = 15_000;

export interface Recorded {
  readonly plan: WorldPlan;
  /** UTC ns. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly fates: string;
  readonly serverCapture: string;
  readonly homeCaptures: readonly string[];
  /** By home name. */
  readonly pings: ReadonlyMap<string, string>;
  /** UTC ns of each change of route. */
  readonly changedAtNs: readonly bigint[];
  /** UTC ns of each time a server was stopped and let go on. */
  readonly starvedNs: readonly (readonly [bigint, bigint])[];
  readonly isRealTime: boolean;
  /** Packets whose sending time the router did not see: their delay begins when it woke. */
  readonly untimed: number;
}

export class World {
  private readonly plan: WorldPlan;
  private readonly games: readonly Game[];
  private readonly binary: string;
  private readonly folder: string;
  private readonly prefix: string;
  private readonly server: Host;
  private readonly homes: readonly Host[];
  private readonly gameServers = new Map<string, RunningProgram>();
  private readonly captures: RunningProgram[] = [];
  private readonly pings = new Map<string, RunningProgram>();
  private readonly stops: (() => void)[] = [];
  private readonly starved: [bigint, bigint][] = [];
  private readonly failures: string[] = [];
  /** Whatever runs on a host but the captures. */
  private readonly talkers: RunningProgram[] = [];
  private router: OwnProgram | null = null;

  /** @param prefix of namespaces; names this world and the recorder's process. */
  constructor(
    plan: WorldPlan,
    games: readonly Game[],
    tools: { binary: string; folder: string; prefix: string },
  ) {
    this.plan = plan;
    this.games = games;
    this.binary = tools.binary;
    this.folder = tools.folder;
    this.prefix = tools.prefix;
    mkdirSync(this.folder, { recursive: true });
    this.server = this.host('server', SERVER_ADDRESS);
    this.homes = plan.homes.map(({ name, address }) => this.host(name, address));
  }

  private namespace(name: string): string {
    return `${this.prefix}${name}`;
  }

  private host(name: string, address: string): Host {
    const directory = join(this.folder, name);
    mkdirSync(directory, { recursive: true });
    return {
      name,
      address,
      directory,
      spawn: (argv, options) => {
        const program = startProgram(this.namespace(name), directory, argv, {
          ...options,
          niceness: options?.niceness ?? (name === 'server' ? SERVER_NICENESS : PLAYER_NICENESS),
        });
        if (argv[0] !== CAPTURE) this.talkers.push(program);
        return program;
      },
    };
  }

  /** @throws Error when anything of it does not come up. */
  async record(): Promise<Recorded> {
    await this.raise();
    await this.startServers();
    this.startCaptures();
    await until('every capture', () =>
      this.captures.every((capture) => capture.logText().includes('listening on')),
    );
    const fromNs = utcNs();
    const begin = performance.now();
    const end = begin + this.plan.seconds * 1000;
    this.startPlayers();
    const changes = this.runChanges(begin);
    this.runEvents(begin);
    const silence = end - (this.plan.endsInSilence ? SILENCE_MS : 0);
    while (performance.now() < silence) {
      await pause(Math.min(1000, Math.max(0, silence - performance.now())));
      this.checkServers();
    }
    if (this.plan.endsInSilence) {
      for (const program of this.talkers) program.stop('SIGSTOP');
      await pause(Math.max(0, end - performance.now()));
    }
    const toNs = fromNs + BigInt(this.plan.seconds) * 1_000_000_000n;
    // What was under way at the end shall still arrive, so that the captures hold the whole window.
    await pause(1000);
    for (const stop of this.stops) stop();
    await changes;
    await this.stopCaptures();
    this.checkDevices();
    const { router } = this;
    if (router === null) throw new Error('the router was not started');
    await this.closeRouter(router);
    if (this.failures.length > 0) throw new Error(this.failures.join('\n'));
    const said = router.logText();
    const captured = this.plan.homes.filter(({ isCaptured }) => isCaptured);
    return {
      plan: this.plan,
      fromNs,
      toNs,
      fates: this.path('fates.bin'),
      serverCapture: this.path('server.pcap'),
      homeCaptures: captured.map(({ name }) => this.path(`${name}.pcap`)),
      pings: new Map([...this.pings].map(([name, program]) => [name, program.logText()])),
      changedAtNs: [...said.matchAll(/^changed (\d+)$/gm)].map(([, ns]) => BigInt(ns ?? 0)),
      starvedNs: this.starved,
      untimed: Number(/^untimed (\d+)$/m.exec(said)?.[1] ?? 0),
      isRealTime: /^ready \d+ real-time yes$/m.test(said),
    };
  }

  /** Ends whatever runs in it and removes its namespaces; its files stay. */
  remove(): void {
    for (const stop of this.stops) stop();
    const left = findLeftovers(this.prefix);
    const isScratch = (folder: string): boolean => !folder.startsWith(NAMESPACE_ETC);
    removeLeftovers({ ...left, folders: left.folders.filter((folder) => !isScratch(folder)) });
    this.router?.stop('SIGKILL');
  }

  private path(name: string): string {
    return join(this.folder, name);
  }

  private async raise(): Promise<void> {
    const names = ['server', ...this.plan.homes.map(({ name }) => name)];
    for (const name of names) {
      const namespace = this.namespace(name);
      // Nobody to ask names of: a question would name this machine's resolver in the capture.
      const etc = join(NAMESPACE_ETC, namespace);
      mkdirSync(etc, { recursive: true });
      writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.1\n');
      ip('netns', 'add', namespace);
      // A device without IPv6 sends nothing of its own accord.
      inNamespace(namespace, [
        'sysctl',
        '-qw',
        'net.ipv6.conf.all.disable_ipv6=1',
        'net.ipv6.conf.default.disable_ipv6=1',
      ]);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    const config = this.path('router.conf');
    const text = routerConfig(this.plan, {
      server: this.namespace('server'),
      homes: this.plan.homes.map(({ name }) => this.namespace(name)),
      device: DEVICE,
      fates: this.path('fates.bin'),
    });
    writeFileSync(config, text);
    const router = startProgram(null, this.folder, [this.binary, 'run', config]);
    this.router = router;
    let code: number | null | undefined;
    void router.exited.then((exit) => (code = exit));
    await until('the router', () => {
      if (code !== undefined) throw new Error(`the router ended with ${code}: ${router.logText()}`);
      return router.logText().includes('ready');
    });
    const addresses = [SERVER_ADDRESS, ...this.plan.homes.map(({ address }) => address)];
    for (const [index, name] of names.entries()) {
      const namespace = this.namespace(name);
      ip('-n', namespace, 'address', 'add', `${addresses[index]}/24`, 'dev', DEVICE);
      ip('-n', namespace, 'link', 'set', DEVICE, 'txqueuelen', String(DEVICE_QUEUE), 'up');
      ip('-n', namespace, 'route', 'add', 'default', 'dev', DEVICE);
      if (index > 0) acknowledgePresenceAtOnce(namespace);
      rewriteWhatLeaves(namespace, this.plan);
    }
  }

  private async startServers(): Promise<void> {
    const played = new Set(this.plan.homes.flatMap(({ games }) => games));
    for (const id of played) {
      const game = this.game(id);
      const program = game.startServer(this.server);
      await game.ready(program);
      this.gameServers.set(id, program);
      void program.exited.then((code) => this.failures.push(`the server of ${id} ended with ${code}`));
    }
    this.stops.push(await startPresence(this.server));
    const kinds = new Set(this.plan.events.map(({ kind }) => kind));
    if (kinds.has('download')) startDownloads(this.server);
    if (kinds.has('half-close')) startBanner(this.server);
  }

  private game(id: string): Game {
    const game = this.games.find((one) => one.id === id);
    if (game === undefined) throw new Error(`no game ${id}`);
    return game;
  }

  private startCaptures(): void {
    const capture = (host: Host): void => {
      const file = this.path(`${host.name}.pcap`);
      const argv = [CAPTURE, '-i', DEVICE, '-n', '-s', String(SNAPLEN), '-B', '16384', '-Z', 'root'];
      this.captures.push(host.spawn([...argv, '--time-stamp-precision=nano', '-w', file], { niceness: -18 }));
    };
    capture(this.server);
    this.plan.homes.forEach((plan, index) => {
      const host = this.homes[index];
      if (plan.isCaptured && host !== undefined) capture(host);
    });
  }

  private async stopCaptures(): Promise<void> {
    for (const capture of this.captures) {
      await ended(capture, 'SIGINT');
      const dropped = /(\d+) packets dropped by kernel/.exec(capture.logText())?.[1];
      if (dropped !== '0')
        this.failures.push(`a capture dropped ${dropped ?? 'an unknown number of'} packets`);
    }
  }

  private startPlayers(): void {
    const gap = ARRIVE_WITHIN_MS / Math.max(1, this.plan.homes.length);
    this.plan.homes.forEach((plan, index) => {
      const host = this.homes[index];
      if (host === undefined) return;
      this.later(index * gap, () => this.arrive(plan, host, index));
    });
  }

  private arrive(plan: HomePlan, host: Host, index: number): void {
    startPresenceClient(host, this.server);
    plan.games.forEach((id, at) => {
      const seed = 1 + ((index * 2 + at + this.plan.seed) % SEEDS);
      const player = this.game(id).startPlayer(host, this.server, seed);
      void player.exited.then((code) =>
        this.failures.push(`a player of ${id} at ${plan.name} ended with ${code}: ${tail(player)}`),
      );
    });
    if (plan.isCaptured && this.plan.pingSeconds > 0)
      this.pings.set(plan.name, startPing(host, this.server, this.plan.pingSeconds));
  }

  /** A game that ended by itself is a recording of something else. */
  private checkServers(): void {
    if (this.failures.length > 0) throw new Error(this.failures.join('\n'));
  }

  private async runChanges(begin: number): Promise<void> {
    for (const { atSeconds } of this.plan.routeChanges) {
      await pause(Math.max(0, begin + atSeconds * 1000 - performance.now()));
      this.router?.write('\n');
    }
  }

  private runEvents(begin: number): void {
    for (const event of this.plan.events) this.runEvent(event, begin);
  }

  private runEvent(event: Event, begin: number): void {
    const delay = (seconds: number): number => Math.max(0, begin + seconds * 1000 - performance.now());
    const homeOf = (name: string): Host => {
      const found = this.homes.find((host) => host.name === name);
      if (found === undefined) throw new Error(`no home ${name}`);
      return found;
    };
    switch (event.kind) {
      case 'download':
        this.later(delay(event.atSeconds), () =>
          download(homeOf(event.home), this.server, event.bytes, event.seconds),
        );
        return;
      case 'half-close':
        this.later(delay(event.fromSeconds), () =>
          startLeakyClient(homeOf(event.home), this.server, event.everyMs, event.count),
        );
        return;
      case 'starve-server': {
        const program = this.gameServers.get(event.game);
        if (program === undefined) throw new Error(`no server of ${event.game}`);
        this.later(delay(event.fromSeconds), () => {
          const timer = setInterval(() => this.starve(program, event.forMs), event.everyMs);
          this.stops.push(() => (clearInterval(timer), program.stop('SIGCONT')));
        });
        return;
      }
    }
  }

  private starve(program: RunningProgram, forMs: number): void {
    const from = utcNs();
    program.stop('SIGSTOP');
    setTimeout(() => {
      program.stop('SIGCONT');
      this.starved.push([from, utcNs()]);
    }, forMs);
  }

  private later(ms: number, action: () => unknown): void {
    const timer = setTimeout(() => {
      try {
        action();
      } catch (error) {
        this.failures.push(String(error));
      }
    }, ms);
    this.stops.push(() => clearTimeout(timer));
  }

  /** A packet that a device's queue dropped has no fate in the router's log: the recording would not be exact. */
  private checkDevices(): void {
    for (const name of ['server', ...this.plan.homes.map((home) => home.name)]) {
      const text = ip('-n', this.namespace(name), '-s', '-j', 'link', 'show', 'dev', DEVICE);
      const [link] = JSON.parse(text) as { stats64?: { rx: { dropped: number }; tx: { dropped: number } } }[];
      const { rx, tx } = link?.stats64 ?? { rx: { dropped: 0 }, tx: { dropped: 0 } };
      if (rx.dropped + tx.dropped > 0)
        this.failures.push(`the device of ${name} dropped ${rx.dropped} in, ${tx.dropped} out`);
    }
  }

  private async closeRouter(router: OwnProgram): Promise<void> {
    // Players would retry into nothing and end; that is no failure any more.
    const failures = [...this.failures];
    router.endInput();
    await router.exited;
    this.failures.splice(0, this.failures.length, ...failures);
  }
}

/** By the kernel, so that the presence connection shows the path, however long its program waits for a processor. */
function acknowledgePresenceAtOnce(namespace: string): void {
  const table = String(PRESENCE_PORT);
  ip('-n', namespace, 'route', 'add', 'default', 'dev', DEVICE, 'table', table, 'quickack', '1');
  ip('-n', namespace, 'rule', 'add', 'ipproto', TCP, 'dport', String(PRESENCE_PORT), 'lookup', table);
}

/** What the hosts' own rules do to packets before they are captured. */
function rewriteWhatLeaves(namespace: string, { markUdp, hasAtomicIds }: WorldPlan): void {
  const rules = [
    ...(markUdp === null ? [] : [`meta l4proto udp ip dscp set ${markUdp}`]),
    // Behind DF, that is: 0x4000 of the same 16 bits.
    ...(hasAtomicIds ? ['ip frag-off & 0x4000 != 0 ip id set 0'] : []),
  ];
  if (rules.length === 0) return;
  const hook = 'type filter hook output priority mangle';
  inNamespace(namespace, ['nft', `table ip hosts {\nchain out {\n${[hook, ...rules].join('\n')}\n}\n}`]);
}

function tail(program: RunningProgram): string {
  return program.logText().split('\n').slice(-6).join('\n');
}

function utcNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8' });
}

function inNamespace(namespace: string, argv: readonly string[]): void {
  execFileSync('ip', ['netns', 'exec', namespace, ...argv], { stdio: ['ignore', 'ignore', 'inherit'] });
}
