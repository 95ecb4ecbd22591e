import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import {
  ApiException,
  AppsV1Api,
  Attach,
  CoordinationV1Api,
  CoreV1Api,
  Cp,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  ListWatch,
  Log,
  Metrics,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  topNodes,
  type V1ConfigMap,
  V1MicroTime,
  type V1Status,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { configMap, deployment, pod } from './support/manifests.ts';

let cluster: E2eCluster;
let kc: KubeConfig;
let core: CoreV1Api;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 1, threads: true });
  kc = new KubeConfig();
  kc.loadFromFile(cluster.kubeconfig);
  core = kc.makeApiClient(CoreV1Api);
});
afterAll(() => cluster?.stop());

const inNamespace = async () => (await cluster.namespace()).ns;

/** What a request is refused with. */
async function refusal(request: Promise<unknown>): Promise<{ code: number; status: V1Status }> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiException)) throw new Error(`no ApiException: ${error}`);
  const { code, body } = error;
  return { code, status: typeof body === 'string' ? JSON.parse(body) : body };
}

/** A stream that keeps what is written into it. */
function sink(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => void (chunks.push(Buffer.from(chunk)), done()),
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

describe('typed clients', () => {
  test('create, read, replace, patch, list, delete', async () => {
    const namespace = await inNamespace();
    const made = await core.createNamespacedConfigMap({ namespace, body: configMap('c', { a: '1' }) });
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const ref = { namespace, name: 'c' };
    const read = await core.readNamespacedConfigMap(ref);
    expect(read.data).toEqual({ a: '1' });
    const body: V1ConfigMap = { ...read, data: { a: '2' } };
    const replaced = await core.replaceNamespacedConfigMap({ ...ref, body });
    expect(replaced.data).toEqual({ a: '2' });
    const patch = (content: unknown, strategy: PatchStrategy, more: object = {}) =>
      core.patchNamespacedConfigMap(
        { ...ref, body: content, ...more },
        setHeaderOptions('Content-Type', strategy),
      );
    await patch([{ op: 'add', path: '/data/j', value: '1' }], PatchStrategy.JsonPatch);
    await patch({ data: { m: '1' } }, PatchStrategy.MergePatch);
    await patch({ data: { s: '1' } }, PatchStrategy.StrategicMergePatch);
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { x: '1' } };
    await patch(applied, PatchStrategy.ServerSideApply, { fieldManager: 'tests' });
    expect((await core.readNamespacedConfigMap(ref)).data).toEqual({
      a: '2',
      j: '1',
      m: '1',
      s: '1',
      x: '1',
    });
    const conflict = await refusal(
      patch({ ...applied, data: { x: '2' } }, PatchStrategy.ServerSideApply, { fieldManager: 'others' }),
    );
    expect(conflict.code).toBe(409);
    expect(conflict.status.details?.causes).toMatchObject([
      { reason: 'FieldManagerConflict', field: '.data.x' },
    ]);
    const forced = { fieldManager: 'others', force: true };
    await patch({ ...applied, data: { x: '2' } }, PatchStrategy.ServerSideApply, forced);
    const dry = await core.deleteNamespacedConfigMap({ ...ref, dryRun: 'All' });
    expect(dry.status).toBe('Success');
    await core.deleteNamespacedConfigMap(ref);
    expect(
      (await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=c' })).items,
    ).toEqual([]);
  });

  test('lists in chunks, collections that go', async () => {
    const namespace = await inNamespace();
    const labels = { chunk: 'yes' };
    for (let i = 0; i < 5; i++) {
      await core.createNamespacedConfigMap({ namespace, body: configMap(`c-${i}`, {}, labels) });
    }
    const names: (string | undefined)[] = [];
    let _continue: string | undefined;
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'chunk=yes',
        limit: 2,
        _continue,
      });
      names.push(...page.items.map(({ metadata }) => metadata?.name));
      _continue = page.metadata?._continue;
    } while (_continue);
    expect(names).toEqual(['c-0', 'c-1', 'c-2', 'c-3', 'c-4']);
    await core.deleteCollectionNamespacedConfigMap({
      namespace,
      labelSelector: 'chunk=yes',
      body: { propagationPolicy: 'Background' },
    });
    const left = await core.listNamespacedConfigMap({ namespace, labelSelector: 'chunk=yes' });
    expect(left.items).toEqual([]);
  });

  test('failures are ApiExceptions with a Status', async () => {
    const namespace = await inNamespace();
    const missing = await refusal(core.readNamespacedConfigMap({ namespace, name: 'none' }));
    expect(missing).toMatchObject({
      code: 404,
      status: { reason: 'NotFound', message: 'configmaps "none" not found', details: { name: 'none' } },
    });
    await core.createNamespacedConfigMap({ namespace, body: configMap('c') });
    const again = await refusal(core.createNamespacedConfigMap({ namespace, body: configMap('c') }));
    expect(again).toMatchObject({ code: 409, status: { reason: 'AlreadyExists' } });
    const bad = { metadata: { name: 'Bad_Name' } };
    const invalid = await refusal(core.createNamespacedConfigMap({ namespace, body: bad }));
    expect(invalid).toMatchObject({
      code: 422,
      status: {
        reason: 'Invalid',
        details: { causes: [{ field: 'metadata.name', reason: 'FieldValueInvalid' }] },
      },
    });
    const strict = { ...configMap('c2'), dat: {} };
    // The typed client sends what it knows alone; the untyped one sends it all.
    const objects = KubernetesObjectApi.makeApiClient(kc);
    const { metadata } = await objects.create({ ...strict, metadata: { name: 'c2', namespace } });
    expect(metadata?.name).toBe('c2');
  });

  test('objects of any kind, and custom ones', async () => {
    const namespace = await inNamespace();
    const objects = KubernetesObjectApi.makeApiClient(kc);
    const web = deployment('web', { replicas: 1 });
    await objects.create({ ...web, metadata: { ...web.metadata, namespace } });
    const header = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } };
    expect((await objects.read(header)).metadata?.labels).toEqual({ app: 'web' });
    const changed = { ...header, spec: { replicas: 2 } };
    await objects.patch(changed, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
    const scaled = await kc
      .makeApiClient(AppsV1Api)
      .readNamespacedDeploymentScale({ namespace, name: 'web' });
    expect(scaled.spec?.replicas).toBe(2);
    expect((await objects.list('apps/v1', 'Deployment', namespace)).items).toHaveLength(1);
    await objects.delete(header);

    const group = 'clients.example.test';
    await cluster.kubectl.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    await cluster.kubectl.established(`things.${group}`);
    const custom = kc.makeApiClient(CustomObjectsApi);
    const things = { group, version: 'v1', namespace, plural: 'things' };
    const body = { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'one' }, spec: { size: 1 } };
    await custom.createNamespacedCustomObject({ ...things, body });
    await custom.patchNamespacedCustomObjectStatus(
      { ...things, name: 'one', body: { status: { ready: true } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(await custom.getNamespacedCustomObject({ ...things, name: 'one' })).toMatchObject({
      spec: { size: 1 },
      status: { ready: true },
    });
    expect((await custom.listNamespacedCustomObject(things)).items).toHaveLength(1);
    await custom.deleteNamespacedCustomObject({ ...things, name: 'one' });
    expect((await custom.listNamespacedCustomObject(things)).items).toEqual([]);
  });

  test('the version, and what is used', async () => {
    expect(await kc.makeApiClient(VersionApi).getCode()).toMatchObject({ major: '1', minor: '36' });
    expect((await topNodes(core)).map(({ Node }) => Node.metadata?.name)).toEqual(['node-1']);
    expect(await new Metrics(kc).getNodeMetrics()).toMatchObject({ kind: 'NodeMetricsList' });
  });
});

describe('watches', () => {
  test('tell what happens until they are stopped', async () => {
    const namespace = await inNamespace();
    const seen: string[] = [];
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const ended: unknown[] = [];
    const watch = await new Watch(kc).watch(
      path,
      { allowWatchBookmarks: true, labelSelector: 'watched' },
      // Bookmarks come whenever the server sees fit.
      (type, object) => type !== 'BOOKMARK' && seen.push(`${type} ${object.metadata.name}`),
      (error) => ended.push(error),
    );
    const ref = { namespace, name: 'c' };
    await core.createNamespacedConfigMap({ namespace, body: configMap('c', {}, { watched: 'yes' }) });
    await core.createNamespacedConfigMap({ namespace, body: configMap('other') });
    await core.deleteNamespacedConfigMap(ref);
    await eventually(() => (seen.length === 2 ? true : undefined));
    expect(seen).toEqual(['ADDED c', 'DELETED c']);
    watch.abort();
    await eventually(() => (ended.length > 0 ? true : undefined));
  });

  test('an informer goes on after its watch has ended, and sees what was deleted', async () => {
    const namespace = await inNamespace();
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    let connections = 0;
    /** The server ends these watches after a second. */
    class ShortWatch extends Watch {
      override watch(...[where, query, ...rest]: Parameters<Watch['watch']>) {
        connections++;
        return super.watch(where, { ...query, timeoutSeconds: 1 }, ...rest);
      }
    }
    const list = () => core.listNamespacedConfigMap({ namespace });
    const informer = new ListWatch<V1ConfigMap>(path, new ShortWatch(kc), list, false, undefined, undefined, {
      delayFn: async () => {},
    });
    const seen: string[] = [];
    const errors: unknown[] = [];
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, ({ metadata }: V1ConfigMap) => seen.push(`${verb} ${metadata?.name}`));
    }
    informer.on('error', (error) => errors.push(error));
    await informer.start();
    const create = (name: string) => core.createNamespacedConfigMap({ namespace, body: configMap(name) });
    await create('one');
    await eventually(() => informer.get('one', namespace));
    const before = connections;
    await eventually(() => (connections > before + 1 ? true : undefined));
    await create('two');
    await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
    await eventually(() => (seen.includes('delete one') ? true : undefined));
    await eventually(() => informer.get('two', namespace));
    expect(informer.get('one', namespace)).toBeUndefined();
    expect(seen.filter((event) => / (one|two)$/.test(event)).sort()).toEqual([
      'add one',
      'add two',
      'delete one',
    ]);
    expect(errors).toEqual([]);
    await informer.stop();
  });
});

describe('pods', () => {
  const said = 'one\ntwo\nthree\n';

  /** A pod that runs and does what its annotations say. */
  async function running(namespace: string, behaviour: Record<string, string>): Promise<string> {
    const entries = Object.entries(behaviour).map(([key, value]) => [`simulated.k8ts.dev/${key}`, value]);
    const made = pod('p');
    const metadata = { name: 'p', annotations: Object.fromEntries(entries) };
    await core.createNamespacedPod({ namespace, body: { ...made, metadata } });
    await eventually(async () => {
      const { status } = await core.readNamespacedPod({ namespace, name: 'p' });
      return status?.phase === 'Running' ? true : undefined;
    });
    return 'p';
  }

  test('their logs, whole, the last lines, followed', async () => {
    const namespace = await inNamespace();
    const name = await running(namespace, { logs: said });
    await eventually(async () =>
      (await core.readNamespacedPodLog({ namespace, name })) === said ? true : undefined,
    );
    expect(await core.readNamespacedPodLog({ namespace, name, tailLines: 1 })).toBe('three\n');
    const { stream, text } = sink();
    const ended = new Promise((resolve) => stream.once('finish', resolve));
    await new Log(kc).log(namespace, name, 'main', stream, { follow: true });
    await eventually(() => (text() === said ? true : undefined));
    await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
    await ended;
  });

  test('commands in them: output, exit codes, and a container that is not there', async () => {
    const namespace = await inNamespace();
    const name = await running(namespace, { 'exec-output': 'executed', 'exec-exit-code': '3' });
    const out = sink();
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(kc)
        .exec(namespace, name, 'main', ['anything'], out.stream, sink().stream, null, false, resolve)
        .catch(reject);
    });
    expect(out.text()).toBe('executed');
    expect(status).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
    const nowhere = new Exec(kc).exec(namespace, name, 'none', ['x'], sink().stream, null, null, false);
    await expect(nowhere).rejects.toBeDefined();
  });

  test('attached to, until they end', async () => {
    const namespace = await inNamespace();
    const name = await running(namespace, {});
    const socket = await new Attach(kc).attach(namespace, name, 'main', sink().stream, null, null, false);
    const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()));
    await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
    await closed;
  });

  test('files copied out of them', async () => {
    const namespace = await inNamespace();
    const archive = await packTar([
      { header: { name: 'hello.txt', size: 5, type: 'file', mtime: new Date(0) }, body: 'hello' },
    ]);
    const name = await running(namespace, { 'exec-output': Buffer.from(archive).toString('latin1') });
    const target = mkdtempSync(join(tmpdir(), 'k8ts-cp-'));
    await new Cp(kc).cpFromPod(namespace, name, 'main', 'hello.txt', target);
    expect(await eventually(() => readFileSync(join(target, 'hello.txt'), 'utf8') || undefined)).toBe(
      'hello',
    );
    rmSync(target, { recursive: true });
  });

  test('ports forwarded to them: the connection stands until it is closed', async () => {
    const namespace = await inNamespace();
    const name = await running(namespace, {});
    const [out, err, input] = [sink(), sink(), new PassThrough()];
    const made = await new PortForward(kc).portForward(
      namespace,
      name,
      [80],
      out.stream,
      err.stream,
      input,
      0,
    );
    if (typeof made === 'function') throw new Error('the connection is made only later');
    expect(made.protocol).toBe('v4.channel.k8s.io');
    const closed = new Promise<void>((resolve) => made.addEventListener('close', () => resolve()));
    // Nothing listens in a simulated pod.
    input.end('hello');
    await closed;
    expect(out.text()).toBe('');
  });
});

describe('leases', () => {
  test('one of two candidates leads, renews, and hands over once it is silent', async () => {
    const namespace = await inNamespace();
    const leases = kc.makeApiClient(CoordinationV1Api);
    const ref = { namespace, name: 'leader' };
    const spec = (holderIdentity: string, leaseTransitions: number) => ({
      holderIdentity,
      leaseDurationSeconds: 1,
      leaseTransitions,
      renewTime: new V1MicroTime(),
      acquireTime: new V1MicroTime(),
    });
    await leases.createNamespacedLease({
      namespace,
      body: { metadata: { name: 'leader' }, spec: spec('a', 0) },
    });
    const taken = leases.createNamespacedLease({
      namespace,
      body: { metadata: { name: 'leader' }, spec: spec('b', 0) },
    });
    expect((await refusal(taken)).status.reason).toBe('AlreadyExists');
    const [seenByA, seenByB] = await Promise.all([
      leases.readNamespacedLease(ref),
      leases.readNamespacedLease(ref),
    ]);
    await leases.replaceNamespacedLease({ ...ref, body: { ...seenByA, spec: spec('a', 0) } });
    const late = leases.replaceNamespacedLease({ ...ref, body: { ...seenByB, spec: spec('b', 1) } });
    expect(await refusal(late)).toMatchObject({ code: 409, status: { reason: 'Conflict' } });
    const expired = await eventually(async () => {
      const lease = await leases.readNamespacedLease(ref);
      const renewedMs = new Date(String(lease.spec?.renewTime)).getTime();
      return Date.now() > renewedMs + 1000 ? lease : undefined;
    });
    const won = await leases.replaceNamespacedLease({ ...ref, body: { ...expired, spec: spec('b', 1) } });
    expect(won.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });
});
