import { describe, expect, test } from 'vitest';
import { allKinds } from '../../src/apiserver/kinds/kinds.ts';
import type { Kind } from '../../src/apiserver/registry/kind.ts';
import { type Arena, openArena } from './arena.ts';
import type { WireReply } from './request.ts';
import { fuzz } from './run.ts';

/** A server that is fine, and one that has the bug planted: the fuzzer must tell them apart. */

const limits = { way: 'local', seed: 1, cpuLimitMs: 60_000 } as const;

async function foundIn(open: () => Promise<Arena>): Promise<string | undefined> {
  const { found } = await fuzz({ ...limits, open, done: ({ requests }) => requests >= 1500 });
  return found;
}

const withHook = (change: (kind: Kind) => Partial<Kind>) => () =>
  openArena(
    'local',
    allKinds.map((kind) => ({ ...kind, ...change(kind) })),
  );

/** An arena that lies about what it was answered or what it did. */
const withReply = (change: (reply: WireReply) => WireReply) => async (): Promise<Arena> => {
  const arena = await openArena('local');
  const channel = {
    send: async (request: Parameters<Arena['channel']['send']>[0]) =>
      change(await arena.channel.send(request)),
  };
  return { ...arena, channel };
};

describe('finds', () => {
  test('a hook that stumbles over one field', async () => {
    const open = withHook((kind) => ({
      validate(object, context) {
        const { labels = {} } = object.metadata;
        if ('t' in labels && !('app' in labels)) throw new TypeError('planted');
        return kind.validate?.(object, context) ?? [];
      },
    }));
    expect(await foundIn(open)).toMatch(/the server was surprised: .*planted/);
  });

  test('a default that is another the second time', async () => {
    const open = withHook((kind) => ({
      defaults(object) {
        kind.defaults?.(object);
        const { annotations } = object.metadata;
        object.metadata.annotations = { ...annotations, n: String(Number(annotations?.n ?? 0) + 1) };
      },
    }));
    expect(await foundIn(open)).toMatch(/PUT .* of what is there made a new version/);
  });

  test('a failure that is no Status', async () => {
    const open = withReply((reply) => (reply.code === 404 ? { ...reply, body: Buffer.from('{}') } : reply));
    expect(await foundIn(open)).toContain('a 404 is no Status');
  });

  test('a failure that is the server’s', async () => {
    const body = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: 500,
      reason: 'x',
      message: 'y',
    };
    const reply = {
      code: 500,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    };
    const open = withReply((given) => (given.code === 422 ? reply : given));
    expect(await foundIn(open)).toContain('answered 500 x: y');
  });

  test('a write that fails and writes', async () => {
    const open = async () => {
      const arena = await openArena('local');
      let code = 200;
      const send: Arena['channel']['send'] = async (request) => {
        const reply = await arena.channel.send(request);
        code = reply.code;
        return reply;
      };
      return {
        ...arena,
        channel: { send },
        takeWrites: () => (code === 422 ? ['/registry/x'] : arena.takeWrites()),
      };
    };
    expect(await foundIn(open)).toContain('a request that failed with 422 wrote /registry/x');
  });

  test('an answer that does not come', async () => {
    const open = async () => {
      const arena = await openArena('local');
      const send: Arena['channel']['send'] = async (request) => {
        if (request.method === 'PATCH') throw new Error('no answer came');
        return arena.channel.send(request);
      };
      return { ...arena, channel: { send } };
    };
    expect(await foundIn(open)).toContain('no answer came');
  });
});

test('the same seed sends the same requests', async () => {
  const once = async () => {
    const targets: string[] = [];
    const open = async () => {
      const arena = await openArena('local');
      const send: Arena['channel']['send'] = (request) => {
        targets.push(`${request.method} ${request.target}`);
        return arena.channel.send(request);
      };
      return { ...arena, channel: { send } };
    };
    await fuzz({ ...limits, open, done: ({ requests }) => requests >= 30 });
    return targets.filter((target) => !target.includes('watch=1')).slice(0, 40);
  };
  const first = await once();
  expect(first.length).toBeGreaterThan(20);
  expect(await once()).toEqual(first);
});
