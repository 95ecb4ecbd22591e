import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { createTestCluster } from '../registry/testing.ts';
import { leastOf, storedKinds } from './testing-least.ts';

// Who applies through one side of an object owns nothing of the other, as upstream tries it for all kinds that have a
// status (test/integration/apiserver/apply/reset_fields_test.go): two managers apply objects that differ in both.

const containers = [{ name: 'c', image: 'other' }];
const podTemplate = { spec: { template: { spec: { containers } } } };
const labels = { t: 'other' };

/** What another object of the kind says beside its status; nothing where no two can differ in what an applier owns. */
const others: Record<string, object> = {
  apiservices: { metadata: { labels }, spec: { groupPriorityMinimum: 2 } },
  cronjobs: { spec: { schedule: '1 * * * *' } },
  customresourcedefinitions: { spec: { names: { plural: 'things', kind: 'Other' } } },
  daemonsets: podTemplate,
  deployments: { metadata: { labels }, ...podTemplate },
  flowschemas: { metadata: { labels }, spec: { priorityLevelConfiguration: { name: 'other' } } },
  horizontalpodautoscalers: { spec: { maxReplicas: 23 } },
  ingresses: { spec: { defaultBackend: { service: { name: 'other' } } } },
  jobs: podTemplate,
  nodes: { spec: { unschedulable: false } },
  persistentvolumeclaims: { spec: { resources: { limits: { storage: '21M' } } } },
  persistentvolumes: { spec: { capacity: { storage: '23M' } } },
  poddisruptionbudgets: { spec: { selector: { matchLabels: { a: 'other' } } } },
  pods: { metadata: { ownerReferences: [] }, spec: { containers } },
  prioritylevelconfigurations: { metadata: { labels }, spec: { limited: { nominalConcurrencyShares: 23 } } },
  replicasets: podTemplate,
  replicationcontrollers: { spec: { selector: { new: 'other' } } },
  resourcequotas: { spec: { hard: { cpu: '25M' } } },
  services: { spec: { type: 'NodePort' } },
  statefulsets: { spec: { selector: { matchLabels: { a: 'other' } } } },
  validatingadmissionpolicies: { metadata: { labels }, spec: { failurePolicy: 'Ignore' } },
  volumeattachments: { metadata: { labels }, spec: { nodeName: 'other' } },
};

/** What of that is only owned where the first object says it too. */
const firsts: Record<string, object> = {
  nodes: { spec: { unschedulable: true } },
  persistentvolumeclaims: { spec: { resources: { limits: { storage: '20M' } } } },
  poddisruptionbudgets: { spec: { selector: { matchLabels: { a: 'b' } } } },
  prioritylevelconfigurations: { spec: { limited: { nominalConcurrencyShares: 5 } } },
  replicationcontrollers: { spec: { selector: { a: 'b' } } },
  resourcequotas: { spec: { hard: { cpu: '5M' } } },
  services: { spec: { type: 'ClusterIP' } },
  validatingadmissionpolicies: { spec: { failurePolicy: 'Fail' } },
};

const balanced = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } });
const statuses: Record<string, readonly [object, object]> = {
  cronjobs: [{ lastScheduleTime: '2021-01-01T00:00:00Z' }, { lastScheduleTime: '2020-01-01T00:00:00Z' }],
  horizontalpodautoscalers: [{ currentReplicas: 5 }, { currentReplicas: 25 }],
  ingresses: [balanced('198.18.0.1'), balanced('198.18.0.2')],
  persistentvolumes: [{ message: 'hello' }, { message: 'hello2' }],
  poddisruptionbudgets: [{ currentHealthy: 5 }, { currentHealthy: 25 }],
  resourceclaims: [{ allocation: {} }, { allocation: {} }],
  resourcequotas: [{ used: { cpu: '5M' } }, { used: { cpu: '25M' } }],
  volumeattachments: [{ attached: true }, { attached: false }],
};
const lastTransitionTime = '2020-01-01T00:00:00Z';
const condition = (status: string) => ({
  conditions: [{ type: 'MyStatus', status, lastTransitionTime, reason: 'Told', message: 'told' }],
});
const usual = [condition('True'), condition('False')] as const;

/** Kinds whose own side, or whose status, says nothing that two can differ in. */
const neverDiffer = new Set(['certificatesigningrequests', 'namespaces', 'resourceclaims', 'servicecidrs']);

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merged(a: Json, b: Json): Json {
  const both = Object.entries(b).map(([key, value]): [string, unknown] => {
    const before = a[key];
    return [key, isObject(before) && isObject(value) ? merged(before, value) : value];
  });
  return { ...a, ...Object.fromEntries(both) };
}

const withStatus = storedKinds.filter((kind) => kind.status);

test.each(withStatus.map((kind) => [`${kind.resource.plural}.${kind.resource.group}`, kind] as const))(
  '%s: who applies one side owns nothing of the other',
  async (_, { resource }) => {
    const { plural, kind } = resource;
    const api = await createTestCluster();
    const [status1, status2] = statuses[plural] ?? usual;
    const typed = { apiVersion: formatApiVersion(resource), kind };
    const first = merged({ ...typed, ...leastOf(resource) }, (firsts[plural] ?? {}) as Json);
    const second = merged(first, (others[plural] ?? {}) as Json);
    const { name } = leastOf(resource).metadata;
    const apply = (fieldManager: string, object: Json, subresource = '') =>
      api.object('patch', resource, {
        name: name as string,
        subresource,
        mediaType: 'application/apply-patch+yaml',
        query: { fieldManager },
        body: object,
      });
    const isConflict = (work: Promise<KubernetesObject>) =>
      work.then(
        (object) => JSON.stringify(object.metadata.managedFields),
        ({ status }: StatusError) =>
          status.details?.causes?.[0]?.reason === 'FieldManagerConflict' ? 'conflict' : status.message,
      );
    const [one, two] = [
      { ...first, status: status1 },
      { ...second, status: status2 },
    ];
    await apply('first', one);
    await apply('second', two, 'status');
    if (neverDiffer.has(plural)) return;
    expect(others).toHaveProperty(plural);
    expect(await isConflict(apply('second', two))).toBe('conflict');
    expect(await isConflict(apply('first', one, 'status'))).toBe('conflict');
  },
);
