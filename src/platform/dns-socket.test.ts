import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { listenDns } from './dns-socket.ts';

const asMessage = (bytes: Buffer) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

test('who asks over TCP and reads nothing is answered no further, and then in the order of the questions', async () => {
  const count = 400;
  let asked = 0;
  const server = await listenDns({
    address: '127.0.0.1',
    port: 0,
    onQuery: async (message) => {
      asked++;
      return Buffer.concat([message, Buffer.alloc(60_000)]);
    },
  });
  const client = connect({ host: '127.0.0.1', port: server.port }).pause();
  const numbers = Array.from({ length: count }, (_, i) => i);
  const questions = numbers.map((i) => asMessage(Buffer.from(`query ${i}`.padEnd(20))));
  client.write(Buffer.concat(questions));
  let before = -1;
  await expect.poll(() => before === (before = asked) && asked > 0, { interval: 100 }).toBe(true);
  expect(asked).toBeLessThan(count / 2);
  const answerBytes = 2 + 20 + 60_000;
  let received = Buffer.alloc(0);
  const answers: string[] = [];
  for await (const chunk of client.resume()) {
    received = Buffer.concat([received, chunk as Buffer]);
    for (; received.length >= answerBytes; received = received.subarray(answerBytes))
      answers.push(received.toString('latin1', 2, 22).trim());
    if (answers.length === count) break;
  }
  expect(answers).toEqual(numbers.map((i) => `query ${i}`));
  await server.close();
});
