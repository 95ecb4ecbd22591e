import { describe, expect, test } from 'vitest';
import {
  type HttpAnswer,
  type HttpCall,
  type HttpConnector,
  NotConnectedError,
} from '../platform/http-client.ts';
import { Endpoints } from './endpoints.ts';
import { HttpTransport } from './http-transport.ts';

const [a, b, c] = ['https://a:6443', 'https://b:6443', 'https://c:6443'] as const;

test('one server is used until it fails; whoever fails later on the same one changes nothing', () => {
  const endpoints = new Endpoints([a, b]);
  endpoints.failed(a);
  endpoints.failed(a);
  expect(endpoints.current).toBe(b);
  endpoints.failed(b);
  expect(endpoints.current).toBe(a);
});

test('learning keeps the server in use, and an empty list is none', () => {
  const endpoints = new Endpoints([a, b]);
  endpoints.failed(a);
  expect(endpoints.learn([])).toBe(false);
  expect(endpoints.learn([b, a])).toBe(false);
  expect(endpoints.learn([a, c, b])).toBe(true);
  expect(endpoints.current).toBe(b);
  expect(endpoints.learn([c])).toBe(true);
  expect(endpoints.current).toBe(c);
});

test('what a person has named stays behind what is learned', () => {
  const endpoints = new Endpoints([a], { fallbacks: [a] });
  expect(endpoints.all).toEqual([a]);
  expect(endpoints.learn([b, c])).toBe(true);
  expect(endpoints.all).toEqual([b, c, a]);
  expect(endpoints.current).toBe(a);
  endpoints.failed(a);
  expect(endpoints.current).toBe(b);
  expect(endpoints.learn([c])).toBe(true);
  expect(endpoints.all).toEqual([c, a]);
  expect(endpoints.current).toBe(c);
  expect(endpoints.learn([a, c])).toBe(false);
});

type Behaviour = 'well' | 'dead' | 'paused' | 'draining';

const broken: Record<Exclude<Behaviour, 'well'>, Error> = {
  dead: new NotConnectedError(new Error('connect ECONNREFUSED')),
  paused: new Error('no answer within 60000 ms'),
  draining: new Error('the connection broke off before the answer'),
};

/** Servers that behave as told, and what each has been asked. */
function fakes(behaviours: Record<string, Behaviour>) {
  const asked: string[] = [];
  const answer = (origin: string): HttpAnswer => ({
    status: 200,
    headers: {},
    body: async () => Buffer.from(JSON.stringify({ origin })),
    read: () => {},
    abort: () => {},
  });
  const connect: HttpConnector = ({ origin }) => ({
    async call({ method }: HttpCall) {
      asked.push(`${method} ${origin}`);
      const behaviour = behaviours[origin] ?? 'well';
      if (behaviour !== 'well') throw broken[behaviour];
      return answer(origin);
    },
    setTls: () => {},
    close: () => {},
  });
  return { asked, connect };
}

describe('a transport of several servers', () => {
  const make = (behaviours: Record<string, Behaviour>, endpoints = new Endpoints([a, b])) => {
    const { asked, connect } = fakes(behaviours);
    const transport = new HttpTransport({ connect, servers: endpoints, tls: {}, userAgent: 'test' });
    return { asked, endpoints, transport };
  };
  const get = { method: 'GET', path: '/version' } as const;
  const post = { method: 'POST', path: '/things', body: {} } as const;

  test.each(['dead', 'paused', 'draining'] as const)(
    'a read goes on with the next where one is %s',
    async (how) => {
      const { asked, transport, endpoints } = make({ [a]: how });
      expect(await transport.request(get)).toEqual({ origin: b });
      expect(await transport.request(get)).toEqual({ origin: b });
      expect(asked).toEqual([`GET ${a}`, `GET ${b}`, `GET ${b}`]);
      expect(endpoints.current).toBe(b);
    },
  );

  test('a watch goes on with the next', async () => {
    const { asked, transport } = make({ [a]: 'dead' });
    const stream = await transport.watch(get, { onEvent: () => {}, onEnd: () => {} });
    stream.stop();
    expect(asked).toEqual([`GET ${a}`, `GET ${b}`]);
  });

  test('a write that never left is made on the next server', async () => {
    const { asked, transport } = make({ [a]: 'dead' });
    expect(await transport.request(post)).toEqual({ origin: b });
    expect(asked).toEqual([`POST ${a}`, `POST ${b}`]);
  });

  test.each(['paused', 'draining'] as const)(
    'a write to a %s server may have been done: it is told, and the next goes elsewhere',
    async (how) => {
      const { asked, transport } = make({ [a]: how });
      await expect(transport.request(post)).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
      expect(await transport.request(post)).toEqual({ origin: b });
      expect(asked).toEqual([`POST ${a}`, `POST ${b}`]);
    },
  );

  test('all are tried once, and then it is told', async () => {
    const { asked, transport } = make({ [a]: 'dead', [b]: 'paused' });
    await expect(transport.request(get)).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    expect(asked).toEqual([`GET ${a}`, `GET ${b}`]);
  });

  test('what one client learns all know: a server that was added is used, one that was removed no longer', async () => {
    const endpoints = new Endpoints([a]);
    const { asked, transport } = make({ [a]: 'dead' }, endpoints);
    endpoints.learn([a, c]);
    expect(await transport.request(get)).toEqual({ origin: c });
    endpoints.learn([b]);
    expect(await transport.request(get)).toEqual({ origin: b });
    expect(asked).toEqual([`GET ${a}`, `GET ${c}`, `GET ${b}`]);
  });
});
