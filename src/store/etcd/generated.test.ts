import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KeyValueSchema } from './generated/etcd/kv_pb.js';
import { etcdPath, TestEtcd, whyNoEtcd } from './test-etcd.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

test('a key and its value are written as protobuf and read back', () => {
  const kv = create(KeyValueSchema, { key: utf8('a'), value: utf8('1'), modRevision: 7n });
  const bytes = toBinary(KeyValueSchema, kv);
  expect(Buffer.from(bytes).toString('hex')).toBe('0a016118072a0131');
  expect(fromBinary(KeyValueSchema, bytes)).toEqual(kv);
});

describe.skipIf(!etcdPath)(`real etcd${whyNoEtcd}`, () => {
  let etcd: TestEtcd;
  beforeAll(async () => {
    etcd = await TestEtcd.start({ members: 3 });
  });
  afterAll(() => etcd.stop());

  test('goes on without one of its members, which comes back', { timeout: 60_000 }, async () => {
    await etcd.etcdctl('put', '/a', 'one');
    await etcd.killMember(0);
    // What is proposed while no leader is elected may be dropped: etcd then answers that it took too long.
    await vi.waitFor(() => etcd.etcdctl('put', '/a', 'two'), { timeout: 40_000 });
    etcd.startMember(0);
    await etcd.ready();
    expect(await etcd.etcdctl('get', '/a', '--print-value-only')).toBe('two\n');
  });
});
