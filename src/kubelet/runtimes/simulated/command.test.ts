import type { Readable } from 'node:stream';
import { packTar, unpackTar } from 'modern-tar';
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import { seededRandom } from '../../../platform/random.ts';
import type { StreamOptions, StreamSession } from '../runtime.ts';
import { SimulatedRuntime } from './runtime.ts';

let runtime: SimulatedRuntime;
let clock: VirtualClock;
let id: string;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = new SimulatedRuntime({ clock, random: seededRandom(1), podCidrs: ['10.0.0.0/24'] });
  const namespaces = { network: 'pod', ipc: 'pod', pid: 'container' } as const;
  const common = { labels: {}, annotations: {} };
  const sandboxId = await runtime.sandboxes.run({
    ...common,
    pod: { name: 'web', namespace: 'n', uid: 'u', attempt: 0 },
    hostname: 'web',
    logDirectory: '/logs/u',
    cgroupParent: '',
    namespaces,
  });
  await runtime.images.pull('busybox');
  id = await runtime.containers.create(sandboxId, {
    ...common,
    container: { name: 'main', attempt: 0 },
    image: 'busybox',
    env: [{ name: 'COLOUR', value: 'blue' }],
    mounts: [],
    logPath: 'main/0.log',
    security: { namespaces },
  });
  await runtime.containers.start(id);
});

const textOf = async (stream?: Readable) => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const exec = (command: string[], wanted: StreamOptions = {}): Promise<StreamSession> =>
  runtime.containers.exec(id, command, { stdin: true, stdout: true, stderr: true, ...wanted });

async function run(command: string[], input: string | Uint8Array = '') {
  const session = await exec(command);
  session.stdin?.end(input);
  const [out, err] = await Promise.all([textOf(session.stdout), textOf(session.stderr)]);
  return { out: out.toString(), err: err.toString(), bytes: out, ...(await session.ended) };
}

describe('a simulated container', () => {
  test.each([
    [['echo', 'a', 'b'], '', 'a b\n', 0],
    [['cat'], 'hello', 'hello', 0],
    [['/bin/hostname'], '', 'web\n', 0],
    [['env'], '', 'COLOUR=blue\n', 0],
    [['printenv', 'COLOUR'], '', 'blue\n', 0],
    [['printenv', 'NONE'], '', '', 1],
    [['false'], '', '', 1],
    [['sh', '-c', "echo 'a;  b'; false; exit"], '', 'a;  b\n', 1],
    [['sh'], 'echo one\nexit 5\necho two\n', 'one\n', 5],
    [['ls', '/'], '', 'tmp\n', 0],
  ] as [string[], string, string, number][])('runs %j', async (command, input, out, exitCode) => {
    expect(await run(command, input)).toMatchObject({ out, err: '', exitCode });
  });

  test('says what it has not', async () => {
    expect(await run(['sh', '-c', 'nothing'])).toMatchObject({
      err: 'sh: nothing: not found\n',
      exitCode: 127,
    });
    expect(await run(['cat', '/x'])).toMatchObject({
      err: "cat: can't open '/x': No such file or directory\n",
      exitCode: 1,
    });
    const { error } = await run(['psql']);
    expect(error).toContain('exec: "psql": executable file not found in $PATH');
    expect(await run(['tar', 'cf', '-', '/none'])).toMatchObject({
      err: 'tar: /none: No such file or directory\n',
      exitCode: 1,
    });
  });

  test('keeps what is copied in, and gives it back', async () => {
    const body = Buffer.from('content');
    const header = { name: 'dir/file', size: body.length, type: 'file' as const };
    const archive = await packTar([{ header, body }]);
    expect(await run(['tar', '-xmf', '-', '-C', '/data'], archive)).toMatchObject({ exitCode: 0, err: '' });
    expect((await run(['cat', '/data/dir/file'])).out).toBe('content');
    expect(await run(['test', '-d', '/data/dir'])).toMatchObject({ exitCode: 0 });
    expect(await run(['test', '-d', '/data/dir/file'])).toMatchObject({ exitCode: 1 });
    const { bytes } = await run(['tar', 'cf', '-', '/data']);
    const names = (await unpackTar(bytes)).map((entry) => entry.header.name);
    expect(names).toEqual(['data/', 'data/dir/', 'data/dir/file']);
  });

  test('has no room for everything', async () => {
    const body = Buffer.alloc(17 << 20);
    const archive = await packTar([{ header: { name: 'big', size: body.length, type: 'file' }, body }]);
    expect(await run(['tar', 'xf', '-', '-C', '/tmp'], archive)).toMatchObject({
      err: 'tar: /tmp/big: No space left on device\n',
      exitCode: 1,
    });
  });

  test('has a terminal that shows what is typed', async () => {
    const session = await exec(['sh'], { tty: true });
    session.stdin?.write('echx\x7fo hi\r');
    session.stdin?.write('\x03exit 3\r');
    const text = (await textOf(session.stdout)).toString();
    expect(text).toBe('/ # echx\b \bo hi\r\nhi\r\n/ # ^C\r\n/ # exit 3\r\n');
    expect(await session.ended).toEqual({ exitCode: 3 });
  });

  test('takes its commands with it when it ends, and lets go of what nobody waits for', async () => {
    const session = await exec(['sleep', '1h']);
    const ended = session.ended;
    await runtime.containers.stop(id, 0);
    expect(await ended).toEqual({ exitCode: 137 });
    expect(clock.untilNext()).toBeUndefined();
  });
});
