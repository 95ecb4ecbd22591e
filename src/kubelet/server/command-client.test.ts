import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { type CommandClient, serveCommand } from './command-client.ts';

test('a client that is slow to take the output is told the end after all of it', async () => {
  const stdout = new PassThrough();
  const taken: string[] = [];
  const client: CommandClient = {
    stdout: new Writable({
      write(chunk, _encoding, done) {
        setTimeout(() => {
          taken.push(String(chunk));
          done();
        }, 5);
      },
    }),
    onResize: () => {},
    finish: async ({ status }) => void taken.push(status as string),
    closed: new Promise(() => {}),
  };
  const ended = Promise.resolve({ exitCode: 0 });
  const serving = serveCommand({ stdout, resize: () => {}, ended, close: () => {} } as never, client);
  for (const text of ['one', 'two', 'three']) stdout.write(text);
  stdout.end();
  await serving;
  expect(taken).toEqual(['one', 'two', 'three', 'Success']);
});

test('a client that has gone is not waited for', async () => {
  const stdout = new PassThrough();
  let isOver = false;
  const client: CommandClient = {
    stdout: new Writable({ write() {} }),
    onResize: () => {},
    finish: async () => void (isOver = true),
    closed: Promise.resolve(),
  };
  stdout.end('nobody reads this');
  const session = { stdout, resize: () => {}, ended: Promise.resolve({ exitCode: 0 }), close: () => {} };
  await serveCommand(session as never, client);
  expect(isOver).toBe(true);
});
