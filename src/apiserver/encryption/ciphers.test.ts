import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../platform/random.ts';
import { aescbc, aesgcm, type CipherOf, loadSecretbox, seededGcm } from './ciphers.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const place = { key: '/registry/secrets/default/a', resource: 'secrets' };
const chance = (bytes: Uint8Array) => ({ bytes: () => bytes });
const secretbox = await loadSecretbox();

const ciphers: [string, CipherOf, number[]][] = [
  ['aescbc', aescbc, [16, 24, 32]],
  ['aesgcm', aesgcm, [16, 24, 32]],
  ['secretbox', secretbox, [32]],
  ['seeded GCM', seededGcm, [32, 64]],
];

describe.each(ciphers)('%s', (_, cipherOf, sizes) => {
  test.each(sizes)('reads what it wrote with a key of %i bytes, whatever its length', (size) => {
    const cipher = cipherOf(systemRandom.bytes(size), systemRandom);
    for (const length of [0, 1, 15, 16, 17, 31, 100, 4096, 70_001]) {
      const value = systemRandom.bytes(length);
      const sealed = cipher.seal(value, place);
      // As a part of something larger, at any offset.
      const stored = Buffer.concat([Buffer.alloc(3), sealed]).subarray(3);
      const opened = cipher.open(stored, place);
      expect(Buffer.compare(opened.value, value)).toBe(0);
      expect(opened.stale).toBe(false);
      expect(Buffer.compare(cipher.seal(value, place), sealed)).not.toBe(0);
    }
  });

  test('says that what is stored is too short', () => {
    const cipher = cipherOf(systemRandom.bytes(32), systemRandom);
    expect(() => cipher.open(Buffer.alloc(5), place)).toThrow(
      'the stored data was shorter than the required size',
    );
  });
});

test('CBC writes the vector of NIST SP 800-38A, with the initialisation vector before it', () => {
  const key = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
  const vector = hex('000102030405060708090a0b0c0d0e0f');
  const sealed = aescbc(key, chance(vector)).seal(hex('6bc1bee22e409f96e93d7e117393172a'), place);
  expect(sealed.length).toBe(48);
  expect(Buffer.from(sealed).subarray(0, 32)).toEqual(
    Buffer.concat([vector, hex('f58c4c04d6e5f1ba779eabfb5f7bfbd6')]),
  );
});

test('CBC tells what is wrong in the words of upstream', () => {
  const cipher = aescbc(Buffer.alloc(32, 1), systemRandom);
  const error = 'the stored data is not a multiple of the block size';
  expect(() => cipher.open(Buffer.alloc(33), place)).toThrow(error);
  expect(() => cipher.open(Buffer.alloc(16), place)).toThrow('invalid PKCS7 data (empty or not padded)');
  // The last block decrypts to the one before it, changed: its end says how much padding there is.
  const sealed = Buffer.from(cipher.seal(Buffer.from('value'), place));
  sealed[15 - 1] = (sealed[15 - 1] as number) ^ 1;
  expect(() => cipher.open(sealed, place)).toThrow('invalid padding on input');
  expect(text(cipher.open(cipher.seal(Buffer.from('a'), place), { ...place, key: 'other' }).value)).toBe('a');
});

test('GCM reads what upstream wrote', () => {
  const stored = hex(
    '9f27c8fcea8a58c467d8e437dbf2d85955f9b4bd912f4ef967d788a0cb07797dac0a3f0a0845605ca85ac8562b4ae1',
  );
  const cipher = aesgcm(Buffer.from('snorlax_awesomes'), systemRandom);
  expect(text(cipher.open(stored, { key: 'bamboo', resource: '' }).value)).toBe('pandas are the best');
  const failed = 'cipher: message authentication failed';
  expect(() => cipher.open(stored, { key: 'pine', resource: '' })).toThrow(failed);
  expect(() => cipher.open(stored.subarray(0, 20), { key: 'bamboo', resource: '' })).toThrow(failed);
});

test('secretbox writes the vector of the package that upstream uses', () => {
  const cipher = secretbox(Buffer.alloc(32, 1), chance(Buffer.alloc(24, 2)));
  const sealed = hex(`8442bc313f4626f1359e3b50122b6ce6fe66ddfe7d39d14e637eb4fd5b45beadab55198df6ab5368
    439792a23c87db70acb6156dc5ef957ac04f6276cf6093b84be77ff0849cc33e34b7254d5a8f65ad`);
  const stored = Buffer.concat([Buffer.alloc(24, 2), sealed]);
  expect(Buffer.from(cipher.seal(Buffer.alloc(64, 3), place))).toEqual(stored);
  stored[40] = (stored[40] as number) ^ 1;
  expect(() => cipher.open(stored, place)).toThrow('output array was not large enough for encryption');
});

describe('GCM under keys that come of a seed', () => {
  const seed = hex('5d40323a820ff95561675e3b95e81867c5fdd561d35a88a2d08b08aa9d4fcf5c');

  test('reads what upstream wrote', () => {
    const stored =
      hex(`2442759e33945fbad709db577a0f037fd8a709fc76979b8942209debcecb9d57efe3d6ff6a1ef6ee9a5003b9
      833b3043cec1e47b35175b151107a8d2416b0e296bbf66b5d102fcefdf9a78f293d271`);
    const at = (key: string) => seededGcm(seed, systemRandom).open(stored, { key, resource: '' });
    expect(text(at('bamboo').value)).toBe('pandas are the best');
    expect(() => at('pine')).toThrow('cipher: message authentication failed');
  });

  test('is plain GCM under what HKDF-Expand gives', () => {
    const [material, salt, info] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const whole = new Uint8Array(hkdfSync('sha256', material, salt, info, 32));
    const extracted = createHmac('sha256', salt).update(material).digest();
    const stored = Buffer.concat([info, aesgcm(whole, systemRandom).seal(Buffer.from('value'), place)]);
    expect(text(seededGcm(extracted, systemRandom).open(stored, place).value)).toBe('value');
  });

  test('has another key for each value', () => {
    const cipher = seededGcm(seed, systemRandom);
    const infos = Array.from({ length: 20 }, () =>
      text(cipher.seal(Buffer.from('v'), place).subarray(0, 32)),
    );
    expect(new Set(infos).size).toBe(20);
  });

  test('takes no short seed and no short value', () => {
    expect(() => seededGcm(seed.subarray(1), systemRandom)).toThrow(
      'invalid seed length 31 used for key generation',
    );
    expect(() => seededGcm(seed, systemRandom).open(Buffer.alloc(31), place)).toThrow(
      'the stored data was shorter than the required size',
    );
  });
});
