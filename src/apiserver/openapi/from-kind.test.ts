import { expect, test } from 'vitest';
import type { CustomResourceDefinitionVersion } from '../../api/apiextensions/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { customKind } from '../extensions/custom-kind.ts';
import { widgets } from '../extensions/testing.ts';
import type { Kind } from '../registry/kind.ts';
import { openApiResource } from './from-kind.ts';

const kind = (more: Partial<Kind>): Kind => ({ resource: pods as Resource, columns: [], ...more });
const options = (name: string) => `io.k8s.api.core.v1.${name}`;
const core = (name: string) => ({ group: '', version: 'v1', kind: name });

test('streams connect by the methods of their verbs, and take their options as parameters', () => {
  const streams = { exec: { kind: 'PodExecOptions', verbs: ['get', 'create'] } };
  expect(openApiResource(kind({ streams })).subresources).toEqual([
    {
      name: 'exec',
      verbs: [],
      kind: core('PodExecOptions'),
      connect: ['GET', 'POST'],
      trailingPath: false,
      options: options('PodExecOptions'),
    },
  ]);
});

test('what can be deleted too is a proxy: every method, and a path', () => {
  const verbs = ['create', 'delete', 'get', 'patch', 'update'];
  const [proxy] = openApiResource(
    kind({ streams: { proxy: { kind: 'PodProxyOptions', verbs } } }),
  ).subresources;
  expect(proxy).toMatchObject({ trailingPath: true, options: options('PodProxyOptions') });
  expect(proxy?.connect?.toSorted()).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
});

test('a stream of the kind itself is text', () => {
  const streams = { log: { kind: 'Pod', verbs: ['get'] } };
  expect(openApiResource(kind({ streams })).subresources).toEqual([
    { name: 'log', verbs: ['get'], kind: core('Pod'), text: true, options: options('PodLogOptions') },
  ]);
});

test('a custom resource is named after its group, and has the schema it is given', () => {
  const resource: Resource<KubernetesObject> = {
    ...(pods as Resource),
    group: 'stable.example.com',
    kind: 'CronTab',
    plural: 'crontabs',
    type: '',
  };
  const schema = { type: 'object' };
  expect(openApiResource(kind({ resource }), { schema })).toMatchObject({
    type: 'com.example.stable.v1.CronTab',
    custom: true,
    schema,
  });
});

test('a custom resource says the kind of its lists and by which fields its objects are selected', () => {
  const definition = widgets({
    v1: {
      properties: { spec: { type: 'object', properties: { color: { type: 'string' } } } },
      selectableFields: [{ jsonPath: '.spec.color' }],
    },
  });
  definition.status = { acceptedNames: { plural: 'widgets', kind: 'Widget', listKind: 'Widgets' } };
  const [version] = definition.spec.versions;
  const webhook = () => Promise.reject(new Error('nothing is converted'));
  const made = customKind(definition, version as CustomResourceDefinitionVersion, webhook);
  expect(openApiResource(made)).toMatchObject({ listKind: 'Widgets', selectableFields: ['spec.color'] });
});

test('subresources of a view are those of the kind behind it', () => {
  const stored = kind({ status: {} });
  const { verbs, subresources } = openApiResource(kind({ verbs: ['get'] }), { stored });
  expect(verbs).toEqual(['get']);
  expect(subresources.map(({ name }) => name)).toEqual(['status']);
});
