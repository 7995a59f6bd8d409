// The baseline peer: pcap-parser 0.2.1 over one file, one event per record; prints the count so that it can be checked.
import { createReadStream } from 'node:fs';
import pcapParser from 'pcap-parser';

let records = 0;
let bytes = 0;
const parser = pcapParser.parse(createReadStream(process.argv[2], { highWaterMark: 1 << 20 }));
parser.on('packet', (packet) => {
  records += 1;
  bytes += packet.data.length;
});
parser.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
parser.on('end', () => console.log(`${records} records, ${bytes} bytes`));
