import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { systemRandom } from '../../platform/random.ts';
import { createAuthority } from '../pki.ts';
import { publicKeyHash, readHashes, trustedAuthority } from './discovery.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };
const world = { clock: systemClock, random: systemRandom };

/** What somebody serves who knows the token. */
function clusterInfo(authority: string) {
  const cluster = { server: 'https://10.0.0.1', 'certificate-authority-data': btoa(authority) };
  const kubeconfig = JSON.stringify({ clusters: [{ name: '', cluster }] });
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const header = encode(JSON.stringify({ alg: 'HS256', kid: token.id }));
  const mac = createHmac('sha256', token.secret)
    .update(`${header}.${encode(kubeconfig)}`)
    .digest('base64url');
  return { data: { kubeconfig, [`jws-kubeconfig-${token.id}`]: `${header}..${mac}` } };
}

test('of several authorities only those with a given hash are believed, wherever they stand', async () => {
  const [own, next, other] = await Promise.all(
    [1, 2, 3].map(async () => (await createAuthority(world)).certificate),
  );
  const hashes = [publicKeyHash(own as string), publicKeyHash(next as string)];
  for (const served of [`${own}${other}`, `${other}${own}`, `${own}`])
    expect(trustedAuthority(clusterInfo(served), { token, hashes })).toBe(own);
  const rotated = `${own}${next}`;
  expect(trustedAuthority(clusterInfo(rotated), { token, hashes })).toBe(rotated);
  expect(trustedAuthority(clusterInfo(rotated), { token, hashes: [] })).toBe(rotated);
  const strange = { token, hashes: hashes.slice(1) };
  expect(() => trustedAuthority(clusterInfo(`${own}${other}`), strange)).toThrow('not the given one');
});

test.each(['', 'no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
  'what is signed and holds no authority is refused: %j',
  (authority) => {
    const refused = () => trustedAuthority(clusterInfo(authority), { token, hashes: [] });
    expect(refused).toThrow(expect.objectContaining({ name: 'UserError' }));
  },
);

const hash = `sha256:${'0f'.repeat(32)}`;

test('hashes are read in either case; none that is given can be left out', () => {
  expect(readHashes(undefined)).toEqual([]);
  expect(readHashes([hash, hash.toUpperCase().replace('SHA', 'sha')])).toEqual([hash, hash]);
});

test.each([
  [[]],
  [['']],
  [['sha256:']],
  [[hash, 'sha256:00']],
  [[`md5:${'0f'.repeat(32)}`]],
  [['0f'.repeat(32)]],
])('what is no hash is refused, for without one any authority would do: %j', (texts) => {
  expect(() => readHashes(texts)).toThrow(expect.objectContaining({ name: 'UserError' }));
});
