import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import type { CommandClient } from './support/kubectl.ts';
import { configMap, deployment, pod } from './support/manifests.ts';

let cluster: E2eCluster;

beforeAll(async () => {
  cluster = await startE2eCluster();
});
afterAll(() => cluster?.stop());

/** Applies what must be refused; gives what kubectl says. */
const refused = (kubectl: CommandClient, manifests: string | object, ...flags: string[]) =>
  kubectl.fails(['apply', '-f', '-', ...flags], {
    input: typeof manifests === 'string' ? manifests : JSON.stringify(manifests),
  });

/** All that the namespace holds but for what every namespace has. */
const stored = async (kubectl: CommandClient) =>
  (await kubectl.ok('get configmaps,deployments,pods,services,secrets,serviceaccounts,jobs -o name'))
    .split('\n')
    .filter((name) => !['configmap/kube-root-ca.crt', 'serviceaccount/default'].includes(name));

describe.concurrent('manifests that are no good', () => {
  test('no YAML', async () => {
    const { kubectl } = await cluster.namespace();
    expect(await refused(kubectl, 'apiVersion: v1\nkind: [')).toContain('error: error parsing STDIN');
    expect(await refused(kubectl, 'kind: ConfigMap\nmetadata:\n  name: x\n')).toContain('apiVersion not set');
    expect(await refused(kubectl, 'apiVersion: v1\nmetadata:\n  name: x\n')).toContain('kind not set');
    expect(await stored(kubectl)).toEqual([]);
  });

  test('kinds and versions that are not there', async () => {
    const { kubectl } = await cluster.namespace();
    expect(await refused(kubectl, { ...configMap('x'), kind: 'Nothing' })).toBe(
      'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Nothing" in version "v1"\nensure CRDs are installed first',
    );
    expect(await refused(kubectl, { ...deployment('x'), apiVersion: 'extensions/v1beta1' })).toContain(
      'no matches for kind "Deployment" in version "extensions/v1beta1"',
    );
  });

  test('fields that are not there', async () => {
    const { kubectl } = await cluster.namespace();
    const odd = pod('odd', {
      spec: { nothing: 1, containers: [{ name: 'main', image: 'x', imagePolicy: 'Always' }] },
    });
    expect(await refused(kubectl, odd)).toBe(
      'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagePolicy", unknown field "spec.nothing"',
    );
    expect(await stored(kubectl)).toEqual([]);
    const warned = await kubectl.run('apply -f - --validate=warn', { input: JSON.stringify(odd) });
    expect(warned).toMatchObject({
      code: 0,
      stdout: 'pod/odd created\n',
      stderr:
        'Warning: unknown field "spec.containers[0].imagePolicy"\nWarning: unknown field "spec.nothing"\n',
    });
    expect(await kubectl.apply({ ...odd, metadata: { name: 'odder' } }, '--validate=ignore')).toBe(
      'pod/odder created',
    );
  });

  test('values of another type', async () => {
    const { kubectl } = await cluster.namespace();
    const text = { ...deployment('x'), spec: { ...deployment('x').spec, replicas: 'two' } };
    expect(await refused(kubectl, text)).toBe(
      'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
    expect(
      await refused(kubectl, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: 1\n'),
    ).toBe(
      'Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
    expect(await stored(kubectl)).toEqual([]);
  });

  test('values that make no sense, all of them at once', async () => {
    const { kubectl } = await cluster.namespace();
    const bad = pod('bad', {
      spec: {
        restartPolicy: 'Sometimes',
        containers: [
          { name: 'Main', image: '', ports: [{ containerPort: 70000 }] },
          { name: 'two', image: 'x', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
        ],
      },
    });
    const said = await refused(kubectl, bad);
    expect(said).toContain('The Pod "bad" is invalid: \n');
    expect(said).toContain(
      '* spec.containers[0].name: Invalid value: "Main": a lowercase RFC 1123 label must consist of',
    );
    expect(said).toContain('* spec.containers[0].image: Required value');
    expect(said).toContain(
      '* spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    );
    expect(said).toContain(
      '* spec.containers[1].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    );
    expect(said).toContain(
      '* spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    );
    expect(await stored(kubectl)).toEqual([]);
  });

  test('a selector that does not fit its template', async () => {
    const { kubectl } = await cluster.namespace();
    const manifest = deployment('web');
    manifest.spec.selector.matchLabels.app = 'other';
    expect(await refused(kubectl, manifest)).toBe(
      'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    );
  });

  test.each([
    [
      'Capital',
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
    ['x'.repeat(254), 'must be no more than 253 characters'],
  ])('a name such as %s', async (name, why) => {
    const { kubectl } = await cluster.namespace();
    expect(await refused(kubectl, configMap(name))).toBe(
      `The ConfigMap "${name}" is invalid: metadata.name: Invalid value: "${name}": ${why}`,
    );
  });

  test('names that are no path', async () => {
    const { kubectl } = await cluster.namespace();
    const said = await refused(kubectl, configMap('a/b'));
    expect(said).toContain('invalid resource name "a/b": [may not contain \'/\']');
  });

  test('an object that is too large', async () => {
    const { kubectl } = await cluster.namespace();
    const large = configMap('large', { text: 'x'.repeat(1_100_000) });
    const said = await kubectl.fails('create -f -', { input: JSON.stringify(large) });
    expect(said).toBe('The ConfigMap "large" is invalid: []: Too long: may not be more than 1048576 bytes');
    const huge = configMap('huge', { text: 'x'.repeat(4_000_000) });
    const tooLarge = await kubectl.fails('create -f -', { input: JSON.stringify(huge) });
    expect(tooLarge).toContain('Request entity too large: limit is 3145728');
    expect(await stored(kubectl)).toEqual([]);
  });

  test('annotations that are too long', async () => {
    const { kubectl } = await cluster.namespace();
    const said = await refused(kubectl, configMap('large', { text: 'x'.repeat(300_000) }));
    expect(said).toBe(
      'The ConfigMap "large" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
    );
    expect(await kubectl.apply(configMap('large', { text: 'x'.repeat(300_000) }), '--server-side')).toContain(
      'serverside-applied',
    );
  });
});

describe.concurrent('of what is no good, the rest is done', () => {
  test('a folder with one such file, wherever it lies', async () => {
    const { kubectl } = await cluster.namespace();
    const folder = dirname(kubectl.file(pod('one'), 'one.yaml'));
    mkdirSync(join(folder, 'inner'));
    writeFileSync(join(folder, 'inner', 'two.yaml'), JSON.stringify(pod('two')));
    writeFileSync(join(folder, 'inner', 'wrong.yaml'), JSON.stringify({ ...pod('three'), kind: undefined }));
    const all = (command: string) => kubectl.run([...command.split(' '), '-f', folder, '--recursive']);
    const created = await all('create');
    expect(created).toMatchObject({ code: 1, stdout: 'pod/two created\npod/one created\n' });
    expect(created.stderr).toContain('error validating data: kind not set');
    for (const [command, what] of [
      ['label x=y', 'labeled'],
      ['annotate x=y', 'annotated'],
    ] as const) {
      const [verb, ...rest] = command.split(' ');
      const done = await kubectl.run([verb as string, '-f', folder, '--recursive', ...rest]);
      expect(done).toMatchObject({ code: 1, stdout: `pod/two ${what}\npod/one ${what}\n` });
      expect(done.stderr).toContain("Object 'Kind' is missing");
    }
    const described = await all('describe');
    expect(described.stdout.match(/^Name: +(one|two)$/gm)).toHaveLength(2);
    const deleted = await all('delete --grace-period=0 --force');
    expect(deleted.stdout).toContain('pod "one" force deleted');
    expect(await stored(kubectl)).toEqual([]);
  });

  test('what a forced apply has deleted for nothing is put back', async () => {
    const { kubectl } = await cluster.namespace();
    const labelled = (selected: string, name: string, version?: string) => {
      const { spec, ...rest } = deployment('web', { replicas: 0 });
      return {
        ...rest,
        metadata: { name: 'web', ...(version && { resourceVersion: version }) },
        spec: {
          ...spec,
          selector: { matchLabels: { name: selected } },
          template: { ...spec.template, metadata: { labels: { name } } },
        },
      };
    };
    const label = () => kubectl.ok('get deployment web -o jsonpath={.spec.template.metadata.labels.name}');
    await kubectl.apply(labelled('a', 'a'));
    expect(await refused(kubectl, labelled('b', 'b', '99'))).toContain('Error from server (Conflict)');
    expect(await kubectl.apply(labelled('b', 'b', '99'), '--force')).toBe('deployment.apps/web configured');
    expect(await label()).toBe('b');
    expect(await refused(kubectl, labelled('b', 'c', '99'), '--force')).toContain(
      'spec.template.metadata.labels: Invalid value',
    );
    expect(await label()).toBe('b');
  });
});

describe.concurrent('changes that are no good', () => {
  test('fields that never change', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web'));
    const other = deployment('web');
    other.spec.selector.matchLabels.app = 'other';
    other.spec.template.metadata.labels.app = 'other';
    expect(await refused(kubectl, other)).toBe(
      'The Deployment "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
    );
    await kubectl.apply(pod('one'));
    const node = await kubectl.fails(['patch', 'pod', 'one', '-p', '{"spec":{"hostNetwork":true}}']);
    expect(node).toContain(
      'The Pod "one" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)',
    );
    await kubectl.ok('create service clusterip s --tcp=80');
    const address = await kubectl.fails([
      'patch',
      'service',
      's',
      '-p',
      '{"spec":{"clusterIP":"10.96.7.7","clusterIPs":["10.96.7.7"]}}',
    ]);
    expect(address).toBe(
      'The Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.7.7"]: may not change once set',
    );
    await kubectl.apply({ ...configMap('fixed', { a: '1' }), immutable: true });
    expect(await kubectl.fails(['patch', 'configmap', 'fixed', '-p', '{"data":{"a":"2"}}'])).toBe(
      'The ConfigMap "fixed" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    );
    const job = await kubectl
      .ok('create job j --image=x')
      .then(() =>
        kubectl.fails([
          'patch',
          'job',
          'j',
          '-p',
          '{"spec":{"template":{"spec":{"restartPolicy":"OnFailure"}}}}',
        ]),
      );
    expect(job).toContain('The Job "j" is invalid: spec.template: Invalid value: ');
    expect(job).toContain(': field is immutable');
    expect((await kubectl.json('get configmap fixed')).data).toEqual({ a: '1' });
  });

  test('a change of an older version', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.ok('create configmap c --from-literal=a=1');
    const old = await kubectl.json('get configmap c');
    await kubectl.ok(['patch', 'configmap', 'c', '-p', '{"data":{"a":"2"}}']);
    const said = await kubectl.fails('replace -f -', { input: JSON.stringify({ ...old, data: { a: '3' } }) });
    expect(said).toBe(
      'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await kubectl.json('get configmap c')).data).toEqual({ a: '2' });
  });

  test('what is there already, and what is not', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.ok('create configmap c');
    expect(await kubectl.fails('create configmap c')).toBe(
      'error: failed to create configmap: configmaps "c" already exists',
    );
    expect(await kubectl.fails('create -f -', { input: JSON.stringify(configMap('c')) })).toBe(
      'Error from server (AlreadyExists): error when creating "STDIN": configmaps "c" already exists',
    );
    expect(await kubectl.fails(['patch', 'configmap', 'no', '-p', '{}'])).toBe(
      'Error from server (NotFound): configmaps "no" not found',
    );
    expect(await kubectl.fails('replace -f -', { input: JSON.stringify(configMap('no')) })).toBe(
      'Error from server (NotFound): error when replacing "STDIN": configmaps "no" not found',
    );
    expect(await kubectl.fails('scale deployment no --replicas=2')).toBe(
      'Error from server (NotFound): deployments.apps "no" not found',
    );
    expect(ns).toMatch(/^test-/);
  });

  test('a namespace that is not there, or going away', async () => {
    const nowhere = cluster.kubectl.with({ namespace: 'nowhere' });
    expect(await nowhere.fails('create configmap c')).toBe(
      'error: failed to create configmap: namespaces "nowhere" not found',
    );
    expect(await refused(nowhere, configMap('c'))).toBe(
      'Error from server (NotFound): error when creating "STDIN": namespaces "nowhere" not found',
    );
    expect((await nowhere.run('get pods')).stderr).toBe('No resources found in nowhere namespace.\n');
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.apply({
      ...configMap('held'),
      metadata: { name: 'held', finalizers: ['example.test/hold'] },
    });
    await cluster.kubectl.ok(`delete namespace ${ns} --wait=false`);
    expect(await kubectl.fails('create configmap late')).toBe(
      `error: failed to create configmap: configmaps "late" is forbidden: unable to create new content in namespace ${ns} because it is being terminated`,
    );
    await kubectl.ok([
      'patch',
      'configmap',
      'held',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]);
  });

  test('namespaces that are part of the system', async () => {
    for (const name of ['default', 'kube-system', 'kube-public']) {
      expect(await cluster.kubectl.fails(`delete namespace ${name}`)).toBe(
        `Error from server (Forbidden): namespaces "${name}" is forbidden: this namespace may not be deleted`,
      );
    }
  });
});

describe.concurrent('users who may not', () => {
  test('read and write are refused with who, what and where', async () => {
    const { kubectl, ns } = await cluster.namespace();
    expect(await kubectl.fails('get pods --as=jane')).toBe(
      `Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "${ns}"`,
    );
    expect(await kubectl.fails('get pod x --as=jane')).toBe(
      `Error from server (Forbidden): pods "x" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "${ns}"`,
    );
    expect(await kubectl.fails('get nodes --as=jane')).toBe(
      'Error from server (Forbidden): nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
    );
    expect(await kubectl.fails('create deployment web --image=x --as=jane')).toBe(
      `error: failed to create deployment: deployments.apps is forbidden: User "jane" cannot create resource "deployments" in API group "apps" in the namespace "${ns}"`,
    );
    expect(await kubectl.fails('scale deployment web --replicas=1 --as=jane')).toContain(
      'cannot get resource "deployments" in API group "apps"',
    );
    expect(await kubectl.fails('get --raw /metrics --as=jane')).toBe(
      'Error from server (Forbidden): forbidden: User "jane" cannot get path "/metrics"',
    );
    expect(await stored(kubectl)).toEqual([]);
  });

  test('nobody gives away more than they have', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.ok('create role maker --verb=create --resource=roles');
    await kubectl.ok('create rolebinding makes --role=maker --user=jane');
    const said = await kubectl.fails('create role all --verb=* --resource=secrets --as=jane');
    expect(said).toContain(
      'roles.rbac.authorization.k8s.io "all" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["*"]}',
    );
  });

  test('nobody acts as another without leave', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.ok('create serviceaccount robot');
    const token = await kubectl.ok('create token robot');
    const robot = kubectl.with({ flags: ['--token', token, '--kubeconfig', withoutUser(kubectl)] });
    expect(await robot.fails('get pods --as=jane')).toBe(
      `Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:${ns}:robot" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "${ns}"`,
    );
    const unknown = kubectl.with({ flags: ['--token', 'nonsense', '--kubeconfig', withoutUser(kubectl)] });
    expect(await unknown.fails('get pods')).toBe('error: You must be logged in to the server (Unauthorized)');
  });
});

/** A kubeconfig that names the cluster and nobody. */
function withoutUser(kubectl: CommandClient): string {
  return kubectl.file({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: cluster.url, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: '' } }],
    'current-context': 'x',
  });
}
