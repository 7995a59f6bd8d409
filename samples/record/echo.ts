/**
 * The traffic of the self-test: `echo.js server PORT` answers every datagram with its own bytes, `echo.js client ADDRESS PORT SEED`
 * sends fifty a second, each different.
 */

import { createSocket } from 'node:dgram';

const BYTES = 48;
const EVERY_MS = 20;

const [role, ...rest] = process.argv.slice(2);
const socket = createSocket('udp4');
if (role === 'server') {
  socket.on('message', (message, { address, port }) => socket.send(message, port, address));
  socket.bind(Number(rest[0]), () => process.stdout.write('listening\n'));
} else {
  const [address = '', port = '', seed = ''] = rest;
  let number = 0;
  setInterval(() => {
    const message = Buffer.alloc(BYTES, Number(seed) & 0xff);
    message.writeUInt32LE(++number, 0);
    message.writeUInt32LE(Number(seed), 4);
    socket.send(message, Number(port), address);
  }, EVERY_MS);
}
