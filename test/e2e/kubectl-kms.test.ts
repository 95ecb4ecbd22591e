import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestKeyPlugin } from '../../src/apiserver/encryption/kms/testing.ts';
import { root } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { runToEnd } from './support/commands.ts';

const hidden = 'what-nobody-may-read';
const hiddenBase64 = Buffer.from(hidden).toString('base64');
const patiently = { timeout: 60_000, interval: 500 };

let dir: string;
let socket: string;
let plugin: TestKeyPlugin;
let cluster: E2eCluster | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  socket = join(dir, 'kms.sock');
  plugin = new TestKeyPlugin();
  await plugin.listen(socket);
});
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
  await plugin.close();
  rmSync(dir, { recursive: true, force: true });
});

const vault = () => `{kms: {apiVersion: v2, name: vault, endpoint: 'unix://${socket}', timeout: 2s}}`;
const file = () => join(dir, 'encryption.yaml');
const configure = (resources: string, ...providers: string[]) =>
  writeFileSync(
    file(),
    `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: [${resources}], providers: [${providers.join(', ')}]}]
`,
  );

/** Starts the cluster, anew where it runs. */
async function start(): Promise<E2eCluster['kubectl']> {
  await cluster?.interrupt();
  const args = ['--encryption-provider-config', file()];
  cluster = await startE2eCluster({ dataDir: join(dir, 'data'), args });
  return cluster.kubectl;
}

const k8ts = (...args: string[]) =>
  runToEnd(process.execPath, [
    join(root, 'bin', 'k8ts'),
    ...args,
    '--port',
    '0',
    '--encryption-provider-config',
    file(),
  ]);

/** What the store holds of a text, once nobody writes into it. */
async function inStore(text: string): Promise<boolean> {
  await cluster?.interrupt();
  return readFileSync(join(dir, 'data', 'store', 'store.mdb')).includes(text);
}

const password = 'get secret s -o jsonpath={.data.password}';

test('Secrets are encrypted by a plugin, whose key is changed while the cluster runs', async () => {
  configure('secrets', vault(), '{identity: {}}');
  let kubectl = await start();
  await kubectl.ok(`create secret generic s --from-literal=password=${hidden}`);
  expect(await kubectl.ok(password)).toBe(hiddenBase64);
  const healthy = await kubectl.ok('get --raw /readyz?verbose');
  expect(healthy).toContain('[+]kms-providers ok');
  expect(await kubectl.ok('get --raw /healthz/kms-providers')).toBe('ok');
  expect(await kubectl.ok('get --raw /livez?verbose')).not.toContain('kms');
  const metrics = await kubectl.ok('get --raw /metrics');
  expect(metrics).toMatch(
    /apiserver_envelope_encryption_key_id_hash_total\{transformation_type="to_storage",provider_name="vault",key_id_hash="sha256:[0-9a-f]{64}",apiserver_id_hash="sha256:[0-9a-f]{64}"\} [1-9]/,
  );
  expect(metrics).toMatch(
    /apiserver_envelope_encryption_kms_operations_latency_seconds_count\{provider_name="vault",method_name="\/v2.KeyManagementService\/Encrypt",grpc_status_code="OK"\} 1/,
  );
  expect(metrics).toContain('apiserver_envelope_encryption_dek_source_cache_size{provider_name="vault"} 1');
  plugin.healthz = 'tired';
  await expect
    .poll(async () => (await kubectl.run('get --raw /readyz/kms-providers')).stderr, patiently)
    .toContain(
      'kms-provider-0: kmsv2 Provider vault is not healthy, error: got unexpected healthz status: tired',
    );
  plugin.healthz = 'ok';
  plugin.keyId = 'key-2';
  // What health checks ask for is what the server goes by.
  await expect
    .poll(async () => {
      await kubectl.run('get --raw /readyz/kms-providers');
      return plugin.calls.filter((call) => call === 'Encrypt').length;
    }, patiently)
    .toBe(2);
  const all = await kubectl.ok('get secrets -A -o json');
  await kubectl.ok('replace -f -', { input: all });
  expect(await inStore('k8s:enc:kms:v2:vault:')).toBe(true);
  expect(await inStore(hiddenBase64)).toBe(false);
  plugin.lost.add('key-1');
  kubectl = await start();
  expect(await kubectl.ok(password)).toBe(hiddenBase64);
});

test('a cluster starts while the plugin is gone, says of Secrets that they cannot be read, and has them once it is back', async () => {
  configure('secrets', vault());
  let kubectl = await start();
  await kubectl.ok(`create secret generic s --from-literal=password=${hidden}`);
  await plugin.close();
  kubectl = await start();
  expect((await kubectl.run('get secrets')).stderr).toMatch(
    /Error from server \(InternalError\): Internal error occurred: unable to transform key "\/registry\/secrets\/default\/s": (got unexpected nil transformer|failed to decrypt DEK)/,
  );
  expect((await kubectl.run('get --raw /readyz')).stderr).toContain(
    '[-]kms-providers failed: reason withheld',
  );
  await kubectl.ok('create configmap c --from-literal=a=b');
  await plugin.listen(socket);
  await expect.poll(async () => (await kubectl.run(password)).stdout, patiently).toBe(hiddenBase64);
  await kubectl.ok('create secret generic t');
});

test('a cluster whose every object a plugin encrypts starts again', async () => {
  configure("'*.*'", vault());
  let kubectl = await start();
  await kubectl.ok('create deployment d --image=nginx');
  expect(await inStore('"kind":"Deployment"')).toBe(false);
  kubectl = await start();
  expect(await kubectl.ok('get deployment d -o name')).toBe('deployment.apps/d');
  await cluster?.interrupt();
  await plugin.close();
  const { code, stderr } = await k8ts('up', '--nodes', '0', '--data-dir', join(dir, 'data'));
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /error: the server cannot start: the server cannot start without what cannot be decrypted: servicecidrs.* \(kms-provider-0: .*DeadlineExceeded.*\)\n/,
  );
});

test('a server that is not given the keys that it needs says so in a line', async () => {
  configure('secrets', vault());
  await plugin.close();
  const { code, stderr } = await k8ts('server', '--data-dir', join(dir, 'data'));
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /error: the server cannot start: .*got unexpected nil transformer \(kms-provider-0: .*DeadlineExceeded.*\)\n/,
  );
  expect(stderr).toMatch(/hint: .*--encryption-provider-config/);
  expect(stderr).not.toContain('    at ');
});
