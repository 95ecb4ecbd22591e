import { expect, test } from 'vitest';
import { productSources, type SourceFile, sources } from './sources.ts';

/** The floors: what a folder of src/ may import besides itself. `docs/architecture.md` explains why. */
const component = ['api', 'machinery', 'client', 'platform'];
const floors: Record<string, readonly string[]> = {
  platform: [],
  api: [],
  machinery: ['api', 'platform'],
  store: ['platform'],
  etcd: ['store', 'platform'],
  client: ['machinery', 'api', 'platform'],
  apiserver: ['store', 'machinery', 'api', 'platform', 'client'],
  controllers: component,
  scheduler: component,
  kubelet: component,
  proxy: component,
  network: component,
  dns: component,
  metrics: component,
  cluster: [
    ...component,
    'controllers',
    'scheduler',
    'kubelet',
    'proxy',
    'network',
    'dns',
    'metrics',
    'apiserver',
    'etcd',
    'store',
  ],
  cli: ['cluster', 'platform'],
};

const floorOf = (path: string) => path.split('/')[0] as string;

function climbs(file: SourceFile): string[] {
  const allowed = floors[floorOf(file.path)];
  if (!allowed) return [`${file.path} stands on no floor`];
  return file.imports
    .filter((i) => floorOf(i.path) !== floorOf(file.path) && !allowed.includes(floorOf(i.path)))
    .map((i) => `${file.path} imports ${i.path}`);
}

test('a folder imports only from floors below it', () => {
  expect(productSources.length).toBeGreaterThan(20);
  expect(productSources.flatMap(climbs)).toEqual([]);
});

test('apiserver uses the transport contract of the client, nothing else of it', () => {
  const used = productSources
    .filter((s) => floorOf(s.path) === 'apiserver')
    .flatMap((s) =>
      s.imports
        .filter((i) => floorOf(i.path) === 'client' && i.path !== 'client/transport.ts')
        .map((i) => `${s.path} imports ${i.path}`),
    );
  expect(used).toEqual([]);
});

test('no cycles between files', () => {
  const byPath = new Map(
    sources.map((s) => [s.path, s.imports.filter((i) => !i.typeOnly).map((i) => i.path)]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path))
      return void cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path)) return;
    for (const next of byPath.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of byPath.keys()) visit(path, []);
  expect(cycles).toEqual([]);
});

/** Time, chance, files, processes, sockets and the environment come through platform/ (and cli/) alone. */
const bannedModules =
  /^(node:)?(fs|fs\/promises|child_process|net|http|https|http2|tls|dgram|dns|dns\/promises|os|worker_threads|cluster|timers|timers\/promises|inspector)$/;
const bannedGlobals: [string, RegExp][] = [
  ['Date.now', /\bDate\.now\b/],
  ['new Date()', /\bnew Date\(\)/],
  ['setTimeout', /(?<![.\w#])setTimeout\(/],
  ['setInterval', /(?<![.\w#])setInterval\(/],
  ['setImmediate', /(?<![.\w#])setImmediate\(/],
  ['Math.random', /\bMath\.random\b/],
  ['randomUUID', /\brandomUUID\b/],
  ['performance.now', /\bperformance\.now\b/],
  ['process.env', /\bprocess\.env\b/],
  ['process.argv', /\bprocess\.argv\b/],
  ['fetch', /(?<![.\w#])fetch\(/],
];

const withoutComments = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');

test('only platform/ and cli/ open a door to the outside', () => {
  const indoors = productSources.filter((s) => !['platform', 'cli'].includes(floorOf(s.path)));
  const found = indoors.flatMap((s) => {
    const code = withoutComments(s.text);
    const globals = bannedGlobals
      .filter(([, pattern]) => pattern.test(code))
      .map(([name]) => `${s.path} uses ${name}`);
    const typeOnly = new RegExp(`import type [^;]*from '(?:node:)?\\w`, 'g');
    const runtime = code.replace(new RegExp(`${typeOnly.source}[^;]*;`, 'g'), '');
    const modules = s.packages
      .filter((p) => bannedModules.test(p) && runtime.includes(`'${p}'`))
      .map((p) => `${s.path} imports ${p}`);
    return [...globals, ...modules];
  });
  expect(found).toEqual([]);
});
