import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

/** A client that takes what it is told to take. */
function client() {
  const waiting: (() => void)[] = [];
  const said: string[] = [];
  const outbox = new Outbox({
    write: (_message, onTaken) => waiting.push(onTaken) > 0,
    pause: () => said.push('pause'),
    resume: () => said.push('resume'),
  });
  outbox.onDrain = () => said.push('drain');
  return { outbox, said, take: (count: number) => waiting.splice(0, count).forEach((taken) => taken()) };
}

test.each([
  ['large', 2 ** 19, 2],
  ['small', 8, 3972],
])('no more than a mebibyte waits for a client, of %s messages', (_what, bytes, most) => {
  const { outbox, said, take } = client();
  const message = Buffer.alloc(bytes);
  const fill = () => {
    let count = 1;
    while (outbox.write(message)) count++;
    return count;
  };
  expect(fill()).toBe(most);
  expect(outbox.write(message)).toBe(false);
  expect(said).toEqual(['pause']);
  take(1);
  expect(outbox.write(message)).toBe(false);
  take(most + 1);
  expect(said).toEqual(['pause', 'resume', 'drain']);
  expect(fill()).toBe(most);
});
