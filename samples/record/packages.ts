/** Debian packages on a bare machine. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { SERVICES } from './services.ts';

/** Namespaces, captures, marks, packing; the compiler of the router is added where there is none. */
const OWN = ['iproute2', 'iputils-ping', 'procps', 'tcpdump', 'nftables', 'zstd', ...SERVICES];

export function installPackages(wanted: readonly string[]): void {
  const compiler = hasCommand('rustc') ? [] : ['rustc'];
  const missing = [...new Set([...OWN, ...compiler, ...wanted])].filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  process.stdout.write(`installing ${missing.join(' ')}\n`);
  const apt = (...words: string[]): void => {
    execFileSync('apt-get', ['-q', '-y', ...words], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    });
  };
  apt('update');
  apt('install', '--no-install-recommends', ...missing);
}

function isInstalled(name: string): boolean {
  try {
    const status = execFileSync('dpkg-query', ['-W', '-f=${Status}', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return status.includes('install ok installed');
  } catch {
    return false;
  }
}

function hasCommand(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${name}`));
}
