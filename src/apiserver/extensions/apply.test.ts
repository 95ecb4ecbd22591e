import { describe, expect, test } from 'vitest';
import type { JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { createCustomCluster, widgets } from './testing.ts';

// Server-side apply of custom resources, case by case as upstream tries it (test/integration/apiserver/apply/apply_crd_test.go).

const causesOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    ({ status }: StatusError) => [status.reason, status.details?.causes?.length],
  );

const port = { containerPort: { type: 'integer', format: 'int32' }, name: { type: 'string' } };
const portsOf = (protocol: JSONSchemaProps, required: string[]): JSONSchemaProps => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
  items: { type: 'object', properties: { ...port, protocol }, required },
});

async function cluster(spec: JSONSchemaProps | undefined) {
  const { define, api } = await createCustomCluster();
  const open = { root: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const { v1 } = await define(widgets({ v1: spec ? { properties: { spec } } : open }));
  const resource = v1!;
  const typed = { apiVersion: 'example.com/v1', kind: 'Widget' };
  const apply = (fieldManager: string, body: object, query: Record<string, string> = {}) =>
    api.object('patch', resource, {
      name: 'x',
      mediaType: 'application/apply-patch+yaml',
      query: { fieldManager, ...query },
      body: { ...typed, metadata: { name: 'x' }, ...body },
    });
  const merge = (body: object) =>
    api.object('patch', resource, { name: 'x', mediaType: 'application/merge-patch+json', body });
  return { api, resource, apply, merge };
}

describe('custom resources are applied', () => {
  test('without a schema as maps in maps', async () => {
    const { apply, merge } = await cluster(undefined);
    await apply('a', { spec: { replicas: 1 } });
    expect(await merge({ spec: { replicas: 5 } })).toMatchObject({ spec: { replicas: 5 } });
    expect(await causesOf(apply('a', { spec: { replicas: 1 } }))).toEqual(['Conflict', 1]);
    const forced = await apply('a', { spec: { replicas: 1 } }, { force: 'true' });
    expect(forced).toMatchObject({ spec: { replicas: 1 } });
  });

  test('as their schema says, lists by their keys and finalizers as a set', async () => {
    const { apply, merge } = await cluster({
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: {
        cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
        ports: portsOf({ type: 'string' }, ['containerPort', 'protocol']),
      },
    });
    const metadata = (...finalizers: string[]) => ({ name: 'x', finalizers });
    const ports = [{ name: 'x', containerPort: 80, protocol: 'TCP' }];
    const body = { metadata: metadata('e.com/a'), spec: { cronSpec: '* * * * */5', replicas: 1, ports } };
    await apply('a', body);
    await merge({ metadata: { finalizers: ['e.com/a', 'e.com/b'] } });
    expect((await apply('a', body)).metadata.finalizers).toEqual(['e.com/a', 'e.com/b']);
    await merge({ spec: { replicas: 5 } });
    expect(await causesOf(apply('a', body))).toEqual(['Conflict', 1]);
    await apply('a', body, { force: 'true' });
    const renamed = { ports: [{ name: 'y', containerPort: 80, protocol: 'TCP' }] };
    expect(await causesOf(apply('b', { spec: renamed }))).toEqual(['Conflict', 1]);
    const more = await apply('b', { spec: { ports: [{ name: 'y', containerPort: 8080, protocol: 'TCP' }] } });
    expect(more).toMatchObject({ spec: { ports: { length: 2 } } });
  });

  test('with the default of a key where it is not given', async () => {
    const { apply } = await cluster({
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { ports: portsOf({ type: 'string', default: 'TCP' }, ['containerPort']) },
    });
    await apply('a', { spec: { replicas: 1, ports: [{ name: 'x', containerPort: 80 }] } });
    const renamed = { ports: [{ name: 'y', containerPort: 80, protocol: 'TCP' }] };
    expect(await causesOf(apply('b', { spec: renamed }))).toEqual(['Conflict', 1]);
  });

  test('without a write where all that is new is a default within one piece', async () => {
    const { api, apply } = await cluster({
      type: 'object',
      properties: {
        infrastructureRef: {
          type: 'object',
          'x-kubernetes-map-type': 'atomic',
          properties: {
            name: { type: 'string' },
            namespace: { type: 'string', default: 'default-namespace' },
          },
        },
      },
    });
    const before = await apply('a', { spec: { infrastructureRef: { name: 'machine-1\n' } } });
    await api.clock.advance(1000);
    const after = await apply('a', { spec: { infrastructureRef: { name: 'machine-1\n' } } });
    expect(after).toEqual(before);
  });

  test('and are not made by an update', async () => {
    const { api, resource } = await cluster(undefined);
    const body = { metadata: { name: 'none' } };
    await expect(api.send('update', resource, { name: 'none', body })).rejects.toMatchObject({
      status: { code: 404 },
    });
  });
});
