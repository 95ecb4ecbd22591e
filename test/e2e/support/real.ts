import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  baseEntries,
  buildImage,
  busyboxEntries,
  programEntries,
  uniqueEntries,
} from '../../../src/cluster/images.ts';
import { root } from './clients.ts';
import { runToEnd } from './commands.ts';

/** Why nodes with real containers cannot run here; undefined where they can. */
export function whyNoRealNodes(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const doctor = spawnSync(process.execPath, [join(root, 'bin', 'k8ts'), 'doctor'], { encoding: 'utf8' });
  return doctor.status === 0 ? undefined : 'k8ts doctor says that this machine lacks something';
}

/** A shell and its tools, as an image of which containers of tests are made. */
export const shellImage = 'k8ts.local/shell:1';

/** Writes the archive of the shell's image, once, and gives its path. */
export async function shellArchive(): Promise<string> {
  const directory = join(root, 'node_modules', '.cache', 'images');
  const path = join(directory, 'shell-1.tar');
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    const layers = [uniqueEntries([...baseEntries, ...(await busyboxEntries())])];
    await buildImage(path, { name: shellImage, layers, defaults: { entrypoint: ['/bin/sh'] } });
  }
  return path;
}

/** The same with Node.js, for what the shell's tools cannot ask. */
export const scriptImage = 'k8ts.local/script:1';

/** Writes the archive of that image, once for each Node.js, and gives its path. */
export async function scriptArchive(): Promise<string> {
  const directory = join(root, 'node_modules', '.cache', 'images');
  const path = join(directory, `script-1-${process.version}.tar`);
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    const program = await programEntries(process.execPath, '/bin/node');
    const layers = [uniqueEntries([...baseEntries, ...(await busyboxEntries()), ...program])];
    await buildImage(path, { name: scriptImage, layers, defaults: { entrypoint: ['/bin/sh'] } });
  }
  return path;
}

/** Ends a shell script in a way that ends on SIGTERM. */
export const untilStopped = "trap 'exit 0' TERM; sleep 100000 & wait";

/** A container that runs a shell script. */
export const shell = (script: string, more: object = {}) => ({
  name: 'main',
  image: shellImage,
  command: ['sh', '-c', script],
  ...more,
});

/** A pod with one container that runs a script; by default until it is stopped. */
export const shellPod = (
  name: string,
  script: string = untilStopped,
  more: { labels?: Record<string, string>; container?: object; spec?: object } = {},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...(more.labels ? { labels: more.labels } : {}) },
  spec: { containers: [shell(script, more.container)], terminationGracePeriodSeconds: 2, ...more.spec },
});

/** A script that answers HTTP requests on a port with the pod's name, until it is stopped. */
export const answersItsName = (port = 8080) =>
  `mkdir -p /www; hostname > /www/index.html; httpd -p ${port} -h /www; ${untilStopped}`;

/**
 * An answer over HTTP of one of a running cluster's own nodes. Refuses any address that does not lie behind the
 * cluster's link: nothing a test says may leave the machine.
 */
export async function ask(url: string, init: RequestInit = {}): Promise<string> {
  const { hostname } = new URL(url);
  const route = await runToEnd('ip', ['-o', 'route', 'get', hostname]);
  if (!/ dev k8ts-[0-9a-f]{6} /.test(route.stdout))
    throw new Error(`${hostname} is not behind a cluster's link`);
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(5000) });
  return (await response.text()).trim();
}

/** Processes of this machine whose control groups, or whose command, hold a text. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const cgroups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
        return cgroups.includes(text) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** What a cluster with this id has on this machine, in words. */
export async function tracesOf(id: string): Promise<string[]> {
  const lines = (text: string) => text.split('\n').filter((line) => line.includes(id));
  const links = await runToEnd('ip', ['-o', 'link']);
  const tables = await runToEnd('nft', ['list', 'tables']);
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  const cgroups = readdirSync('/sys/fs/cgroup').flatMap((name) => {
    const path = `/sys/fs/cgroup/${name}`;
    return statSync(path).isDirectory()
      ? [path, ...readdirSync(path).map((inner) => `${path}/${inner}`)]
      : [];
  });
  return [
    ...lines(links.stdout),
    ...lines(tables.stdout),
    ...namespaces.filter((name) => name.includes(id)),
    ...lines(readFileSync('/proc/self/mountinfo', 'utf8')),
    ...cgroups.filter((path) => path.includes(id)),
    ...processesWith(`k8ts-${id}`).map((pid) => `process ${pid}`),
    ...(existsSync(`/run/k8ts/${id}`) ? [`/run/k8ts/${id}`] : []),
  ];
}
