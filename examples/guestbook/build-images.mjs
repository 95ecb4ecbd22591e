#!/usr/bin/env node
// Builds the images of the guestbook as OCI archives, without a registry: from the redis and busybox of Debian's
// packages and from the Node.js that runs this script. Usage: build-images.mjs [DIRECTORY]
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { baseEntries, buildImage, busyboxEntries, programEntries, uniqueEntries } = await import(
  'k8ts/images'
);

// redis-server is another name of the same program, without the package that starts a service.
const redis = ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'].find((path) => existsSync(path));

const recipes = {
  'guestbook-redis.tar': async () => {
    if (!redis) throw new Error('redis is not installed: apt-get install redis-tools');
    return {
      name: 'k8ts.local/guestbook-redis:1',
      layers: [
        uniqueEntries([...baseEntries, ...(await busyboxEntries())]),
        uniqueEntries([...(await programEntries(redis, '/usr/bin/redis-server')), { path: '/data/' }]),
      ],
      defaults: { entrypoint: ['/usr/bin/redis-server'], workingDir: '/data', exposedPorts: ['6379/tcp'] },
    };
  },
  'guestbook-frontend.tar': async () => ({
    name: 'k8ts.local/guestbook-frontend:1',
    layers: [
      uniqueEntries([...baseEntries, ...(await busyboxEntries())]),
      uniqueEntries(await programEntries(process.execPath, '/usr/bin/node')),
      [{ path: '/app/frontend.mjs', source: join(here, 'frontend.mjs') }],
    ],
    defaults: { entrypoint: ['/usr/bin/node', '/app/frontend.mjs'], exposedPorts: ['8080/tcp'] },
  }),
};

const directory = process.argv[2] ?? join(here, 'images');
mkdirSync(directory, { recursive: true });
const age = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
for (const [file, recipe] of Object.entries(recipes)) {
  const path = join(directory, file);
  const sources = ['frontend.mjs', 'build-images.mjs'].map((name) => age(join(here, name)));
  if (age(path) <= Math.max(...sources)) await buildImage(path, await recipe());
  console.log(path);
}
