import { type ClientHttp2Session, connect } from 'node:http2';
import { expect, test } from 'vitest';
import type { ConfigMap } from '../api/core/v1.ts';
import { startApiServer } from './testing-api-server.ts';

const namespaces = ['default', 'kube-system'];
const formats = ['application/json', 'application/vnd.kubernetes.protobuf'];
const encodings = ['identity', 'gzip'];

/** What a slow reader gets: it takes nothing until `go`, and then what the window has let through. */
function read(session: ClientHttp2Session, what: { path: string; accept: string; encoding: string }) {
  const stream = session.request({
    ':path': what.path,
    accept: what.accept,
    'accept-encoding': what.encoding,
  });
  const chunks: Buffer[] = [];
  const body = new Promise<string>((resolve, reject) => {
    stream.on('end', () => resolve(Buffer.concat(chunks).toString('base64')));
    stream.on('error', reject);
  });
  const started = new Promise<void>((resolve) => stream.on('response', () => resolve()));
  return { stream, started, body, go: () => stream.on('data', (chunk: Buffer) => chunks.push(chunk)) };
}

test('who reads a large list slowly gets it as it was, whatever others are sent meanwhile', async () => {
  const server = await startApiServer();
  const { ca, cert, key } = await server.client('root', 'system:masters');
  const session = connect(server.origin, { ca, cert, key });
  for (const namespace of namespaces) {
    const text = namespace.repeat(600);
    for (let i = 0; i < 40; i++) {
      const body: ConfigMap = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `c-${i}` },
        data: { text },
      };
      const transport = server.api.transportFor({ name: 'root', groups: ['system:masters'] });
      await transport.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/configmaps`, body });
    }
  }
  const all = namespaces.flatMap((namespace) =>
    formats.flatMap((accept) =>
      encodings.map((encoding) => ({ path: `/api/v1/namespaces/${namespace}/configmaps`, accept, encoding })),
    ),
  );
  const alone: string[] = [];
  for (const what of all) {
    const reading = read(session, what);
    reading.go();
    alone.push(await reading.body);
  }
  const readings = [...all, ...all, ...all].map((what) => read(session, what));
  await Promise.all(readings.map(({ started }) => started));
  // Some go away in the middle, while others begin; the last come when the first have been read.
  readings.forEach(({ stream, body }, i) => {
    if (i % 5 !== 4) return;
    body.catch(() => {});
    stream.destroy();
  });
  const kept = readings
    .map((reading, i) => ({ ...reading, expected: alone[i % all.length] }))
    .filter((_, i) => i % 5 !== 4);
  for (const { go, body, expected } of kept.reverse()) {
    go();
    const later = read(session, all[0] as (typeof all)[number]);
    expect((await body) === expected).toBe(true);
    later.go();
    expect((await later.body) === alone[0]).toBe(true);
  }
  session.destroy();
  await server.stop();
});
