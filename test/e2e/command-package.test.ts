import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectl36, root } from './support/clients.ts';
import { runToEnd } from './support/commands.ts';

// What `npm pack` makes, installed as any other package is: nothing of the checkout is near it.
const directory = mkdtempSync(join(tmpdir(), 'k8ts-package-'));
const app = join(directory, 'app');
const modules = join(app, 'node_modules');

async function ok(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const ended = await runToEnd(program, args, { cwd: app, env, timeoutMs: 120_000 });
  if (ended.code !== 0)
    throw new Error(`${ended.command} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

beforeAll(async () => {
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  await ok('npm', ['pack', root, '--pack-destination', directory]);
  const [archive = ''] = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  await ok('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(directory, archive)]);
  // What those who write TypeScript for Node have.
  symlinkSync(join(root, 'node_modules', '@types'), join(modules, '@types'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('an installed k8ts brings the store’s package alone, and the licences of all that is inside', () => {
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'k8ts', 'package.json'), 'utf8'));
  expect(Object.keys(dependencies)).toEqual(['lmdb']);
  const notices = readFileSync(join(modules, 'k8ts', 'dist', 'NOTICES.txt'), 'utf8');
  for (const name of ['@grpc/grpc-js', '@peculiar/x509', 'js-yaml', 'tslib'])
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, 'm'));
});

test('its program runs a cluster', async () => {
  const k8ts = join(modules, '.bin', 'k8ts');
  const dataDir = join(directory, 'data');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(await ok(k8ts, ['--version'])).toBe(`${version}\n`);
  const where = ['--data-dir', dataDir];
  const up = ['up', '--nodes', '2', '--runtime', 'simulated', '--port', '0', '--detach', ...where];
  try {
    expect(await ok(k8ts, up)).toMatch(/^ready .* nodes=2\/2 /m);
    const nodes = ['--kubeconfig', join(dataDir, 'kubeconfig'), 'get', 'nodes', '-o', 'name'];
    expect(await ok(kubectl36(), nodes)).toBe('node/node-1\nnode/node-2\n');
  } finally {
    await ok(k8ts, ['down', ...where]);
  }
});

const program = `
import { buildImage } from 'k8ts/images';
import { decodeProtobuf, encodeProtobuf } from 'k8ts/machinery';
import type { Deployment } from 'k8ts/api/apps/v1';
import type { PodSpec } from 'k8ts/api/core/v1';
import type { KubernetesObject, Resource } from 'k8ts/api/resource';
import { customresourcedefinitions, deployments, nodes, pods } from 'k8ts/resources';
import { interestIn, type Plugin, startCluster } from 'k8ts/testing';

const spec: PodSpec = { containers: [{ name: 'web', image: 'web:1' }] };
const template = { metadata: { labels: { app: 'web' } }, spec };
const web: Deployment = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
};
const refusal = { plugin: 'Second', reasons: ['node(s) are not the second'], unresolvable: true };
const second: Plugin = {
  name: 'Second',
  events: [interestIn(nodes, ['Add'])],
  sign: () => null,
  filter: (_, { name }) => (name === 'node-2' ? undefined : refusal),
};
const configuration = { profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Second' }] } } }] };
const scheduler = { configuration, plugins: { Second: () => second } };
const cluster = await startCluster({ clock: 'virtual', nodes: 2, seed: 1, scheduler });
await cluster.client.of(deployments).create(web, { cause: { reason: 'a test' } });
await cluster.advance('1m');
const { items } = await cluster.client.of(pods).list();
const phases = items.map((pod) => \`\${pod.spec?.nodeName} \${pod.status?.phase}\`);
await cluster.stop();

interface Toy extends KubernetesObject {
  spec?: { size: number };
}
const toys: Resource<Toy> = {
  group: 'example.com',
  version: 'v1',
  kind: 'Toy',
  plural: 'toys',
  singular: 'toy',
  namespaced: true,
  shortNames: [],
  categories: [],
  type: 'com.example.v1.Toy',
};
const real = await startCluster({ nodes: 1 });
const url: string = real.url;
const { plural, singular, kind } = toys;
const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } };
const cause = { cause: { reason: 'a test' } };
await real.client.of(customresourcedefinitions).create({
  metadata: { name: 'toys.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural, singular, kind }, versions: [{ name: 'v1', served: true, storage: true, schema }] },
}, cause);
const toy = async (left = 50): Promise<Toy> => {
  try {
    return await real.client.of(toys).create({ metadata: { name: 'a', namespace: 'default' }, spec: { size: 3 } }, cause);
  } catch (error) {
    if (left === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return toy(left - 1);
  }
};
const size = (await toy()).spec?.size;
await real.stop();

const bytes: Uint8Array = encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } });
console.log(JSON.stringify({ phases, url, size, again: decodeProtobuf(bytes), image: typeof buildImage }));
`;

test('its libraries are typed, without what they are made of, and run', async () => {
  writeFileSync(join(app, 'main.mts'), program);
  const strictly = ['--strict', '--skipLibCheck', 'false', '--module', 'nodenext', '--target', 'es2023'];
  await ok(join(root, 'node_modules', '.bin', 'tsc'), [...strictly, '--types', 'node', 'main.mts']);
  const said = JSON.parse(await ok(process.execPath, ['main.mjs']));
  expect(said).toMatchObject({
    phases: ['node-2 Running', 'node-2 Running'],
    again: { kind: 'ConfigMap', data: { a: 'b' } },
    size: 3,
    image: 'function',
  });
  expect(said.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
});
