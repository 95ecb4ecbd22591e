import type { ApiRequest, Transport } from '../../client/transport.ts';

const annotation = 'simulation.k8ts.dev/touched';

/** Changes something that nobody minds about the object of a request, just before the request comes to it. */
export function disturber(
  server: () => Transport | undefined,
): (request: Pick<ApiRequest, 'path'>) => Promise<void> {
  let count = 0;
  return async ({ path }) => {
    await server()
      ?.request({
        method: 'PATCH',
        path: objectPath(path),
        contentType: 'application/merge-patch+json',
        body: { metadata: { annotations: { [annotation]: String(++count) } } },
        cause: { reason: 'another writer is at work' },
      })
      .catch(() => {});
  };
}

/** The path without a subresource. */
function objectPath(path: string): string {
  const [root, ...segments] = path.slice(1).split('/');
  const version = root === 'api' ? 1 : 2;
  const scope = segments[version] === 'namespaces' && segments.length > version + 2 ? 2 : 0;
  return `/${[root, ...segments.slice(0, version + scope + 2)].join('/')}`;
}
