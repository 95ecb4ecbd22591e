import type { Namespace } from '../../api/core/v1.ts';
import { namespaces, pods } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { resourcePath } from '../../client/client.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { turnTogether } from '../../platform/turn.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import { type Discover, type ServedResource, servingVerbs } from '../discovery.ts';
import { byNamespace, indexByNamespace } from '../shared/pods.ts';
import { saysSame } from '../shared/status.ts';
import { type Emptying, outlookFor, type Remains, statusAfter, undiscoveredText } from './plan.ts';

const ourFinalizer = 'kubernetes';
/** As upstream's: what holds a namespace up may have gone in the meantime. */
const maxDelayMs = 60_000;
/** How many objects are read at a time. */
const pageSize = 100;

/** Empties namespaces that are being deleted, and then lets them go. */
export function createNamespaceController(
  context: ControllerContext,
  options: { discover: Discover },
): Component {
  const informer = context.informers.of(namespaces);
  return createController({
    name: 'namespace-controller',
    queueName: 'namespace',
    context,
    workers: 10,
    maxDelayMs,
    setup: ({ queue }) => {
      const addDeleting = (namespace: Stored<Namespace>) => {
        if (namespace.metadata.deletionTimestamp) queue.add(keyOf(namespace));
      };
      informer.onChange({ added: addDeleting, updated: addDeleting });
      // Pods take the longest to go: look again as soon as the last one has gone, not only when the estimate is up.
      const podInformer = context.informers.of(pods);
      indexByNamespace(podInformer);
      podInformer.onChange({
        deleted: ({ metadata: { namespace: name = '' } }) => {
          const namespace = informer.get(name);
          if (namespace && podInformer.countByIndex(byNamespace, name) === 0) addDeleting(namespace);
        },
      });
      const deleter = new NamespaceDeleter(context, options.discover);
      return async (name) => {
        const namespace = informer.get(name);
        if (!namespace?.metadata.deletionTimestamp) return done;
        if (!namespace.spec.finalizers?.includes(ourFinalizer)) return done;
        return deleter.reconcile(namespace);
      };
    },
  });
}

class NamespaceDeleter {
  readonly #context: ControllerContext;
  readonly #discover: Discover;

  constructor(context: ControllerContext, discover: Discover) {
    this.#context = context;
    this.#discover = discover;
  }

  async reconcile(namespace: Stored<Namespace>): Promise<Outcome> {
    const emptying = await this.#empty(namespace);
    const reported = await this.#report(namespace, emptying);
    const errors = [emptying.discoveryError, ...emptying.errors].flatMap((error) => error ?? []);
    if (errors.length > 0) throw new Error(errors.join(', '));
    const { seconds } = emptying;
    if (seconds > 0) return { type: 'again', afterMs: (Math.floor(seconds / 2) + 1) * 1000 };
    await this.#finalize(reported);
    return done;
  }

  async #empty(namespace: Stored<Namespace>): Promise<Emptying> {
    let rows: readonly ServedResource[];
    const failed: string[] = [];
    const undiscovered = (groupVersion: string) => failed.push(groupVersion);
    try {
      const served = await this.#discover({ undiscovered });
      rows = servingVerbs(served, ['delete', 'list']).filter((row) => row.namespaced);
    } catch (error) {
      return { discoveryError: textOf(error), errors: [], remains: [], seconds: 0 };
    }
    const emptying = await this.#clearAll(namespace, rows);
    return failed.length > 0 ? { ...emptying, discoveryError: undiscoveredText(failed) } : emptying;
  }

  async #clearAll(namespace: Stored<Namespace>, rows: readonly ServedResource[]): Promise<Emptying> {
    // What pods need outlives them: they go first, and nothing else until they are gone.
    const first = await this.#clear(namespace, rows.filter(isPods));
    if (first.errors.length > 0 || first.remains.length > 0) return first;
    return this.#clear(
      namespace,
      rows.filter((row) => !isPods(row)),
    );
  }

  async #clear(namespace: Stored<Namespace>, rows: readonly ServedResource[]): Promise<Emptying> {
    const results = await Promise.allSettled(rows.map((row) => this.#clearOne(namespace, row)));
    const errors = results.flatMap((r) => (r.status === 'rejected' ? textOf(r.reason) : []));
    const all = results.flatMap((r) => (r.status === 'fulfilled' ? r.value : []));
    const remains = all.filter(({ items }) => items.length > 0);
    const { name, deletionTimestamp = '' } = namespace.metadata;
    const sinceSeconds = (this.#context.clock.now() - Date.parse(deletionTimestamp)) / 1000;
    const outlook = outlookFor(name, remains, sinceSeconds);
    return { remains, seconds: outlook.seconds, errors: [...errors, ...outlook.errors] };
  }

  async #clearOne(namespace: Stored<Namespace>, resource: ServedResource): Promise<Remains[]> {
    const api = this.#context.client.of(resource);
    const where = { namespace: namespace.metadata.name };
    const cause = causedBy(namespace, 'its namespace is being deleted');
    const options = { cause, propagationPolicy: 'Background' } as const;
    const { items } = await api.list({ ...where, limit: 1, metadataOnly: true });
    if (items.length === 0) return [];
    if (resource.verbs.includes('deletecollection')) await api.deleteCollection(where, options);
    else {
      const all = await this.#left(namespace, resource);
      await Promise.all(all.map((item) => api.delete(item.metadata, options).catch(ignoring('NotFound'))));
    }
    return [{ resource, items: await this.#left(namespace, resource) }];
  }

  /** What there is of a resource, read a page a turn of the event loop: there may be a hundred thousand objects, or a gigabyte of them. */
  async #left(
    { metadata: { name: namespace } }: Stored<Namespace>,
    resource: ServedResource,
  ): Promise<KubernetesObject[]> {
    const api = this.#context.client.of(resource);
    // How long what is left will take follows from the whole of a pod, and from the metadata of everything else.
    const form = { withoutManagedFields: true, metadataOnly: !isPods(resource) };
    const left: KubernetesObject[] = [];
    for (let next: string | undefined = ''; next !== undefined; ) {
      const page = await api.list({ namespace, limit: pageSize, ...(next && { continue: next }), ...form });
      left.push(...page.items);
      next = page.metadata.continue || undefined;
      await turnTogether();
    }
    return left;
  }

  async #report(namespace: Stored<Namespace>, emptying: Emptying): Promise<Stored<Namespace>> {
    const status = statusAfter(namespace.status, emptying, this.#context.clock.now());
    if (saysSame(namespaces, namespace.status, status)) return namespace;
    const left = emptying.remains.reduce((sum, { items }) => sum + items.length, 0);
    const cause = causedBy(namespace, `${left} objects are left in it`);
    return this.#context.client.of(namespaces).updateStatus({ ...namespace, status }, { cause });
  }

  async #finalize(namespace: Stored<Namespace>): Promise<void> {
    const finalizers = (namespace.spec.finalizers ?? []).filter((name) => name !== ourFinalizer);
    const path = resourcePath(namespaces, { name: namespace.metadata.name, subresource: 'finalize' });
    const body = { ...namespace, spec: { ...namespace.spec, finalizers } };
    const cause = causedBy(namespace, 'nothing is left in it');
    await this.#context.client.transport
      .request({ method: 'PUT', path, body, cause })
      .then(() => {}, ignoring('NotFound'));
  }
}

const isPods = ({ plural, group }: ServedResource) => plural === 'pods' && group === '';

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
