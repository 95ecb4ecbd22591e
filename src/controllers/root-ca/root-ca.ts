import type { ConfigMap } from '../../api/core/v1.ts';
import { configmaps, namespaces } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { ignoring, StatusError } from '../../machinery/status-error.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { HistogramOptions, MetricOptions } from '../../platform/metrics/meter.ts';
import { type ControllerContext, createController, done } from '../controller.ts';

const configMapName = 'kube-root-ca.crt';
const descriptionKey = 'kubernetes.io/description';
const description =
  'The authority that signs the certificate of the API server, for clients inside the cluster.';

const labels = ['code'];
const syncTotal: MetricOptions = {
  name: 'root_ca_cert_publisher_sync_total',
  help: 'Looks at namespaces, by what the server answered.',
  stability: 'ALPHA',
  labels,
};
const syncDuration: HistogramOptions = {
  name: 'root_ca_cert_publisher_sync_duration_seconds',
  help: 'How long looks at namespaces took, by what the server answered.',
  stability: 'ALPHA',
  labels,
  bounds: exponentialBounds(0.001, 2, 15),
};

/** Publishes the authority by which pods know the API server, in every namespace. */
export function createRootCaPublisher(context: ControllerContext, options: { authority: string }): Component {
  const namespaceInformer = context.informers.of(namespaces);
  const select = { fieldSelector: `metadata.name=${configMapName}` };
  const published = context.informers.of(configmaps, select);
  const data = { 'ca.crt': options.authority };
  return createController({
    name: 'root-ca-cert-publisher',
    queueName: 'root_ca_cert_publisher',
    context,
    setup: ({ queue }) => {
      namespaceInformer.onChange({ added: (n) => queue.add(keyOf(n)), updated: (n) => queue.add(keyOf(n)) });
      const addNamespace = (map: ConfigMap) => queue.add(map.metadata.namespace ?? '');
      published.onChange({ updated: addNamespace, deleted: addNamespace });
      const publish = async (name: string) => {
        const namespace = namespaceInformer.get(name);
        if (!namespace || namespace.status?.phase === 'Terminating') return done;
        const map = published.get(`${name}/${configMapName}`);
        const annotations = { ...map?.metadata.annotations };
        const isDescribed = Boolean(annotations[descriptionKey]);
        if (isDescribed && deepEqual(map?.data, data)) return done;
        const cause = causedBy(namespace, 'pods of every namespace need the authority of the API server');
        const api = context.client.of(configmaps);
        annotations[descriptionKey] = description;
        if (map) {
          await api.update({ ...map, metadata: { ...map.metadata, annotations }, data }, { cause });
          return done;
        }
        const metadata = { name: configMapName, namespace: name, annotations };
        await api
          .create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, { cause })
          .catch(ignoring('AlreadyExists'));
        return done;
      };
      const { clock, meter } = context;
      const [syncs, durations] = [meter.counter(syncTotal), meter.histogram(syncDuration)];
      const observe = (code: number, startMs: number) => {
        syncs.with(String(code)).add();
        durations.with(String(code)).observe((clock.monotonic() - startMs) / 1000);
      };
      return async (name) => {
        const startMs = clock.monotonic();
        try {
          const outcome = await publish(name);
          observe(200, startMs);
          return outcome;
        } catch (error) {
          observe(error instanceof StatusError ? error.code : 500, startMs);
          throw error;
        }
      };
    },
  });
}
