import type { Transport, WatchEvent } from '../../src/client/transport.ts';
import type { Change } from './operation.ts';
import { label, versionOf } from './record.ts';

const collection = '/api/v1/namespaces/default/configmaps';
const labelSelector = `test=${label}`;

/** Follows what happens from now on. */
export async function followLog(
  transport: Transport,
): Promise<{ log: Change[]; ended(): boolean; stop(): void }> {
  const query = { labelSelector };
  const list = (await transport.request({ method: 'GET', path: collection, query })) as {
    metadata: { resourceVersion: string };
  };
  const log: Change[] = [];
  let over = false;
  const sink = {
    onEvent: ({ type, object }: WatchEvent) =>
      void log.push({ ...versionOf(object as Parameters<typeof versionOf>[0]), deleted: type === 'DELETED' }),
    onEnd: () => {
      over = true;
    },
  };
  const { resourceVersion } = list.metadata;
  const stream = await transport.watch(
    { method: 'GET', path: collection, query: { ...query, resourceVersion } },
    sink,
  );
  return { log, ended: () => over, stop: () => stream.stop() };
}

/** Writes an object of its own; resolves with its revision. What a log has up to there is complete. */
export async function writeMarker(transport: Transport, key: string): Promise<number> {
  const body = { metadata: { name: key, labels: { test: label } }, data: { token: key } };
  const answer = await transport.request({ method: 'POST', path: collection, body });
  return versionOf(answer as Parameters<typeof versionOf>[0]).revision;
}
