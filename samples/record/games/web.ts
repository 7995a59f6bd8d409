/**
 * HTTPS, for segments of full size: a download that the server paces to 6 kB every half second, so that neither the
 * path nor the reader's window limits it. Python's TLS serves, curl reads.
 */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game } from './types.ts';

const PORT = 443;

const SERVER = `
import asyncio, ssl, sys

async def serve(reader, writer):
    try:
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/octet-stream\\r\\n\\r\\n")
        while True:
            writer.write(bytes(6000))
            await writer.drain()
            await asyncio.sleep(0.5)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = await asyncio.start_server(serve, "0.0.0.0", ${PORT}, ssl=context)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()

asyncio.run(main())
`;

/** A self-signed certificate in `path`; its key is of use to nobody. */
export function certificateIn(path: string): { certificate: string; key: string } {
  const [certificate, key] = [join(path, 'certificate.pem'), join(path, 'key.pem')];
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '30',
  ];
  const start = [...kind, '-subj', '/CN=recorded', '-out', certificate, '-keyout', key];
  execFileSync('openssl', start, { stdio: 'ignore' });
  return { certificate, key };
}

export const web: Game = {
  id: 'web',
  packages: ['python3', 'openssl', 'curl'],
  licence: 'PSF-2.0; curl',
  transport: 'tcp',
  version: () => `Python ${debianVersion('python3')}, curl ${debianVersion('curl')}`,
  startServer(host) {
    const home = folder(host, 'web');
    const { certificate, key } = certificateIn(home);
    const start = ['/usr/bin/python3', '-c', SERVER, certificate, key];
    return host.spawn(start, { env: homeIn(home), cwd: home });
  },
  ready: (server) => untilPrinted(server, /listening/),
  startPlayer(host, server, seed) {
    const home = folder(host, `web-${seed}`);
    const start = ['--insecure', '--no-progress-meter', '--no-buffer', '--output', '/dev/null'];
    const url = `https://${server.address}:${PORT}/update?player=${seed}`;
    return host.spawn(['/usr/bin/curl', ...start, url], { env: homeIn(home), cwd: home });
  },
};
