import { expect, test } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { systemRandom } from '../../platform/random.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { Pki } from '../pki.ts';
import { keepServerToken, seal, serverToken, shareIdentity, unseal } from './shared-pki.ts';

const machine = () => ({ files: new MemoryFiles(), clock: systemClock, random: systemRandom });
const newStore = () => createMemoryStore({ clock: systemClock });
const dir = '/data/pki';

test('what is sealed opens with the token and with no other, and is not to be read', async () => {
  const sealed = await seal({ 'ca.pem': 'very secret' }, 'token', machine());
  expect(sealed).not.toContain(Buffer.from('very secret').toString('base64').slice(0, 8));
  expect(await unseal(sealed, 'token')).toEqual({ 'ca.pem': 'very secret' });
  expect(await unseal(sealed, 'Token')).toBeUndefined();
  const { data, ...rest } = JSON.parse(sealed) as { data: string };
  const bytes = Buffer.from(data, 'base64');
  bytes[0] = (bytes[0] as number) ^ 1;
  expect(await unseal(JSON.stringify({ ...rest, data: bytes.toString('base64') }), 'token')).toBeUndefined();
});

test('two first servers at once get the same authorities and signing key', async () => {
  const store = newStore();
  const [one, two] = [machine(), machine()];
  await Promise.all([one, two].map((world) => shareIdentity({ store, dir, token: 't' }, world)));
  const read = async (world: ReturnType<typeof machine>) => {
    const pki = new Pki(dir, world);
    return [await pki.authority(), await pki.authority('front-proxy-ca'), await pki.tokenKey()];
  };
  expect(await read(two)).toEqual(await read(one));
  await shareIdentity({ store, dir, token: 't' }, one);
});

test('a wrong token, and a directory of another cluster, are refused', async () => {
  const store = newStore();
  const world = machine();
  await shareIdentity({ store, dir, token: 't' }, world);
  await expect(shareIdentity({ store, dir, token: 'u' }, machine())).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('server token is not'),
  });
  const other = newStore();
  await shareIdentity({ store: other, dir, token: 't' }, machine());
  await expect(shareIdentity({ store: other, dir, token: 't' }, world)).rejects.toThrow('are not those');
});

test('a server keeps its token and is not given another', async () => {
  const world = machine();
  await world.files.makeDir('/data');
  const made = await serverToken('/data', undefined, world);
  expect(made).toMatch(/^[0-9a-f]{64}$/);
  await keepServerToken('/data', made, world);
  expect(await serverToken('/data', undefined, world)).toBe(made);
  expect(await serverToken('/data', made, world)).toBe(made);
  await expect(serverToken('/data', 'another', world)).rejects.toThrow('--token is not what');
});

test.each([
  ['', 'empty'],
  [' ', 'empty'],
  ['correct horse', 'too short'],
])('a server token that anybody could guess is not taken: %j', async (given, what) => {
  const world = machine();
  await world.files.makeDir('/data');
  await world.files.write('/data/server-token', '');
  await expect(serverToken('/data', given, world)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining(`--token is ${what}`),
  });
  expect(await serverToken('/data', undefined, world)).toMatch(/^[0-9a-f]{64}$/);
});
