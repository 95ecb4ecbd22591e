import type { KubernetesObject } from '../../api/resource.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import type { ResourceCache, WatchStart } from '../cache/resource-cache.ts';
import type { FrameSink, WatchAnswer } from '../request.ts';
import { watchRequest } from './list-options.ts';
import type { Call } from './registry.ts';
import { selection } from './selection.ts';

/** How long a watch lasts at least where the client does not say; up to twice as long, so that not all end at once. */
const defaultTimeoutMs = 1_800_000;

/** GET of a collection with `watch`. */
export async function watch(call: Call): Promise<WatchAnswer> {
  const scope = selection(call);
  const options = watchRequest(call.request.query);
  const { registry, environment, request } = call;
  const cache = registry.cache as ResourceCache;
  if (scope.ownFields) await registry.prepare([...cache.range(scope.prefix)]);
  const after = options.initialEvents ? undefined : options.resourceVersion || undefined;
  const open = (sink: FrameSink) => {
    const end = options.markEnd ? bookmark(call, true) : undefined;
    const spanMs = timeoutMs(options.timeoutSeconds, environment.platform.random.next());
    const timer = environment.platform.clock.after(spanMs, () => {
      // A client that knows where it stood need not list again.
      cursor.bookmark();
      cursor.end();
    });
    const stop = () => cursor.stop();
    const onDone = () => {
      timer.cancel();
      request.signal.removeEventListener('abort', stop);
    };
    const start: WatchStart = {
      initial: options.initialEvents,
      after,
      closing: end && (() => end),
      bookmark: options.allowBookmarks ? () => bookmark(call, false) : undefined,
      view: (item) => registry.present(item),
      prepare: (items) => registry.prepare(items),
      onDone,
    };
    request.signal.addEventListener('abort', stop, { once: true });
    const cursor = cache.watch(scope, start, sink);
    return { stop };
  };
  return { type: 'watch', open };
}

const timeoutMs = (seconds: number | undefined, chance: number) =>
  seconds ? seconds * 1000 : defaultTimeoutMs * (1 + chance);

/** An object of the kind with nothing but a revision, up to which the watcher has seen everything. */
function bookmark({ registry, environment }: Call, initialEventsEnd: boolean): KubernetesObject {
  const { resource } = registry.view;
  const metadata = {
    resourceVersion: String(environment.feed.revision),
    ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
  };
  return { kind: resource.kind, apiVersion: formatApiVersion(resource), metadata };
}
