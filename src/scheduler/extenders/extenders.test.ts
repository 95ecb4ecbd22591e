import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import type { ClientTls } from '../../platform/http-client.ts';
import type { HttpPost } from '../../platform/http-post.ts';
import { silentLog } from '../../platform/log.ts';
import { nodeInfo } from '../cache/node-info.ts';
import { parseExtenders } from '../configuration/extenders.ts';
import { Extender } from './extender.ts';
import { Extenders } from './extenders.ts';

const { signal } = new AbortController();

function extendersOf(extenders: object[], seen: ClientTls[] = []): Promise<Extenders> {
  const poster = (tls: ClientTls) => {
    seen.push(tls);
    return { post: () => Promise.reject(new Error('no')), close() {} };
  };
  const readText = (path: string) =>
    path === '/none' ? Promise.reject(new Error('no such file')) : Promise.resolve(`text of ${path}`);
  const means = { poster, files: { readText } };
  return Extenders.open(parseExtenders({ extenders }), means, { signal, log: silentLog });
}

const podWith = (resources: object, at: 'containers' | 'initContainers' = 'containers') =>
  ({ metadata: { name: 'p' }, spec: { containers: [], [at]: [{ name: 'c', resources }] } }) as unknown as Pod;

describe('extenders', () => {
  test('have their certificates read once', async () => {
    const seen: ClientTls[] = [];
    const tlsConfig = { caFile: '/ca', certFile: '/cert', keyData: 'a2V5', serverName: 's' };
    await extendersOf([{ tlsConfig }, { enableHTTPS: true }], seen);
    const first = { ca: 'text of /ca', cert: 'text of /cert', key: 'key', serverName: 's', insecure: false };
    expect(seen).toMatchObject([first, { insecure: true }]);
    await expect(extendersOf([{ tlsConfig: { caFile: '/none' } }])).rejects.toThrow('no such file');
  });

  test('have a word in decisions on pods that want what they manage', async () => {
    const extenders = await extendersOf([
      { filterVerb: 'f', managedResources: [{ name: 'x.io/a' }] },
      { preemptVerb: 'p', managedResources: [{ name: 'x.io/b' }] },
      { bindVerb: 'b' },
    ]);
    const countsOf = (pod: Pod) => {
      const interested = extenders.interestedIn(pod);
      return interested && [interested.filters, interested.preemptors].map((list) => list.length);
    };
    expect(countsOf(podWith({}))).toBeUndefined();
    expect(countsOf(podWith({ requests: { cpu: '1', 'x.io/a': '1' } }))).toEqual([1, 0]);
    expect(countsOf(podWith({ limits: { 'x.io/b': '1' } }, 'initContainers'))).toEqual([0, 1]);
  });
});

describe('an answer', () => {
  const node = (name: string) =>
    nodeInfo({ metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '' }, spec: {} }, []);

  function extender(text: string, configuration: object = {}): Extender {
    const all = { filterVerb: 'f', prioritizeVerb: 'p', weight: 2, urlPrefix: 'http://x/', ...configuration };
    const [parsed] = parseExtenders({ extenders: [all] });
    const posts: HttpPost[] = [];
    const post = (what: HttpPost) => {
      posts.push(what);
      return Promise.resolve({ status: 200, text });
    };
    return new Extender(parsed as NonNullable<typeof parsed>, { post, close() {} }, signal);
  }

  const filter = async (text: string, configuration?: object) =>
    (await extender(text, configuration).filter(podWith({}), [node('a'), node('b')])).nodes.map(
      ({ name }) => name,
    );

  test('counts in names only where names were sent, and leaves no node where it names none', async () => {
    const nodes = '"Nodes": { "items": [{ "metadata": { "name": "b" } }] }';
    expect(await filter(`{ "NodeNames": ["a"], ${nodes} }`)).toEqual(['b']);
    expect(await filter(`{ "NodeNames": ["a"], ${nodes} }`, { nodeCacheCapable: true })).toEqual(['a']);
    expect(await filter(`{ "nodenames": null, ${nodes} }`, { nodeCacheCapable: true })).toEqual(['b']);
    expect(await filter('{}')).toEqual([]);
    expect(await filter('null')).toEqual([]);
  });

  test('that is not what it should be is an error', async () => {
    await expect(filter('[]')).rejects.toThrow(/must be an object/);
    await expect(filter('{ "FailedNodes": { "a": 1 } }')).rejects.toThrow(/FailedNodes must be a string/);
    await expect(filter('no JSON')).rejects.toThrow(/JSON/);
    const scores = (text: string) => extender(text).prioritize(podWith({}), [node('a')]);
    await expect(scores('[{ "Host": "a", "Score": 1.5 }]')).rejects.toThrow(/Score must be a whole number/);
    await expect(scores('{}')).rejects.toThrow(/must be a list/);
    expect([...(await scores('[{ "host": "a", "score": 3 }]'))]).toEqual([['a', 60]]);
    expect([...(await scores('null'))]).toEqual([]);
  });
});
