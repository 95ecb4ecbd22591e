// A server of its own process whose requests hold something each, and a client in another thread: `node --expose-gc FILE CERTIFICATES REQUESTS HELD`.
// Says how many bytes grow old with each request, once all that was under way at a moment has been made old.
import { readFileSync } from 'node:fs';
import { getHeapSpaceStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { listenHttps } from './http-server.ts';

const [file, requests, heldBytes] = process.argv.slice(2);
const { cert, key, ca } = JSON.parse(readFileSync(file as string, 'utf8'));
const most = Number(requests);
const collect = (globalThis as unknown as { gc(): void }).gc;

/** Has eight requests under way until all are made. */
const client = `
  const { connect } = require('node:http2');
  const { workerData: { origin, ca, most } } = require('node:worker_threads');
  const session = connect(origin, { ca });
  let left = most;
  const next = () => {
    if (left-- > 0) session.request({ ':path': '/' }).resume().on('close', next);
    else session.close();
  };
  for (let i = 0; i < 8; i++) next();
`;

const oldBytes = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;

let asked = 0;
let grownOld = 0;
let before = 0;
const server = await listenHttps({
  host: '127.0.0.1',
  port: 0,
  tls: { cert, key },
  onRequest: (request, reply) => {
    const held = Array.from({ length: Number(heldBytes) / 8 }, (_, i) => i + 0.5);
    request.stream.on('error', () => held.pop());
    reply.send(200, {}, [Buffer.from('x')]);
    if (asked++ === most / 2) collect();
    else if (asked > most / 2) grownOld += Math.max(0, oldBytes() - before);
    before = oldBytes();
  },
});
const workerData = { origin: `https://127.0.0.1:${server.port}`, ca, most };
await new Promise((resolve) => new Worker(client, { eval: true, workerData }).once('exit', resolve));
await server.close(0);
process.stdout.write(`${JSON.stringify({ asked, grownOldEach: grownOld / (most / 2) })}\n`);
