import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EtcdPrograms, newerEtcd, TestEtcd, usualEtcd } from '../store/etcd/test-etcd.ts';
import { TestServer } from './test-server.ts';

interface Step {
  args: string;
  /** For `txn`: what it reads. */
  input?: string;
}

const step = (args: string, input?: string): Step => ({ args, input });

/** Run in this order against both; the words of a command are separated by blanks, `''` is an empty one. */
const keyScript: Step[] = [
  step('get nothing -w json'),
  step('put a 1'),
  step('put a 2 --prev-kv'),
  step('put b 3 -w json'),
  step('put c/1 x'),
  step('put c/2 y'),
  step('put d 4'),
  step('get a'),
  step('get a -w json'),
  step('get a --rev 2 -w json'),
  step('get a --rev 99'),
  step("get '' --prefix -w json"),
  step("get '' --from-key --keys-only"),
  step('get b --from-key --limit 2 -w json'),
  step('get a c -w json'),
  step('get c/ --prefix --print-value-only'),
  step("get '' --prefix --sort-by MODIFY --order DESCEND -w json"),
  step("get '' --prefix --sort-by VALUE --order ASCEND -w json"),
  step("get '' --prefix --sort-by VERSION -w json"),
  step("get '' --prefix --sort-by CREATE --order DESCEND --limit 2 -w json"),
  step("get ''"),
  step("put '' x"),
  step('put a x --ignore-value'),
  step('put a --ignore-value -w json'),
  step('put zzz --ignore-value'),
  step('put a 5 --lease 1234'),
  step('lease timetolive 1234'),
  step('lease revoke 1234'),
  step('lease list'),
  step('txn -w json', 'val("a") = "2"\n\nput a 10\nget a\n\nput a 20\n\n'),
  step('txn', 'mod("b") > "1"\nver("b") = "1"\ncreate("nothing") = "0"\n\nput b 9\ndel c/1\n\nget b\n\n'),
  step('txn -w json', 'val("nothing") = ""\n\nget a\n\nget b\nput e 1\n\n'),
  step('txn', '\nput x 1\nput x 2\n\n\n'),
  step('txn -w json', 'ver("a") > "0"\n\nget a --prefix\ndel b c\nget b\n\n\n'),
  step('del d --prev-kv'),
  step('del nothing -w json'),
  step('put p/1 1'),
  step('put p/2 2'),
  step('del p/ --prefix --prev-kv -w json'),
  step('get p/ --prefix -w json'),
  step('watch a --rev 2 --prev-kv'),
  step('compact 6'),
  step('compact 6'),
  step('compact 9999'),
  step('get a --rev 3'),
  step('get a --rev 6 -w json'),
  step('watch a --rev 2'),
  step("del '' --prefix -w json"),
  step("get '' --prefix -w json"),
];

/** What etcdctl of 3.4 and of 3.5 ask for in different ways, or not both. */
const serverScript: Step[] = [
  step('put a 1'),
  step('get a -w fields'),
  step('endpoint health'),
  step('endpoint status'),
  step('endpoint status -w json'),
  step('endpoint hashkv -w json'),
  step('member list'),
  step('member list -w json'),
  step('member promote 1234'),
  step('auth disable'),
  step('auth enable'),
  step('user list'),
  step('user get nobody'),
  step('user delete nobody'),
  step('role list'),
  step('role get none'),
  step('role delete none'),
  step('alarm list'),
  step('alarm disarm'),
  step('move-leader 1234'),
  step('lease timetolive 77 --keys -w json'),
  step('lease keep-alive 77 --once'),
  step('defrag'),
  step('compact 2 --physical'),
  step('endpoint hashkv -w json'),
  step('txn -i', 'mod("a") > "0"\n\nput a 10\nget a\n\nput a 20\n\n'),
  step('elect -l nobody'),
];

/** Only 3.5 knows it. */
const newerScript: Step[] = [step('auth status')];

interface Outcome {
  output: string;
  code: unknown;
}

const waits = new Set(['watch', 'elect']);

function etcdctl(programs: EtcdPrograms, url: string, { args, input }: Step): Promise<Outcome> {
  const words = args.split(' ').map((word) => (word === "''" ? '' : word));
  const env = { ...process.env, ETCDCTL_API: '3' };
  return new Promise((resolve) => {
    const options = { env, timeout: waits.has(words[0] as string) ? 1500 : 10_000 };
    const all = ['--endpoints', url, ...words];
    const child = execFile(programs.etcdctl as string, all, options, (error, out, err) =>
      resolve({ output: normal(out + err), code: error?.code ?? 0 }),
    );
    // One that has nothing to read may have ended before.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/** Without what is each cluster's own: its ids, its size and index, how long it took. A node of ours has no peers. */
function normal(text: string): string {
  return text
    .replace(/"(cluster_id|member_id|raft_term)":\d+,?/g, '')
    .replace(/,?"header":\{\}/g, '')
    .replace(/^"(ClusterID|MemberID)" : \d+$/gm, '')
    .replace(/\{"level".*\n/g, '')
    .replace(/,"peerURLs":\["[^"]*"\]/g, '')
    .replace(/^[0-9a-f]{1,16}, started, (\w+), [^,]*,/gm, 'ID, started, $1, PEERS,')
    .replace(
      /"(ID|leader|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse|hash|version)":("[\d.]+"|\d+)/g,
      '"$1":0',
    )
    .replace(/, [0-9a-f]{1,16}, 3\.\d\.\d+, [\d.]+ kB, true, false, 2, \d+, \d+,/g, ', ID')
    .replace(/took = [\d.]+[µm]?s/g, 'took = 1ms')
    .replace(/127\.0\.0\.1:\d+/g, 'HOST');
}

/** A second may pass between the two answers. */
const withoutSeconds = ({ output, code }: Outcome): Outcome => ({
  output: output.replace(/remaining\(\d+s\)/g, 'remaining(1s)').replace(/"ttl":\d+/g, '"ttl":1'),
  code,
});

const newest = newerEtcd.whyNot ? usualEtcd : newerEtcd;

for (const programs of [usualEtcd, newerEtcd]) {
  describe.skipIf(programs.whyNot)(`etcdctl of ${programs.name}${programs.whyNot}`, () => {
    let real: TestEtcd;
    let ours: TestServer;
    beforeAll(async () => {
      [real, ours] = await Promise.all([TestEtcd.start({ programs }), TestServer.start()]);
    });
    afterAll(() => Promise.all([real.stop(), ours.stop()]));

    test('prints the same as with etcd itself', { timeout: 180_000 }, async () => {
      const script = [
        ...(programs === newest ? keyScript : []),
        ...serverScript,
        ...(programs === newerEtcd ? newerScript : []),
      ];
      for (const each of script) {
        const urls = [real.endpoints[0] as string, ours.url];
        const [theirs, mine] = await Promise.all(urls.map((url) => etcdctl(programs, url, each)));
        const [got, wanted] = [mine, theirs].map((outcome) => withoutSeconds(outcome as Outcome));
        expect.soft({ step: each.args, ...got }).toEqual({ step: each.args, ...wanted });
      }
    });
  });
}

describe.skipIf(newest.whyNot)(`etcdctl with what it holds${newest.whyNot}`, () => {
  let ours: TestServer;
  beforeAll(async () => {
    ours = await TestServer.start();
  });
  afterAll(() => ours.stop());

  test('saves a snapshot', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'k8ts-snapshot-'));
    const saved = await etcdctl(newest, ours.url, step(`snapshot save ${dir}/s`));
    expect(saved).toEqual({ code: 0, output: `Snapshot saved at ${dir}/s\n` });
    await rm(dir, { recursive: true });
  });

  test('takes a lock and gives it back', async () => {
    const locked = await etcdctl(newest, ours.url, step('lock a-name echo held'));
    expect(locked).toEqual({ code: 0, output: 'held\n' });
    expect((await etcdctl(newest, ours.url, step('get a-name --prefix --keys-only'))).output).toBe('');
  });

  test('keeps keys and leases over a restart, and ends a lease with its keys', async () => {
    const granted = await etcdctl(newest, ours.url, step('lease grant 600'));
    const id = /lease (\w+) granted/.exec(granted.output)?.[1] as string;
    await etcdctl(newest, ours.url, step(`put leased 1 --lease ${id}`));
    await ours.restart();
    const found = await etcdctl(newest, ours.url, step(`lease timetolive ${id} --keys`));
    expect(found.output).toMatch(
      /granted with TTL\(600s\), remaining\(5\d\ds\), attached keys\(\[leased\]\)/,
    );
    await etcdctl(newest, ours.url, step(`lease revoke ${id}`));
    expect((await etcdctl(newest, ours.url, step('get leased'))).output).toBe('');
  });
});
