import { describe, expect, test } from 'vitest';
import type { Probe } from '../../api/core/v1.ts';
import type { Dialer, DialHttpAnswer } from '../../platform/dial.ts';
import { actionUrl, resolvePort } from '../pods/hooks.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { RuntimeError } from '../runtimes/runtime-error.ts';
import { container, TestNode } from '../testing/test-node.ts';
import { decodeHealthStatus, encodeHealthRequest } from './grpc-health.ts';
import { Prober } from './prober.ts';
import { freshMemory, isSettled, remember } from './verdict.ts';

const ok = { ok: true, output: '' };
const bad = { ok: false, output: 'no' };

describe('what a probe has found out', () => {
  test('takes as many in a row as its threshold', () => {
    const probe: Probe = { failureThreshold: 3, successThreshold: 2 };
    let memory = freshMemory('readiness', 'c');
    const verdicts = [ok, ok, bad, bad, ok, bad, bad, bad].map((outcome) => {
      memory = remember(memory, outcome, probe);
      return memory.verdict;
    });
    expect(verdicts).toEqual([false, true, true, true, true, true, true, false]);
  });

  test('is not changed by a try that could not be made', () => {
    const memory = remember(
      freshMemory('liveness', 'c'),
      { ok: false, output: '', errored: true },
      { failureThreshold: 1 },
    );
    expect(memory.verdict).toBeUndefined();
  });

  test('is final for a start, and for a container that will be killed', () => {
    const settled = (kind: 'startup' | 'liveness' | 'readiness', verdict: boolean) =>
      isSettled(kind, { ...freshMemory(kind, 'c'), verdict });
    expect([settled('startup', true), settled('startup', false), settled('liveness', false)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([settled('liveness', true), settled('readiness', false)]).toEqual([false, false]);
  });
});

function proberWith(parts: {
  dialer?: Partial<Dialer>;
  execSync?: Runtime['containers']['execSync'];
}): (probe: Probe) => Promise<unknown> {
  const runtime = { containers: { execSync: parts.execSync } } as unknown as Runtime;
  const prober = new Prober(runtime, parts.dialer as Dialer);
  const asked = { name: 'c', ports: [{ name: 'web', containerPort: 8080 }] };
  return (probe) => prober.try({ probe, container: asked, containerId: 'id', podIp: '10.0.0.1' });
}

describe('trying', () => {
  const answers = (...list: Partial<DialHttpAnswer>[]) => {
    const urls: string[] = [];
    const httpGet: Dialer['httpGet'] = async ({ url }) => {
      urls.push(url);
      return { statusCode: 200, headers: {}, body: '', ...list[Math.min(urls.length, list.length) - 1] };
    };
    return { urls, attempt: proberWith({ dialer: { httpGet } }) };
  };
  const httpGet = { path: '/healthz', port: 'web' };

  test('http: what is not an error is well', async () => {
    const { urls, attempt } = answers({ statusCode: 204 });
    expect(await attempt({ httpGet })).toMatchObject({ ok: true });
    expect(urls).toEqual(['http://10.0.0.1:8080/healthz']);
    expect(await answers({ statusCode: 503 }).attempt({ httpGet })).toEqual({
      ok: false,
      output: 'HTTP probe failed with statuscode: 503',
    });
  });

  test('http: follows redirects on the same host, and takes others for well', async () => {
    const same = answers({ statusCode: 302, headers: { location: '/ok' } }, { statusCode: 200 });
    expect(await same.attempt({ httpGet })).toMatchObject({ ok: true });
    expect(same.urls[1]).toBe('http://10.0.0.1:8080/ok');
    const other = await answers({ statusCode: 302, headers: { location: 'http://example.org/' } }).attempt({
      httpGet,
    });
    expect(other).toMatchObject({ ok: true, warning: true });
    expect(await answers({ statusCode: 302, headers: { location: '/' } }).attempt({ httpGet })).toMatchObject(
      {
        ok: false,
        output: expect.stringContaining('stopped after 10 redirects'),
      },
    );
  });

  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['fd00::1', '[fd00::1]'],
  ])('http and tcp: nobody listens at %s', async (address, shown) => {
    const at = { code: 'ECONNREFUSED', address, port: 8080 };
    const refused = Object.assign(new Error('connect ECONNREFUSED'), at);
    const fail = async () => Promise.reject(refused);
    const attempt = proberWith({ dialer: { httpGet: fail, tcp: fail } });
    const words = `dial tcp ${shown}:8080: connect: connection refused`;
    expect(await attempt({ httpGet })).toEqual({
      ok: false,
      output: `Get "http://10.0.0.1:8080/healthz": ${words}`,
    });
    expect(await attempt({ tcpSocket: { port: 8080 } })).toEqual({ ok: false, output: words });
  });

  test('exec: by its exit code, with what it prints', async () => {
    const exec = { command: ['check', 'it'] };
    const execSync = async () => ({ exitCode: 1, stdout: Buffer.from('out'), stderr: Buffer.from('err') });
    expect(await proberWith({ execSync })({ exec })).toEqual({ ok: false, output: 'outerr' });
    const late = async () => Promise.reject(new RuntimeError('Timeout', 'late'));
    expect(await proberWith({ execSync: late })({ exec, timeoutSeconds: 3 })).toEqual({
      ok: false,
      output: 'command timed out: "check it" timed out after 3s',
    });
    const lost = async () => Promise.reject(new RuntimeError('Unavailable', 'gone'));
    expect(await proberWith({ execSync: lost })({ exec })).toMatchObject({ errored: true });
  });

  test('grpc: by the status that it answers', async () => {
    const attempt = (status: number) =>
      proberWith({ dialer: { grpc: async () => Buffer.from([8, status]) } })({ grpc: { port: 1 } });
    expect(await attempt(1)).toMatchObject({ ok: true });
    expect(await attempt(2)).toEqual({
      ok: false,
      output: 'service unhealthy (responded with "NOT_SERVING")',
    });
    expect(encodeHealthRequest('ab')).toEqual(Buffer.from([10, 2, 97, 98]));
    expect(encodeHealthRequest('x'.repeat(200)).subarray(0, 3)).toEqual(Buffer.from([10, 0xc8, 0x01]));
    expect(decodeHealthStatus(Buffer.alloc(0))).toBe('UNKNOWN');
  });

  test('a port by number or name', () => {
    expect(resolvePort('web', { ports: [{ name: 'web', containerPort: 80 }] })).toBe(80);
    expect(resolvePort('81', {})).toBe(81);
    expect(() => resolvePort('none', {})).toThrow("couldn't find port");
    expect(actionUrl({ port: 1, path: 'x', scheme: 'HTTPS' }, 'fd00::1', 1)).toBe('https://[fd00::1]:1/x');
  });
});

describe('probes of a running pod', () => {
  const http = { httpGet: { port: 80 }, periodSeconds: 2 };

  test('keep it unready until they are content', async () => {
    let statusCode = 500;
    const node = new TestNode({ httpGet: async () => ({ statusCode, headers: {}, body: '' }) });
    await node.start();
    node.create('web', { containers: [container('c', { readinessProbe: http })] });
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    expect(node.pod('web')?.status?.containerStatuses?.[0]).toMatchObject({ started: true, ready: false });
    await node.until(() =>
      node.told('web').includes('Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500'),
    );
    statusCode = 200;
    await node.until(() => node.pod('web')?.status?.containerStatuses?.[0]?.ready === true);
    await node.stop();
  });

  test('wait for a start, and restart what does not live', async () => {
    let started = 500;
    let lives = 200;
    const node = new TestNode({
      httpGet: async ({ url }) => ({
        statusCode: url.endsWith('/start') ? started : lives,
        headers: {},
        body: '',
      }),
    });
    await node.start();
    const startupProbe = { httpGet: { port: 80, path: '/start' }, periodSeconds: 1, failureThreshold: 60 };
    node.create('web', {
      containers: [container('c', { startupProbe, livenessProbe: { ...http, failureThreshold: 2 } })],
    });
    await node.until(() => node.pod('web')?.status?.phase === 'Running');
    await node.clock.advance(10_000);
    expect(node.pod('web')?.status?.containerStatuses?.[0]).toMatchObject({
      started: false,
      ready: false,
      restartCount: 0,
    });
    started = 200;
    await node.until(() => node.pod('web')?.status?.containerStatuses?.[0]?.ready === true);
    lives = 500;
    await node.until(() => node.pod('web')?.status?.containerStatuses?.[0]?.restartCount === 1);
    expect(node.told('web')).toContain('Killing: Container c failed liveness probe, will be restarted');
    await node.stop();
  });
});
