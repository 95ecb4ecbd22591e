import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { certificateRequest, configMap, deployment, list, pod } from './support/manifests.ts';

let cluster: E2eCluster;

beforeAll(async () => {
  cluster = await startE2eCluster();
});
afterAll(() => cluster?.stop());

const data = (kubectl: { json(command: string): Promise<{ data?: object }> }, name: string) =>
  kubectl.json(`get configmap ${name}`).then((found) => found.data);

describe.concurrent('apply', () => {
  test('creates, then changes, then leaves alone', async () => {
    const { kubectl } = await cluster.namespace();
    expect(await kubectl.apply(configMap('settings', { a: '1', b: '2' }))).toBe('configmap/settings created');
    expect(await kubectl.apply(configMap('settings', { a: '1', b: '2' }))).toBe(
      'configmap/settings unchanged',
    );
    expect(await kubectl.apply(configMap('settings', { a: '9' }))).toBe('configmap/settings configured');
    expect(await data(kubectl, 'settings')).toEqual({ a: '9' });
  });

  test('keeps what others have set, and takes away what the manifest had', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web', { replicas: 2 }));
    await kubectl.ok('scale deployment web --replicas 5');
    const { spec, ...manifest } = deployment('web');
    const { replicas: _, ...rest } = spec;
    await kubectl.apply({ ...manifest, spec: rest });
    // The replicas were the manifest's and are now gone from it: the default.
    expect((await kubectl.json('get deployment web')).spec.replicas).toBe(1);
    await kubectl.ok('scale deployment web --replicas 4');
    await kubectl.apply({ ...manifest, spec: rest });
    expect((await kubectl.json('get deployment web')).spec.replicas).toBe(4);
  });

  test('merges lists by their keys', async () => {
    const { kubectl } = await cluster.namespace();
    const withEnv = (env: object[]) =>
      pod('one', { spec: { containers: [{ name: 'main', image: 'registry.test/main:1', env }] } });
    await kubectl.apply(withEnv([{ name: 'A', value: '1' }]), '--dry-run=client');
    const { spec, ...manifest } = deployment('web');
    const [container] = spec.template.spec.containers;
    const apply = (env: object[]) =>
      kubectl.apply({
        ...manifest,
        spec: { ...spec, template: { ...spec.template, spec: { containers: [{ ...container, env }] } } },
      });
    await apply([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]);
    await kubectl.ok('set env deployment/web C=3');
    await apply([
      { name: 'B', value: '20' },
      { name: 'D', value: '4' },
    ]);
    const { env } = (await kubectl.json('get deployment web')).spec.template.spec.containers[0];
    expect(Object.fromEntries(env.map((e: { name: string; value: string }) => [e.name, e.value]))).toEqual({
      B: '20',
      C: '3',
      D: '4',
    });
  });

  test('many documents, a folder, a list', async () => {
    const { kubectl } = await cluster.namespace();
    const yaml =
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  k: v\n';
    expect(await kubectl.apply(yaml)).toBe('configmap/x created\nsecret/s created');
    expect(await kubectl.ok(['get', 'secret', 's', '-o', 'jsonpath={.data.k}'])).toBe('dg==');
    expect(await kubectl.apply(list(configMap('p'), configMap('q')))).toBe(
      'configmap/p created\nconfigmap/q created',
    );
  });

  test('dry runs change nothing', async () => {
    const { kubectl } = await cluster.namespace();
    expect(await kubectl.apply(configMap('dry'), '--dry-run=server')).toBe(
      'configmap/dry created (server dry run)',
    );
    expect(await kubectl.apply(configMap('dry'), '--dry-run=client')).toBe('configmap/dry created (dry run)');
    await kubectl.fails('get configmap dry');
    const shown = await kubectl.apply(deployment('web'), '--dry-run=server', '-o', 'yaml');
    expect(shown).toContain('terminationGracePeriodSeconds: 30');
    expect(shown).toMatch(/uid: [0-9a-f-]{36}/);
    await kubectl.fails('get deployment web');
  });

  test('prunes what has left the manifests', async () => {
    const { kubectl } = await cluster.namespace();
    const labels = { set: 'one' };
    const flags = ['--prune', '-l', 'set=one', '--prune-allowlist=core/v1/ConfigMap'];
    await kubectl.apply(
      list(configMap('stays', { a: '1' }, labels), configMap('goes', {}, labels)),
      ...flags,
    );
    await kubectl.apply(configMap('other', {}));
    const said = await kubectl.apply(configMap('stays', { a: '1' }, labels), ...flags);
    expect(said.split('\n')).toEqual(['configmap/stays unchanged', 'configmap/goes pruned']);
    await kubectl.ok('get configmap other');
  });

  test('on the server: fields have owners, and conflicts name them', async () => {
    const { kubectl } = await cluster.namespace();
    const apply = (value: string, ...flags: string[]) =>
      kubectl.run(['apply', '-f', '-', '--server-side', ...flags], {
        input: JSON.stringify(configMap('shared', { key: value })),
      });
    expect((await apply('1')).stdout).toBe('configmap/shared serverside-applied\n');
    const refused = await apply('2', '--field-manager=other');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'error: Apply failed with 1 conflict: conflict with "kubectl": .data.key\nPlease review the fields above',
    );
    expect(await data(kubectl, 'shared')).toEqual({ key: '1' });
    expect((await apply('2', '--field-manager=other', '--force-conflicts')).code).toBe(0);
    const { managedFields } = (await kubectl.json('get configmap shared --show-managed-fields')).metadata;
    expect(managedFields).toEqual([
      expect.objectContaining({ manager: 'other', operation: 'Apply', apiVersion: 'v1' }),
    ]);
  });

  test('on the server: a field that its only applier drops goes away', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(configMap('shared', { a: '1', b: '2' }), '--server-side');
    await kubectl.ok(['patch', 'configmap', 'shared', '-p', '{"data":{"c":"3"}}']);
    await kubectl.apply(configMap('shared', { a: '1' }), '--server-side');
    expect(await data(kubectl, 'shared')).toEqual({ a: '1', c: '3' });
  });

  test('from client-side to server-side and on', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(configMap('moved', { a: '1', b: '2' }));
    await kubectl.apply(configMap('moved', { a: '1' }), '--server-side');
    expect(await data(kubectl, 'moved')).toEqual({ a: '1' });
  });

  test('view, edit and set the last applied manifest', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(configMap('noted', { a: '1' }));
    expect(await kubectl.ok('apply view-last-applied configmap noted')).toContain('a: "1"');
    const file = kubectl.file(configMap('noted', { a: '2' }));
    expect(await kubectl.ok(`apply set-last-applied -f ${file}`)).toBe('configmap/noted configured');
    expect(await kubectl.ok('apply view-last-applied configmap noted')).toContain('a: "2"');
  });

  test('diff shows what apply would change', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(configMap('d', { a: '1' }));
    expect(await kubectl.ok('diff -f -', { input: JSON.stringify(configMap('d', { a: '1' })) })).toBe('');
    const changed = await kubectl.run('diff -f -', { input: JSON.stringify(configMap('d', { a: '2' })) });
    expect(changed.code).toBe(1);
    expect(changed.stdout).toMatch(/^- {2}a: "1"\n\+ {2}a: "2"$/m);
    expect(await data(kubectl, 'd')).toEqual({ a: '1' });
  });

  test('a kustomization', async () => {
    const { kubectl } = await cluster.namespace();
    const file = kubectl.file(
      { namePrefix: 'pre-', configMapGenerator: [{ name: 'made', literals: ['x=1'] }] },
      'kustomization.yaml',
    );
    const said = await kubectl.ok(`apply -k ${file.slice(0, file.lastIndexOf('/'))}`);
    expect(said).toMatch(/^configmap\/pre-made-[a-z0-9]{10} created$/);
  });
});

describe.concurrent('create', () => {
  test.each([
    ['configmap settings --from-literal=a=1', 'configmap/settings created'],
    ['secret generic key --from-literal=p=x', 'secret/key created'],
    [
      'secret docker-registry pull --docker-server=r.test --docker-username=u --docker-password=p',
      'secret/pull created',
    ],
    ['serviceaccount robot', 'serviceaccount/robot created'],
    ['deployment web --image=registry.test/web:1 --replicas=3 --port=80', 'deployment.apps/web created'],
    ['job once --image=registry.test/once:1 -- echo hello', 'job.batch/once created'],
    ["cronjob often --image=registry.test/often:1 --schedule='*/5 * * * *'", 'cronjob.batch/often created'],
    ['role reader --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/reader created'],
    ['rolebinding reads --role=reader --user=jane', 'rolebinding.rbac.authorization.k8s.io/reads created'],
    [
      'clusterrole node-reader --verb=get,list --resource=nodes',
      'clusterrole.rbac.authorization.k8s.io/node-reader created',
    ],
    [
      'clusterrolebinding nodes-jane --clusterrole=node-reader --user=jane',
      'clusterrolebinding.rbac.authorization.k8s.io/nodes-jane created',
    ],
    ['quota limits --hard=pods=3,configmaps=9', 'resourcequota/limits created'],
    ['service clusterip web --tcp=80:8080', 'service/web created'],
    ['service nodeport open --tcp=80:8080', 'service/open created'],
    ['service externalname away --external-name=example.test', 'service/away created'],
    ["ingress front '--rule=host.test/=web:80'", 'ingress.networking.k8s.io/front created'],
    [
      'poddisruptionbudget guard --selector=app=web --min-available=1',
      'poddisruptionbudget.policy/guard created',
    ],
    ['priorityclass high-one --value=1000', 'priorityclass.scheduling.k8s.io/high-one created'],
  ])('create %s', async (command, said) => {
    const kubectl = cluster.kubectl.with({ namespace: 'default' });
    expect(await kubectl.ok(`create ${command}`)).toBe(said);
    const again = await kubectl.fails(`create ${command}`);
    expect(again).toMatch(/already exists$/);
  });

  test('a name that the server makes', async () => {
    const { kubectl } = await cluster.namespace();
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } };
    expect(await kubectl.ok('create -f -', { input: JSON.stringify(manifest) })).toMatch(
      /^configmap\/made-[a-z0-9]{5} created$/,
    );
  });

  test('a manifest without creating anything', async () => {
    const yaml = await cluster.kubectl.ok(
      'create deployment dry --image=registry.test/web:1 --dry-run=client -o yaml',
    );
    expect(yaml).toMatch(/^apiVersion: apps\/v1\nkind: Deployment\n/);
    expect(await cluster.kubectl.ok('create namespace dry --dry-run=server')).toBe(
      'namespace/dry created (server dry run)',
    );
    await cluster.kubectl.fails('get namespace dry');
  });
});

describe.concurrent('changes to what is there', () => {
  test('label and annotate', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.ok('create configmap c');
    expect(await kubectl.ok('label configmap c tier=one')).toBe('configmap/c labeled');
    expect(await kubectl.ok('label configmap c tier=one')).toBe('configmap/c not labeled');
    expect(await kubectl.fails('label configmap c tier=two')).toBe(
      "error: 'tier' already has a value (one), and --overwrite is false",
    );
    expect(await kubectl.ok('label configmap c tier=two --overwrite')).toBe('configmap/c labeled');
    expect(await kubectl.ok('label configmap c tier-')).toBe('configmap/c unlabeled');
    expect(await kubectl.ok('annotate configmap c note=hello')).toBe('configmap/c annotated');
    expect(await kubectl.ok('annotate configmap c note-')).toBe('configmap/c annotated');
    expect(await kubectl.fails("label configmap c 'bad key=x'")).toContain(
      'name part must consist of alphanumeric characters',
    );
    expect(await kubectl.ok('label configmaps --all everywhere=yes')).toContain(
      'configmap/kube-root-ca.crt labeled',
    );
  });

  test('patch in its three ways, and a subresource', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web'));
    const patch = (type: string, body: unknown, ...more: string[]) =>
      kubectl.ok(['patch', 'deployment', 'web', '--type', type, '-p', JSON.stringify(body), ...more]);
    const containers = async () => (await kubectl.json('get deployment web')).spec.template.spec.containers;
    const sidecar = { name: 'side', image: 'registry.test/side:1' };
    const template = (list: object[]) => ({ spec: { template: { spec: { containers: list } } } });
    expect(await patch('strategic', template([sidecar]))).toBe('deployment.apps/web patched');
    expect((await containers()).map((c: { name: string }) => c.name)).toEqual(['side', 'web']);
    expect(await patch('strategic', template([sidecar]))).toBe('deployment.apps/web patched (no change)');
    await patch('strategic', template([{ name: 'side', $patch: 'delete' }]));
    expect((await containers()).map((c: { name: string }) => c.name)).toEqual(['web']);
    await patch('merge', template([sidecar]));
    expect((await containers()).map((c: { name: string }) => c.name)).toEqual(['side']);
    await patch('json', [{ op: 'replace', path: '/spec/replicas', value: 7 }]);
    await patch('merge', { spec: { replicas: 3 } }, '--subresource=scale');
    expect((await kubectl.json('get deployment web')).spec.replicas).toBe(3);
    const failed = await kubectl.fails([
      'patch',
      'deployment',
      'web',
      '--type=json',
      '-p',
      '[{"op":"test","path":"/spec/replicas","value":1}]',
    ]);
    expect(failed).toBe(
      'The request is invalid: the server rejected our request due to an error in our request',
    );
  });

  test('replace', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.ok('create configmap r --from-literal=a=1');
    const replace = (object: object, ...flags: string[]) =>
      kubectl.ok(['replace', '-f', '-', ...flags], { input: JSON.stringify(object) });
    expect(await replace(configMap('r', { b: '2' }))).toBe('configmap/r replaced');
    expect(await data(kubectl, 'r')).toEqual({ b: '2' });
    const before = (await kubectl.json('get configmap r')).metadata.uid;
    expect(await replace(configMap('r', { c: '3' }), '--force')).toBe(
      `configmap "r" deleted from ${ns} namespace\nconfigmap/r replaced`,
    );
    expect((await kubectl.json('get configmap r')).metadata.uid).not.toBe(before);
  });

  test('edit', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.ok('create configmap e --from-literal=a=old');
    const edit = (script: string) =>
      kubectl.run('edit configmap e', { env: { KUBE_EDITOR: `sed -i ${script}` } });
    expect((await edit('s/old/new/')).stdout.trim()).toBe('configmap/e edited');
    expect(await data(kubectl, 'e')).toEqual({ a: 'new' });
    expect((await edit('s/none/nothing/')).stderr.trim()).toBe('Edit cancelled, no changes made.');
  });

  test('an edit that the server refuses is shown again, and kept', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web'));
    const { code, stderr } = await kubectl.run('edit deployment web', {
      env: { TMPDIR: cluster.home, KUBE_EDITOR: "sed -i 's/replicas: 2/replicas: -2/'" },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('error: deployments.apps "web" is invalid\n');
    const [, copy = ''] =
      /A copy of your changes has been stored to "(.*)"\nerror: Edit cancelled, no valid changes were saved/.exec(
        stderr,
      ) ?? [];
    expect(readFileSync(copy, 'utf8')).toContain(
      '# deployments.apps "web" was not valid:\n# * spec.replicas: Invalid value: -2: must be greater than or equal to 0',
    );
    expect((await kubectl.json('get deployment web')).spec.replicas).toBe(2);
  });

  test('set image, env, resources, service account, selector, subject', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web'));
    const container = async () => (await kubectl.json('get deployment web')).spec.template.spec.containers[0];
    expect(await kubectl.ok('set image deployment/web web=registry.test/web:2')).toBe(
      'deployment.apps/web image updated',
    );
    expect(await kubectl.ok('set env deployment/web LEVEL=debug')).toBe('deployment.apps/web env updated');
    expect(await kubectl.ok('set resources deployment/web --limits=cpu=200m,memory=64Mi')).toBe(
      'deployment.apps/web resource requirements updated',
    );
    expect(await kubectl.ok('set serviceaccount deployment/web robot')).toBe(
      'deployment.apps/web serviceaccount updated',
    );
    expect(await container()).toMatchObject({
      image: 'registry.test/web:2',
      env: [{ name: 'LEVEL', value: 'debug' }],
      resources: { limits: { cpu: '200m', memory: '64Mi' } },
    });
    expect(await kubectl.ok('set env deployment/web --list')).toContain('LEVEL=debug');
    expect(await kubectl.ok('set env deployment/web LEVEL-')).toBe('deployment.apps/web env updated');
    expect(await container()).not.toHaveProperty('env');
    await kubectl.ok('create service clusterip web --tcp=80');
    expect(await kubectl.ok('set selector service web app=other')).toBe('service/web selector updated');
    await kubectl.ok('create rolebinding b --clusterrole=view --user=jane');
    expect(await kubectl.ok('set subject rolebinding b --user=joe')).toBe(
      'rolebinding.rbac.authorization.k8s.io/b subjects updated',
    );
    expect(await kubectl.fails('set image deployment/web nothing=x')).toBe(
      'error: unable to find container named "nothing"',
    );
  });

  test('delete', async () => {
    const { kubectl, ns } = await cluster.namespace();
    for (const name of ['a', 'b', 'c', 'd'])
      await kubectl.apply(configMap(name, {}, { group: name < 'c' ? 'x' : 'y' }));
    expect(await kubectl.ok('delete configmap a')).toBe(`configmap "a" deleted from ${ns} namespace`);
    expect(await kubectl.fails('delete configmap a')).toBe(
      'Error from server (NotFound): configmaps "a" not found',
    );
    expect(await kubectl.ok('delete configmap a --ignore-not-found')).toBe('');
    expect(await kubectl.ok('delete configmap -l group=x')).toBe(
      `configmap "b" deleted from ${ns} namespace`,
    );
    expect(await kubectl.ok('delete configmap c --dry-run=server')).toBe(
      `configmap "c" deleted from ${ns} namespace (server dry run)`,
    );
    expect(await kubectl.ok('delete configmap c -o name')).toBe('configmap/c');
    const file = kubectl.file(configMap('d'));
    expect(await kubectl.ok(`delete -f ${file}`)).toBe(`configmap "d" deleted from ${ns} namespace`);
    await kubectl.apply(list(configMap('p'), configMap('q')));
    expect((await kubectl.ok('delete configmaps --all')).split('\n')).toEqual(
      expect.arrayContaining([
        expect.stringContaining('"p" deleted'),
        expect.stringContaining('"q" deleted'),
      ]),
    );
    expect(await kubectl.ok('get configmaps -l group -o name')).toBe('');
  });

  test('a finalizer holds what is deleted until it is taken away', async () => {
    const { kubectl } = await cluster.namespace();
    const held = { ...configMap('held'), metadata: { name: 'held', finalizers: ['example.test/hold'] } };
    await kubectl.apply(held);
    await kubectl.ok('delete configmap held --wait=false');
    expect((await kubectl.json('get configmap held')).metadata).toMatchObject({
      deletionGracePeriodSeconds: 0,
    });
    const gone = kubectl.start('wait --for=delete configmap/held --timeout=20s');
    await kubectl.ok([
      'patch',
      'configmap',
      'held',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]);
    expect((await gone.ended).code).toBe(0);
  });

  test('a namespace goes with all that is in it', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.ok('create configmap c');
    await kubectl.ok('create deployment web --image=registry.test/web:1');
    expect(await cluster.kubectl.ok(`delete namespace ${ns} --timeout=30s`)).toBe(
      `namespace "${ns}" deleted`,
    );
    expect(await cluster.kubectl.fails(`get namespace ${ns}`)).toContain('not found');
    expect(await kubectl.ok('get configmaps,deployments -o name')).toBe('');
  });

  test('certificates are approved, signed and refused', async () => {
    const { kubectl } = cluster;
    const request = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'jane' },
      spec: {
        request: certificateRequest,
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    };
    await kubectl.apply(request);
    const row = (await kubectl.ok('get csr jane')).split('\n')[1];
    expect(row).toMatch(
      /^jane +\d+s +kubernetes\.io\/kube-apiserver-client +kubernetes-admin +<none> +Pending$/,
    );
    expect(await kubectl.ok('certificate approve jane')).toBe(
      'certificatesigningrequest.certificates.k8s.io/jane approved',
    );
    await kubectl.ok("wait csr/jane --for=jsonpath='{.status.certificate}' --timeout=20s");
    expect(await kubectl.ok('get csr jane')).toMatch(/Approved,Issued$/);
    const certificate = Buffer.from(
      (await kubectl.json('get csr jane')).status.certificate,
      'base64',
    ).toString();
    expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
    await kubectl.apply({ ...request, metadata: { name: 'joe' } });
    expect(await kubectl.ok('certificate deny joe')).toBe(
      'certificatesigningrequest.certificates.k8s.io/joe denied',
    );
    expect(await kubectl.ok('get csr joe')).toMatch(/Denied$/);
  });
});
