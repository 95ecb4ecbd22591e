import { expect, test } from 'vitest';
import { checkAddress } from './proxy-targets.ts';

const own = ['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'];
const none = ['', '0.0.0.0', '::', '255.255.255.255', '169.254.169.254', '::ffff:169.254.169.254', 'fe80::1'];
const many = ['224.0.0.1', '239.1.1.1', 'ff02::1'];

test.each([...own, ...none, ...many, 'localhost', 'LOCALHOST.', 'a.localhost'])(
  '%s is no address of another machine',
  (host) => {
    expect(() => checkAddress(host)).toThrow('address not allowed');
  },
);

test.each([
  '10.0.0.1',
  '192.168.1.1',
  '2001:db8::1',
  '::ffff:10.0.0.1',
  'fd00::1',
  'node-1',
  'localhost.example',
])('%s may be one', (host) => {
  expect(() => checkAddress(host)).not.toThrow();
});
