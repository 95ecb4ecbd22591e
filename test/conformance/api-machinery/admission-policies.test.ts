import { afterAll, beforeAll, expect } from 'vitest';
import { at, refusal } from '../support/api.ts';
import { type ConformanceCluster, eventually, fresh, startConformanceCluster } from '../support/cluster.ts';
import { testsOf } from '../support/lines.ts';
import { deployment } from '../support/objects.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];

beforeAll(async () => {
  cluster = await startConformanceCluster();
  ({ api } = cluster);
});
afterAll(() => cluster?.stop());

const registration = 'admissionregistration.k8s.io/v1';
const matchConstraints = {
  resourceRules: [
    {
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['deployments'],
    },
  ],
};

/** A policy on the Deployments of a namespace; resolves once it is in force. */
async function enforce(ns: string, spec: object): Promise<string> {
  const name = fresh('policy');
  await api.post(at(registration, 'validatingadmissionpolicies'), {
    metadata: { name },
    spec: { matchConstraints, ...spec },
  });
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } } };
  await api.post(at(registration, 'validatingadmissionpolicybindings'), {
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'], matchResources },
  });
  const bad = { body: deployment('probe', 100) };
  await eventually(
    async () =>
      (await api.call('POST', `${at('apps/v1', 'deployments', { ns })}?dryRun=All`, bad)).code === 422,
  );
  return name;
}

line('policy-effect', async () => {
  const ns = await cluster.namespace();
  const name = await enforce(ns, {
    validations: [
      {
        expression: 'object.spec.replicas > 1',
        messageExpression: "'wants more than 1, has ' + string(object.spec.replicas)",
      },
      { expression: 'object.spec.replicas < 100', message: 'too many' },
    ],
  });
  const all = at('apps/v1', 'deployments', { ns });
  await api.post(all, deployment('enough', 2));
  const status = await refusal(api.post(all, deployment('few', 1)));
  expect(status).toMatchObject({ code: 422, reason: 'Invalid' });
  expect(status.message).toBe(
    `deployments.apps "few" is forbidden: ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: wants more than 1, has 1`,
  );
  expect(await refusal(api.patch(`${all}/enough`, { spec: { replicas: 1 } }))).toMatchObject({ code: 422 });
  const other = await cluster.namespace();
  await api.post(at('apps/v1', 'deployments', { ns: other }), deployment('few', 1));
});

line('policy-variables', async () => {
  const ns = await cluster.namespace();
  await enforce(ns, {
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [
      { expression: 'variables.replicas > 1' },
      { expression: 'variables.oddReplicas', messageExpression: "'not odd: ' + string(variables.replicas)" },
    ],
  });
  const all = at('apps/v1', 'deployments', { ns });
  await api.post(all, deployment('three', 3));
  expect((await refusal(api.post(all, deployment('one', 1)))).message).toContain(
    'failed expression: variables.replicas > 1',
  );
  expect((await refusal(api.post(all, deployment('four', 4)))).message).toContain('not odd: 4');
});
