import type { Transport, WatchEvent } from '../../src/client/transport.ts';
import type { Change } from './operation.ts';
import { collection, labelsOf, selectorOf, versionOf } from './record.ts';

/** Follows what happens to the objects of a record from now on. */
export async function followLog(
  transport: Transport,
  record: string,
): Promise<{ log: Change[]; stop(): void }> {
  const query = { labelSelector: selectorOf(record) };
  const list = (await transport.request({ method: 'GET', path: collection, query })) as {
    metadata: { resourceVersion: string };
  };
  const log: Change[] = [];
  const sink = {
    onEvent: ({ type, object }: WatchEvent) =>
      void log.push({ ...versionOf(object as Parameters<typeof versionOf>[0]), deleted: type === 'DELETED' }),
    onEnd: () => {},
  };
  const { resourceVersion } = list.metadata;
  const stream = await transport.watch(
    { method: 'GET', path: collection, query: { ...query, resourceVersion } },
    sink,
  );
  return { log, stop: () => stream.stop() };
}

/** Writes an object of its own; resolves with its revision. What a log has up to there is complete. */
export async function writeMarker(transport: Transport, record: string): Promise<number> {
  const key = `${record}-end`;
  const body = { metadata: { name: key, labels: labelsOf(record) }, data: { token: key } };
  const answer = await transport.request({ method: 'POST', path: collection, body });
  return versionOf(answer as Parameters<typeof versionOf>[0]).revision;
}
