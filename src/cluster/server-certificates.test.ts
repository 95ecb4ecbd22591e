import { X509Certificate } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startApiServer } from '../apiserver/testing-api-server.ts';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { systemRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { createAuthority, issue, Pki } from './pki.ts';
import { ServerCertificates } from './server-certificates.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

test('the certificates of a server that runs for a year are renewed before they expire, and it is told', async () => {
  const clock = new VirtualClock();
  const pki = new Pki('/pki', { files: new MemoryFiles(), clock, random: systemRandom });
  const certificates = await ServerCertificates.open(pki, ['localhost', '10.96.0.1']);
  const shown = () => [certificates.serving, certificates.kubelet, certificates.proxy, certificates.admin];
  const before = shown();
  const expiresMs = Date.parse(new X509Certificate(certificates.serving.certificate).validTo);
  let renewed = 0;
  const run = () => {
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    void certificates.renewal({ clock, log: silentLog }, async () => void renewed++).run(abort.signal);
    return abort;
  };

  const early = run();
  await clock.advance(3 * hourMs);
  early.abort();
  expect([renewed, shown()]).toEqual([0, before]);

  await clock.advance(340 * dayMs);
  run();
  await clock.advance(hourMs);
  await expect.poll(() => renewed).toBe(1);
  expect(clock.now()).toBeLessThan(expiresMs);
  for (const [index, { certificate }] of shown().entries()) {
    const fresh = new X509Certificate(certificate);
    expect(Date.parse(fresh.validTo) - clock.now()).toBeGreaterThan(364 * dayMs);
    expect(fresh.subject).toBe(new X509Certificate(before[index]?.certificate ?? '').subject);
  }
  expect(new X509Certificate(certificates.serving.certificate).checkIP('10.96.0.1')).toBe('10.96.0.1');
});

test('a server shows new connections its new certificate, and watches go on over the old ones', async () => {
  const t = await startApiServer();
  onTestFinished(() => t.stop());
  const admin = await t.client('root', 'system:masters');
  const session = connectHttp2(t.origin, admin);
  onTestFinished(() => session.destroy());
  const path = '/api/v1/namespaces';
  const watch = session.request({ ':path': `${path}?watch=1` });
  await new Promise((resolve) => watch.once('response', resolve));

  const platform = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(platform);
  const request = { commonName: 'renewed', hosts: ['127.0.0.1'], usages: ['server'] } as const;
  const { certificate: cert, key } = await issue(authority, request, platform);
  await t.api.setTls({ cert, key, clientCa: t.ca });

  const { hostname: host, port } = new URL(t.origin);
  const fresh = connectTls({ host, port: Number(port), ca: authority.certificate });
  await new Promise((resolve, reject) => fresh.once('secureConnect', resolve).once('error', reject));
  expect(fresh.getPeerCertificate().subject.CN).toBe('renewed');
  fresh.destroy();

  let seen = '';
  watch.on('data', (chunk: Buffer) => (seen += chunk));
  const api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
  await api.request({ method: 'POST', path, body: { metadata: { name: 'after' } } });
  await expect.poll(() => seen).toContain('"name":"after"');
});
