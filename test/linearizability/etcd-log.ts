import { systemClock } from '../../src/platform/clock.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openEtcdStore } from '../../src/store/etcd-store.ts';
import type { StoreEvent } from '../../src/store/store.ts';
import { eventually } from '../e2e/support/commands.ts';
import type { Change } from './operation.ts';

const prefix = '/registry/configmaps/default/';

/** What etcd itself says happened to keys after a revision and up to another. */
export async function logOfEtcd(options: {
  endpoints: readonly string[];
  after: number;
  until: number;
  isOfInterest(key: string): boolean;
}): Promise<Change[]> {
  const { endpoints, after, until, isOfInterest } = options;
  const store = await openEtcdStore({
    endpoints,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const changes: Change[] = [];
  let newest = 0;
  await store.watch(prefix, after, {
    onBatch: ({ revision, events }) => {
      newest = revision;
      changes.push(...events.map(changeOf).filter(({ key }) => isOfInterest(key)));
    },
    onEnd: () => {},
  });
  await eventually(() => newest >= until || undefined, { everyMs: 5 });
  await store.close();
  return changes;
}

function changeOf(event: StoreEvent): Change {
  const { key, value } = event.type === 'put' ? event.entry : event.previous;
  const { data } = JSON.parse(Buffer.from(value).toString()) as { data?: { token?: string } };
  const revision = event.type === 'put' ? event.entry.revision : event.revision;
  return {
    revision,
    key: key.slice(prefix.length),
    token: data?.token ?? '',
    deleted: event.type === 'delete',
  };
}
