import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { runToEnd } from './support/commands.ts';

const hidden = 'what-nobody-may-read';
const hiddenBase64 = Buffer.from(hidden).toString('base64');
const encryptsWith = (cipher: string, name: string) =>
  `{${cipher}: {keys: [{name: ${name}, secret: '${Buffer.from(name.padEnd(32, '-')).toString('base64')}'}]}}`;
const asIs = '{identity: {}}';

let dir: string;
let cluster: E2eCluster | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
});
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** Starts the cluster, anew where it runs, with these providers for Secrets; with no configuration where there are none. */
async function startWith(...providers: string[]): Promise<E2eCluster['kubectl']> {
  await cluster?.interrupt();
  const file = join(dir, 'encryption.yaml');
  writeFileSync(
    file,
    `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: [secrets], providers: [${providers.join(', ')}]}]
`,
  );
  const args = providers.length > 0 ? ['--encryption-provider-config', file] : [];
  cluster = await startE2eCluster({ dataDir: join(dir, 'data'), args });
  return cluster.kubectl;
}

/** What the store holds of a text, once nobody writes into it. */
async function inStore(text: string): Promise<boolean> {
  await cluster?.interrupt();
  return readFileSync(join(dir, 'data', 'store', 'store.mdb')).includes(text);
}

const rewriteAll = (kubectl: E2eCluster['kubectl']) =>
  kubectl.ok('get secrets -A -o json').then((all) => kubectl.ok('replace -f -', { input: all }));

test('Secrets are encrypted, their keys changed, and all decrypted again, with kubectl alone', async () => {
  let kubectl = await startWith(encryptsWith('secretbox', 'first'), asIs);
  await kubectl.ok(`create secret generic s --from-literal=password=${hidden}`);
  expect(await kubectl.ok('get secret s -o jsonpath={.data.password}')).toBe(hiddenBase64);
  expect(await kubectl.ok('get --raw /metrics')).toMatch(
    /apiserver_storage_transformation_operations_total\{resource="secrets",transformation_type="to_storage",transformer_prefix="k8s:enc:secretbox:v1:",status="OK"\} [1-9]/,
  );
  expect(await inStore('k8s:enc:secretbox:v1:first:')).toBe(true);
  expect(await inStore(hiddenBase64)).toBe(false);

  kubectl = await startWith(encryptsWith('aesgcm', 'second'), encryptsWith('secretbox', 'first'));
  await rewriteAll(kubectl);
  kubectl = await startWith(encryptsWith('aesgcm', 'second'));
  expect(await kubectl.ok('get secret s -o jsonpath={.data.password}')).toBe(hiddenBase64);
  expect(await inStore(hiddenBase64)).toBe(false);

  kubectl = await startWith(asIs, encryptsWith('aesgcm', 'second'));
  await rewriteAll(kubectl);
  kubectl = await startWith();
  expect(await kubectl.ok('get secret s -o jsonpath={.data.password}')).toBe(hiddenBase64);
});

test('where the server cannot work without what is encrypted, it says so in a line', async () => {
  const file = join(dir, 'encryption.yaml');
  const config = (name: string) => `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: ['*.*'], providers: [${encryptsWith('aesgcm', name)}]}]
`;
  const dataDir = join(dir, 'data');
  const args = ['--encryption-provider-config', file];
  writeFileSync(file, config('right'));
  cluster = await startE2eCluster({ dataDir, args });
  await cluster.interrupt();
  writeFileSync(file, config('wrong'));
  const upArgs = [
    join(root, 'bin', 'k8ts'),
    'up',
    '--nodes',
    '0',
    '--port',
    '0',
    '--data-dir',
    dataDir,
    ...args,
  ];
  const { code, stderr } = await runToEnd(process.execPath, upArgs);
  expect({ code, stderr }).toMatchObject({ code: 1 });
  expect(stderr).toMatch(/error: the server cannot start without what cannot be decrypted: servicecidrs/);
  expect(stderr).toMatch(/hint: .*--encryption-provider-config/);
  expect(stderr).not.toContain('    at ');
});

test('without the key the cluster starts, and says of Secrets alone that they cannot be read', async () => {
  let kubectl = await startWith(encryptsWith('aescbc', 'right'));
  await kubectl.ok(`create secret generic s --from-literal=password=${hidden}`);
  for (const providers of [[encryptsWith('aescbc', 'wrong')], []]) {
    kubectl = await startWith(...providers);
    const { code, stderr } = await kubectl.run('get secrets');
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toMatch(
      /Error from server \(InternalError\): Internal error occurred: unable to transform key "\/registry\/secrets\/default\/s": (no matching key was found for the provided AES transformer|identity transformer tried to read encrypted data)/,
    );
    await kubectl.ok('create configmap c --dry-run=server');
    expect(await kubectl.ok('get namespaces -o name')).toContain('namespace/default');
  }
  kubectl = await startWith(encryptsWith('aescbc', 'right'));
  expect(await kubectl.ok('get secret s -o jsonpath={.data.password}')).toBe(hiddenBase64);
});
