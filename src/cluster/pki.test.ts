import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../platform/memory-files.ts';
import { systemRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { Pki } from './pki.ts';
import { UserError } from './user-error.ts';

const dayMs = 86_400_000;

function make() {
  const world = { files: new MemoryFiles(), clock: new VirtualClock(), random: systemRandom };
  return { world, open: () => new Pki('/pki', world) };
}

const server = {
  commonName: 'kube-apiserver',
  hosts: ['localhost', '127.0.0.1'],
  usages: ['server'],
} as const;

describe('certificates of a cluster', () => {
  test('a server’s is signed by the authority, for its names and addresses', async () => {
    const pki = make().open();
    const authority = new X509Certificate((await pki.authority()).certificate);
    const leaf = new X509Certificate((await pki.pair('apiserver', server)).certificate);
    expect(authority.ca).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.checkHost('localhost')).toBe('localhost');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkHost('example.com')).toBeUndefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  test('a client’s says who it is and to which groups it belongs', async () => {
    const pki = make().open();
    const pair = await pki.pair('admin', {
      commonName: 'me',
      organizations: ['system:masters', 'b'],
      usages: ['client'],
    });
    const { subject, keyUsage } = new X509Certificate(pair.certificate);
    expect(subject.split('\n')).toEqual(['CN=me', 'O=system:masters', 'O=b']);
    expect(keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test('a proxy’s stands on an authority of its own', async () => {
    const pki = make().open();
    const request = { commonName: 'front-proxy-client', usages: ['client'] } as const;
    const pair = await pki.pair('front-proxy-client', request, 'front-proxy-ca');
    const leaf = new X509Certificate(pair.certificate);
    const authority = new X509Certificate((await pki.authority('front-proxy-ca')).certificate);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.issuer).toBe('CN=front-proxy-ca');
    expect(leaf.verify(new X509Certificate((await pki.authority()).certificate).publicKey)).toBe(false);
  });

  test('what was made is found again, by another start too', async () => {
    const { open } = make();
    const first = await open().pair('apiserver', server);
    expect(await open().pair('apiserver', server)).toEqual(first);
    const key = await open().tokenKey();
    expect(await open().tokenKey()).toBe(key);
  });

  test('key and certificate fit, however many make the pair at once', async () => {
    const { open } = make();
    const pki = open();
    const authority = new X509Certificate(
      (await Promise.all([pki.authority(), pki.authority()]))[1].certificate,
    );
    expect(authority.raw).toEqual(new X509Certificate((await open().authority()).certificate).raw);
    const made = await Promise.all(Array.from({ length: 8 }, () => open().pair('apiserver', server)));
    for (const { key, certificate } of [...made, await open().pair('apiserver', server)]) {
      expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))).toBe(true);
    }
  });

  test('other hosts, or an end that is near, make it anew', async () => {
    const { open, world } = make();
    const first = await open().pair('apiserver', server);
    const moved = { ...server, hosts: [...server.hosts, '198.18.0.1'] };
    const second = await open().pair('apiserver', moved);
    expect(second.certificate).not.toBe(first.certificate);
    await world.clock.advance(340 * dayMs);
    expect((await open().pair('apiserver', moved)).certificate).not.toBe(second.certificate);
  });

  test('what is damaged, or of an authority that is gone, is made anew', async () => {
    const { open, world } = make();
    const verified = async () => {
      const { certificate } = await open().pair('apiserver', server);
      return new X509Certificate(certificate).verify(
        new X509Certificate((await open().authority()).certificate).publicKey,
      );
    };
    expect(await verified()).toBe(true);
    for (const [file, text] of [
      ['apiserver.pem', ''],
      ['apiserver.pem', 'garbage'],
      ['apiserver.json', ''],
      ['apiserver.json', 'null'],
    ] as const) {
      await world.files.writeAtomic(`/pki/${file}`, text);
      expect([file, text, await verified()]).toEqual([file, text, true]);
    }
    await world.files.remove('/pki/ca.pem');
    expect(await verified()).toBe(true);
    expect(await open().pair('apiserver', server)).toEqual(await open().pair('apiserver', server));
  });

  test.each([
    ['ca.pem', '', 'holds no authority'],
    ['ca.pem', 'garbage', 'holds no authority'],
    ['sa.key', '', 'holds no key'],
  ])('what cannot be made anew without a loss is refused: %s that holds %o', async (file, text, why) => {
    const { open, world } = make();
    await world.files.makeDir('/pki');
    await world.files.writeAtomic(`/pki/${file}`, text);
    const asked = file === 'ca.pem' ? open().authority() : open().tokenKey();
    const refusal = await asked.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UserError);
    expect((refusal as UserError).message).toContain(`/pki/${file} ${why}`);
    expect(await world.files.readText(`/pki/${file}`)).toBe(text);
  });

  test('an authority that has run out, or is of a time to come, is named', async () => {
    const { open, world } = make();
    await open().authority();
    await world.clock.advance(3651 * dayMs);
    await expect(open().authority()).rejects.toThrow('the authority in /pki/ca.pem has run out');
    const earlier = new Pki('/pki', { ...world, clock: new VirtualClock(0) });
    await expect(earlier.authority()).rejects.toThrow('the authority in /pki/ca.pem is not valid before');
  });

  test('keys can be read by their owner alone', async () => {
    const { open, world } = make();
    await open().pair('apiserver', server);
    await open().tokenKey();
    for (const name of ['ca.pem', 'apiserver.pem', 'sa.key']) {
      expect((await world.files.stat(`/pki/${name}`))?.mode).toBe(0o600);
    }
  });
});
