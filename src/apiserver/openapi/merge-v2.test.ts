import { expect, test } from 'vitest';
import type { DocumentV2 } from './document-v2.ts';
import { mergeV2 } from './merge-v2.ts';

const own: DocumentV2 = {
  swagger: '2.0',
  info: { title: 'Kubernetes', version: 'v1' },
  paths: { '/api/': {} },
  definitions: { Meta: { type: 'object' }, Same: { type: 'string' } },
  parameters: { name: { in: 'path' } },
  securityDefinitions: {},
  security: [],
};
const path = (definition: string, parameter: string) => ({
  get: {
    schema: { $ref: `#/definitions/${definition}` },
    parameters: [{ $ref: `#/parameters/${parameter}` }],
  },
});

test('paths of the version come with what they refer to, under a free name', () => {
  const foreign = {
    paths: {
      '/apis/a.test/v1/things': path('Thing', 'name'),
      '/apis/a.test/v1alpha1/x': path('Other', 'name'),
    },
    definitions: {
      Thing: { properties: { meta: { $ref: '#/definitions/Meta' }, same: { $ref: '#/definitions/Same' } } },
      Meta: { type: 'object', properties: { again: { $ref: '#/definitions/Meta' } } },
      Same: { type: 'string' },
      Other: { type: 'object' },
    },
    parameters: { name: { in: 'query' } },
  };
  const merged = mergeV2(own, foreign as never, '/apis/a.test/v1/');
  expect(Object.keys(merged.paths)).toEqual(['/api/', '/apis/a.test/v1/things']);
  expect(merged.paths['/apis/a.test/v1/things']).toEqual(path('Thing', 'name_v2'));
  expect(merged.definitions).toEqual({
    Meta: { type: 'object' },
    Same: { type: 'string' },
    Thing: { properties: { meta: { $ref: '#/definitions/Meta_v2' }, same: { $ref: '#/definitions/Same' } } },
    Meta_v2: { type: 'object', properties: { again: { $ref: '#/definitions/Meta_v2' } } },
  });
  expect(merged.parameters).toEqual({ name: { in: 'path' }, name_v2: { in: 'query' } });
});

test('a document without anything of the version changes nothing', () => {
  expect(mergeV2(own, {}, '/apis/a.test/v1/')).toEqual(own);
});
