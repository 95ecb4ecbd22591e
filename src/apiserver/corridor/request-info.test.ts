import { describe, expect, test } from 'vitest';
import { isLongRunning, parseRequestInfo, splitTarget } from './request-info.ts';

const info = (method: string, target: string) => {
  const { path, query } = splitTarget(target);
  return parseRequestInfo(method, path, query);
};

/** Verb, group/version, namespace, resource, subresource, name and rest, where they are not empty. */
const brief = (method: string, target: string) => {
  const { verb, group, version, namespace, resource, subresource, name, rest } = info(method, target);
  return [verb, `${group}/${version}`, namespace, resource, subresource, name, rest].join(' ').trim();
};

describe('resources', () => {
  test.each([
    ['GET', '/api/v1/namespaces', 'list /v1  namespaces'],
    ['GET', '/api/v1/namespaces/other', 'get /v1 other namespaces  other'],
    ['GET', '/api/v1/namespaces/other/pods', 'list /v1 other pods'],
    ['GET', '/api/v1/namespaces/other/pods/foo', 'get /v1 other pods  foo'],
    ['HEAD', '/api/v1/namespaces/other/pods/foo', 'get /v1 other pods  foo'],
    ['GET', '/api/v1/pods', 'list /v1  pods'],
    ['HEAD', '/api/v1/pods', 'list /v1  pods'],
    ['GET', '/api/v1/pods?watch=true', 'watch /v1  pods'],
    ['GET', '/api/v1/pods?watch=1', 'watch /v1  pods'],
    ['GET', '/api/v1/pods?watch=false', 'list /v1  pods'],
    ['GET', '/api/v1/pods?watch=0', 'list /v1  pods'],
    ['GET', '/api/v1/pods?watch=', 'watch /v1  pods'],
    ['GET', '/api/v1/namespaces/other/pods/foo?watch=true', 'get /v1 other pods  foo'],
    ['GET', '/api/v1/watch/pods', 'watch /v1  pods'],
    ['GET', '/api/v1/watch/namespaces/other/pods', 'watch /v1 other pods'],
    ['GET', '/api/v1/watch/namespaces/other/pods/foo', 'watch /v1 other pods  foo'],
    ['GET', '/api/v1/namespaces/other/pods/foo/status', 'get /v1 other pods status foo'],
    ['PUT', '/api/v1/namespaces/other/finalize', 'update /v1 other namespaces finalize other'],
    ['PUT', '/api/v1/namespaces/other/status', 'update /v1 other namespaces status other'],
    ['POST', '/api/v1/namespaces/other/pods', 'create /v1 other pods'],
    ['PATCH', '/api/v1/namespaces/other/pods/foo', 'patch /v1 other pods  foo'],
    ['DELETE', '/api/v1/namespaces/other/pods/foo', 'delete /v1 other pods  foo'],
    ['DELETE', '/api/v1/namespaces/other/pods', 'deletecollection /v1 other pods'],
    ['GET', '/api/v1/namespaces/other/pods/foo/proxy/a/b', 'get /v1 other pods proxy foo a/b'],
    ['GET', '/api/v1/proxy/namespaces/other/pods/foo', 'proxy /v1 other pods  foo'],
    [
      'GET',
      '/apis/apps/v1/namespaces/other/deployments/foo/scale',
      'get apps/v1 other deployments scale foo',
    ],
    ['GET', '/apis/apps/v1/deployments/', 'list apps/v1  deployments'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dfoo', 'list /v1  pods  foo'],
    ['GET', '/api/v1/pods?fieldSelector=a!%3Db,metadata.name%3D%3Dfoo', 'list /v1  pods  foo'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dfoo,metadata.name%3Dbar', 'list /v1  pods  bar'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name!%3Dfoo', 'list /v1  pods'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb', 'list /v1  pods'],
    ['OPTIONS', '/api/v1/pods', '/v1  pods'],
    ['constructor', '/api/v1/pods', '/v1  pods'],
    ['GET', '/api/v1/nodes/a%3Ab', 'get /v1  nodes  a:b'],
  ])('%s %s: %s', (method, target, expected) => {
    expect(brief(method, target)).toBe(expected);
    expect(info(method, target).isResource).toBe(true);
  });
});

test('a name with blanks in it is read in one pass: this comes before it is known who asks', () => {
  const blanks = ' '.repeat(60_000);
  const selector = encodeURIComponent(`metadata.name =${blanks}a${blanks}b${blanks}`);
  expect(info('GET', `/api/v1/pods?fieldSelector=${selector}`).name).toBe(`a${blanks}b`);
});

describe('other paths', () => {
  test.each([
    '/',
    '/api',
    '/api/v1',
    '/api/v1/',
    '/apis',
    '/apis/apps',
    '/apis/apps/v1',
    '/healthz',
    '/version/x/y/z',
    '',
  ])('%s', (path) => {
    expect(info('GET', path)).toMatchObject({ isResource: false, verb: 'get', path, resource: '' });
  });

  test('a verb without what it is about, and escapes that are none, are bad requests', () => {
    expect(() => info('GET', '/api/v1/watch')).toThrow('unable to determine kind and namespace');
    expect(() => splitTarget('/api/%zz')).toThrow('invalid URL escape');
  });
});

test('what may last', () => {
  const long = (target: string) => isLongRunning(info('GET', target));
  expect(long('/api/v1/pods?watch=1')).toBe(true);
  expect(long('/api/v1/namespaces/a/pods/b/log')).toBe(true);
  expect(long('/api/v1/namespaces/a/pods/b/exec')).toBe(true);
  expect(long('/api/v1/pods')).toBe(false);
  expect(long('/api/v1/namespaces/a/pods/b/status')).toBe(false);
});
