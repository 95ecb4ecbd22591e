import type { KubernetesObject } from '../../api/resource.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { onAbort } from '../../platform/on-abort.ts';
import type { ResourceCache, WatchStart } from '../cache/resource-cache.ts';
import type { FrameSink, WatchAnswer } from '../request.ts';
import { freshEnough } from './freshness.ts';
import { watchRequest } from './list-options.ts';
import type { Call, RegistryEnvironment } from './registry.ts';
import { type Selection, selection } from './selection.ts';
import { checkDecrypted } from './storage.ts';

/**
 * How long before its end a watch says once more where it stands, as upstream does: a client that knows need not list again.
 * One that lasts no longer than this says nothing.
 */
const lastBookmarkMs = 2000;

/** GET of a collection with `watch`. */
export async function watch(call: Call): Promise<WatchAnswer> {
  const scope = selection(call);
  const options = watchRequest(call.request.query);
  const { registry, environment, request } = call;
  const cache = registry.cache as ResourceCache;
  if (scope.ownFields) await registry.prepare([...cache.range(scope.prefix)]);
  if (options.initialEvents) await cache.readAhead(scope);
  const after = options.initialEvents ? undefined : options.resourceVersion || undefined;
  const late = after === undefined ? await refusal(call, scope, options.resourceVersion) : undefined;
  if (late) return { type: 'watch', open: (sink) => refused(sink, late) };
  const open = (sink: FrameSink) => {
    const end = options.markEnd ? bookmark(call, true) : undefined;
    const { clock } = environment.platform;
    const spanMs = lastingMs(environment, options.timeoutSeconds);
    const endAfter = (delayMs: number) => clock.after(delayMs, () => cursor.end());
    const isLong = spanMs > lastBookmarkMs;
    let timer = isLong
      ? clock.after(spanMs - lastBookmarkMs, () => {
          timer = endAfter(lastBookmarkMs);
          cursor.bookmark();
        })
      : endAfter(spanMs);
    const leave = onAbort(request.signal, () => cursor.stop());
    const onDone = () => {
      timer.cancel();
      leave();
    };
    const start: WatchStart = {
      initial: options.initialEvents,
      after,
      closing: end && (() => end),
      bookmark: options.allowBookmarks ? () => bookmark(call, false) : undefined,
      view: (item) => registry.present(item),
      prepare: registry.prepares ? (items) => registry.prepare(items) : undefined,
      onDone,
    };
    const cursor = cache.watch(scope, start, sink);
    return { stop: () => cursor.stop() };
  };
  return { type: 'watch', open };
}

/** Why the state that the watch is to begin with cannot be had. */
async function refusal(
  call: Call,
  { prefix }: Pick<Selection, 'prefix'>,
  revision: number | undefined,
): Promise<StatusError | undefined> {
  try {
    await freshEnough(call, revision);
    checkDecrypted(call.registry.cache as ResourceCache, prefix);
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

/** A watch that says nothing but why it cannot be: clients look for that among its events. */
function refused(sink: FrameSink, error: StatusError): { stop(): void } {
  sink.onEnd(error);
  return { stop: () => undefined };
}

/** Watches of clients that do not say how long last up to twice as long as the least, so that not all end at once. */
function lastingMs({ minWatchMs, platform }: RegistryEnvironment, seconds: number | undefined): number {
  return seconds ? seconds * 1000 : minWatchMs * (1 + platform.random.next());
}

/** An object of the kind with nothing but a revision, up to which the watcher has seen everything. */
function bookmark({ registry, environment }: Call, initialEventsEnd: boolean): KubernetesObject {
  const { resource } = registry.view;
  const metadata = {
    resourceVersion: String(environment.feed.revision),
    ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
  };
  return { kind: resource.kind, apiVersion: formatApiVersion(resource), metadata };
}
