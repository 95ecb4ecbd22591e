import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpdyConnection, type SpdyConnectionOptions } from './connection.ts';
import { type Frame, FrameDecoder, SpdyError, type SpdyHeaders, encodeFrame } from './frames.ts';
import { HeaderDecoder, HeaderEncoder } from './header-block.ts';
import type { SpdyStream } from './stream.ts';

const id = fc.integer({ min: 1, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b));
const fin = fc.boolean();
const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant('data' as const), streamId: id, fin, data: bytes }),
  fc.record({
    type: fc.constant('synStream' as const),
    streamId: id,
    fin,
    unidirectional: fc.boolean(),
    priority: fc.integer({ min: 0, max: 7 }),
    block: bytes,
  }),
  fc.record({
    type: fc.constantFrom('synReply' as const, 'headers' as const),
    streamId: id,
    fin,
    block: bytes,
  }),
  fc.record({ type: fc.constant('rstStream' as const), streamId: id, status: word }),
  fc.record({ type: fc.constant('ping' as const), id: word }),
  fc.record({ type: fc.constant('goAway' as const), lastStreamId: id, status: word }),
  fc.record({
    type: fc.constant('windowUpdate' as const),
    streamId: id,
    delta: fc.integer({ min: 1, max: 0x7fffffff }),
  }),
  fc.record({
    type: fc.constant('settings' as const),
    entries: fc.array(fc.record({ id: fc.integer({ min: 0, max: 0xffffff }), value: word }), {
      maxLength: 4,
    }),
  }),
);

describe('frames', () => {
  test('are read back, however they were cut on the way', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (frames, step) => {
        const wire = Buffer.concat(frames.map(encodeFrame));
        const decoder = new FrameDecoder();
        const back: Frame[] = [];
        for (let at = 0; at < wire.length; at += step)
          back.push(...decoder.push(wire.subarray(at, at + step)));
        expect(back).toEqual(frames);
      }),
    );
  });

  test('have the layout of the SPDY/3.1 draft', () => {
    expect(
      encodeFrame({ type: 'data', streamId: 5, fin: true, data: Buffer.from('hi') }).toString('hex'),
    ).toBe('00000005010000026869');
    expect(encodeFrame({ type: 'rstStream', streamId: 3, status: 5 }).toString('hex')).toBe(
      '80030003000000080000000300000005',
    );
    const open = { type: 'synStream', streamId: 1, fin: false, unidirectional: true, priority: 7 } as const;
    expect(encodeFrame({ ...open, block: Buffer.from([9]) }).toString('hex')).toBe(
      '800300010200000b0000000100000000e00009',
    );
  });

  test('of other versions, too long or too short end the connection; unknown ones are skipped', () => {
    expect(() => new FrameDecoder().push(Buffer.from('8002000600000004', 'hex').fill(0, 8))).not.toThrow();
    expect(() => new FrameDecoder().push(Buffer.from('800200060000000400000001', 'hex'))).toThrow(SpdyError);
    expect(() => new FrameDecoder().push(Buffer.from('0000000100ffffff', 'hex'))).toThrow(/too long/);
    expect(() => new FrameDecoder().push(Buffer.from('8003000100000000', 'hex'))).toThrow(/too short/);
    expect(new FrameDecoder().push(Buffer.from('800300050000000400000001', 'hex'))).toEqual([]);
  });

  test('random bytes never do worse than a SpdyError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        try {
          new FrameDecoder().push(Buffer.from(data));
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });
});

describe('header blocks', () => {
  test('are read back, one after the other', async () => {
    const encoder = new HeaderEncoder();
    const decoder = new HeaderDecoder();
    const blocks: SpdyHeaders[] = [
      { streamtype: 'stdin' },
      {},
      { port: '80', requestid: '0' },
      { a: 'ü'.repeat(9000) },
    ];
    for (const headers of blocks) {
      expect({ ...(await decoder.decode(encoder.encode(headers))) }).toEqual(headers);
    }
    decoder.close();
  });

  test('that another implementation compressed with the dictionary are read', async () => {
    // By zlib at level 9 with the dictionary in Debian's containerd, each flushed with Z_SYNC_FLUSH.
    const first = '78f9e3c6a7c202e50e703a2b294a4dcc851625aca9a080c652c670211c07000000ffff';
    const second = 'c2aa1198d453f2c125381e9d00000000ffff';
    const decoder = new HeaderDecoder();
    const common = { 'content-type': 'text/plain' };
    expect({ ...(await decoder.decode(Buffer.from(first, 'hex'))) }).toEqual({
      streamtype: 'error',
      ...common,
    });
    expect({ ...(await decoder.decode(Buffer.from(second, 'hex'))) }).toEqual({
      streamtype: 'stdout',
      ...common,
    });
    decoder.close();
  });

  test('that lie about their length, or are bombs, are refused', async () => {
    await expect(new HeaderDecoder().decode(Buffer.from('nonsense'))).rejects.toThrow(SpdyError);
    const encoder = new HeaderEncoder();
    const good = encoder.encode({ a: 'b' });
    const lying = Buffer.from(good);
    lying[6 + 5 + 3] = 9;
    await expect(new HeaderDecoder().decode(lying)).rejects.toThrow(/shorter than it tells/);
    expect(() => encoder.encode({ a: 'x'.repeat(70_000) })).toThrow(/too many headers/);
  });
});

/** All that a stream gives; unlike node:stream/consumers, leaves its other direction open. */
function text(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => stream.on('end', () => resolve(Buffer.concat(chunks).toString())));
}

/** Two ends of a wire. */
function wire(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read() {},
        write: (chunk, _encoding, done) => {
          ends[other]?.push(chunk);
          setImmediate(done);
        },
        final: (done) => {
          ends[other]?.push(null);
          done();
        },
      }),
    );
  }
  return ends as [Duplex, Duplex];
}

function pair(server: Omit<SpdyConnectionOptions, 'role'> = {}) {
  const [a, b] = wire();
  const opened: { stream: SpdyStream; headers: SpdyHeaders }[] = [];
  const waiting: ((entry: (typeof opened)[number]) => void)[] = [];
  const onStream = (stream: SpdyStream, headers: SpdyHeaders) => {
    const entry = { stream, headers };
    const next = waiting.shift();
    if (next) next(entry);
    else opened.push(entry);
    return true;
  };
  const next = () =>
    new Promise<(typeof opened)[number]>((resolve) => {
      const entry = opened.shift();
      if (entry) resolve(entry);
      else waiting.push(resolve);
    });
  return {
    client: new SpdyConnection(a, { role: 'client' }),
    server: new SpdyConnection(b, { role: 'server', onStream, ...server }),
    next,
  };
}

describe('connection', () => {
  test('streams carry bytes both ways and close one direction at a time', async () => {
    const { client, server, next } = pair();
    const mine = client.openStream({ streamtype: 'stdin' });
    mine.end('question');
    const { stream, headers } = await next();
    expect(headers).toMatchObject({ streamtype: 'stdin' });
    expect(await text(stream)).toBe('question');
    stream.end('answer');
    expect(await text(mine)).toBe('answer');
    await expect(mine.replied).resolves.toBeDefined();
    client.close();
    await expect(server.closed).resolves.toBeUndefined();
  });

  test('a refused stream says so', async () => {
    const { client } = pair({ onStream: () => false });
    const mine = client.openStream({});
    await expect(mine.replied).rejects.toThrow(/reset the stream with status 3/);
    expect(await text(mine)).toBe('');
    expect(mine.resetBy).toBe(3);
    client.close();
  });

  test('more streams than allowed are refused', async () => {
    const { client, next } = pair({ maxStreams: 1 });
    const [one, two] = [client.openStream({}), client.openStream({})];
    await next().catch(() => {});
    await expect(two.replied).rejects.toThrow(/status 3/);
    await expect(one.replied).resolves.toBeDefined();
    client.close();
  });

  test('what came before a reset can be read, what is written after it is dropped', async () => {
    const { client, next } = pair();
    const mine = client.openStream({});
    const { stream } = await next();
    await new Promise<void>((resolve) => stream.write('last words', () => resolve()));
    stream.destroy();
    expect(await text(mine)).toBe('last words');
    expect(mine.resetBy).toBe(5);
    await new Promise<void>((resolve) => mine.end('too late', resolve));
    client.close();
  });

  test('what is written after a reset is dropped too while nobody has read what came before it', async () => {
    const { client, next } = pair();
    const mine = client.openStream({});
    const { stream } = await next();
    await new Promise<void>((resolve) => stream.write('last words', () => resolve()));
    stream.destroy();
    await expect.poll(() => mine.resetBy).toBe(5);
    const failed: Error[] = [];
    mine.on('error', (error) => failed.push(error));
    const dropped = (say: (done: (error?: Error | null) => void) => void) =>
      new Promise<Error | null | undefined>(say);
    expect(await dropped((done) => mine.write('too late', done))).toBeFalsy();
    expect(await dropped((done) => mine.end('too late', 'utf8', done))).toBeFalsy();
    expect(await text(mine)).toBe('last words');
    expect(failed).toEqual([]);
    client.close();
  });

  test('a lost connection ends all streams', async () => {
    const [a, b] = wire();
    const client = new SpdyConnection(a, { role: 'client' });
    const mine = client.openStream({});
    b.resume().end();
    expect(await text(mine)).toBe('');
    await expect(client.closed).resolves.toBeUndefined();
    expect(() => client.openStream({})).toThrow(/closed/);
  });

  test('what came before a connection broke can be read, though its readers were slow', async () => {
    const [a, b] = wire();
    const client = new SpdyConnection(a, { role: 'client' });
    const mine = client.openStream({});
    const frame = (data: Buffer) => encodeFrame({ type: 'data', streamId: mine.id, fin: false, data });
    const part = Buffer.alloc(300_000, '.');
    b.write(frame(part));
    await expect.poll(() => mine.readableLength).toBe(part.length);
    a.push(frame(Buffer.from('last words')));
    setImmediate(() => a.destroy(new Error('read ECONNRESET')));
    await new Promise((resolve) => a.once('close', resolve));
    expect((await text(mine)).slice(part.length)).toBe('last words');
    expect(await client.closed).toMatchObject({ message: 'read ECONNRESET' });
  });

  test('a peer that breaks the rules is sent away', async () => {
    const [a, b] = wire();
    const server = new SpdyConnection(a, { role: 'server', onStream: () => true });
    const block = new HeaderEncoder().encode({});
    const even: Frame = {
      type: 'synStream',
      streamId: 2,
      fin: false,
      unidirectional: false,
      priority: 0,
      block,
    };
    b.write(encodeFrame(even));
    expect(await server.closed).toBeInstanceOf(SpdyError);
  });

  test.each<[string, (i: number, encoder: HeaderEncoder) => Frame]>([
    ['asks whether it is heard', (i) => ({ type: 'ping', id: 2 * i + 1 })],
    [
      'opens streams that are refused',
      (i, encoder) => {
        const block = encoder.encode({ a: 'b' });
        return {
          type: 'synStream',
          streamId: 2 * i + 1,
          fin: false,
          unidirectional: false,
          priority: 0,
          block,
        };
      },
    ],
  ])('a peer that %s and takes no answer is not read from any further', async (_what, frame) => {
    const written: Buffer[] = [];
    // Takes what is written to it and never says so, as a socket whose other end does not read.
    const socket = new Duplex({ read() {}, write: (chunk) => void written.push(chunk) });
    const connection = new SpdyConnection(socket, { role: 'server', onStream: () => false });
    const encoder = new HeaderEncoder();
    for (let i = 0; i < 5000; i++) socket.push(encodeFrame(frame(i, encoder)));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(socket.writableLength).toBeGreaterThan(0);
    expect(socket.writableLength).toBeLessThan(2 * socket.writableHighWaterMark);
    socket.destroy();
    await connection.closed;
  });

  test('a reader that does not read holds the peer back', async () => {
    const { client, server, next } = pair();
    const mine = client.openStream({});
    const { stream } = await next();
    const chunk = Buffer.alloc(64 * 1024);
    const total = 64;
    for (let i = 0; i < total; i++) stream.write(chunk);
    stream.end();
    await mine.replied;
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(mine.readableLength).toBeLessThan(512 * 1024);
    let got = 0;
    for await (const part of mine) got += (part as Buffer).length;
    expect(got).toBe(total * chunk.length);
    client.close();
    await server.closed;
  });
});
