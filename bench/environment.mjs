// What a reader must know of the machine to judge a figure; nothing that names it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

function firstLine(program, ...args) {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return text.split('\n').find((line) => line.trim() !== '') ?? null;
  } catch {
    return null;
  }
}

export function describeEnvironment(date, hostKind) {
  const manifest = fileURLToPath(new URL('../wasm/prebuilt/engine.manifest.json', import.meta.url));
  return {
    date,
    hostKind,
    cpu: cpus()[0]?.model ?? null,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    loadBefore: loadavg().map((value) => Number(value.toFixed(2))),
    node: process.version,
    commit: firstLine('git', 'rev-parse', 'HEAD'),
    engine: existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : null,
    tools: {
      tshark: firstLine('tshark', '--version'),
      tcpdump: firstLine('tcpdump', '--version'),
      tcptrace: firstLine('dpkg-query', '-W', '-f', '${Version}', 'tcptrace'),
      argus: firstLine('dpkg-query', '-W', '-f', '${Version}', 'argus-server'),
      'pcap-parser': '0.2.1',
    },
  };
}
