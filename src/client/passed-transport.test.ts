import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { StatusError } from '../machinery/status-error.ts';
import { deferred } from '../platform/deferred.ts';
import { PassedTransport, passTransport } from './passed-transport.ts';
import { type ApiRequest, type Transport, UnreachableError } from './transport.ts';

const request: ApiRequest = { method: 'GET', path: '/api/v1/namespaces' };

/** What comes of asking through another thread a transport that fails so; watches that fail later end instead. */
async function through(error: Error, { later = false } = {}) {
  const transport: Transport = {
    async request() {
      throw error;
    },
    async watch(_, sink) {
      if (!later) throw error;
      setImmediate(() => sink.onEnd(error));
      return { stop() {} };
    },
  };
  const { port1, port2 } = new MessageChannel();
  const passer = passTransport(port1, transport);
  const passed = new PassedTransport(port2);
  const asked = await rejection(passed.request(request));
  const ended = deferred<Error | undefined>();
  const watching = passed.watch(request, { onEvent() {}, onEnd: ended.resolve });
  const watched = later ? await ended.promise : await rejection(watching);
  passer.close();
  port1.close();
  return { asked, watched };
}

const rejection = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

test.each([false, true])(
  'a server that cannot be reached is one in the other thread too; later: %s',
  async (later) => {
    const { asked, watched } = await through(new UnreachableError('nobody answers'), { later });
    for (const error of [asked, watched]) {
      expect(error).toBeInstanceOf(UnreachableError);
      expect((error as UnreachableError).status).toMatchObject({ code: 503, message: 'nobody answers' });
    }
  },
);

test('what a server says is no such error there', async () => {
  const { asked, watched } = await through(new StatusError(503, 'ServiceUnavailable', 'not now'));
  for (const error of [asked, watched]) {
    expect(error).toBeInstanceOf(StatusError);
    expect(error).not.toBeInstanceOf(UnreachableError);
  }
});
