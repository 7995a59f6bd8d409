/** Spawned by src/parallel/unpack-thread.ts, never imported: unpacks one compressed stream on a core of its own. */

import { parentPort, workerData } from 'node:worker_threads';
import { Core } from '../src/engine/core.ts';
import { serveUnpacking, type UnpackWorkerData } from '../src/parallel/unpack-thread.ts';

const { module, format } = workerData as UnpackWorkerData;
if (parentPort !== null) serveUnpacking(parentPort, new Core(module), format);
