import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sniCertKey } from './serving-flags.ts';

describe('a certificate for names', () => {
  const files = { certFile: resolve('foo.crt'), keyFile: resolve('foo.key') };

  test.each([
    ['foo.crt,foo.key', []],
    ['  foo.crt , foo.key    ', []],
    ['foo.crt,foo.key: abc  ', ['abc']],
    ['foo.crt,foo.key:abc, def,*.*.*', ['abc', 'def', '*.*.*']],
    ['foo.crt,foo.key:fd00::1', ['fd00::1']],
  ])('%j', (text, names) => {
    expect(sniCertKey(text)).toEqual({ ...files, names });
  });

  test.each([
    ['foo.crt,foo.key:', 'empty names list is not allowed'],
    ['', 'expected comma separated certificate and key file paths'],
    ['a,b,c', 'expected comma separated certificate and key file paths'],
  ])('is not %j', (text, why) => {
    expect(() => sniCertKey(text)).toThrow(why);
  });
});
