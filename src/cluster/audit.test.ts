import { expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { systemProcesses } from '../platform/processes.ts';
import { systemRandom } from '../platform/random.ts';
import { type AuditSettings, startAuditing } from './audit.ts';
import { readServerConfig } from './server-kubeconfig.ts';

const files = new MemoryFiles();
const platform = {
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
  files,
  processes: systemProcesses,
};
const policy = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n';
const settings: AuditSettings = {
  policyFile: '/etc/policy.yaml',
  logFormat: 'json',
  logMaxAgeDays: 1,
  logMaxBackups: 1,
  logMaxMegabytes: 1,
  logCompress: false,
  webhookBatchSize: 10,
  webhookBatchWaitMs: 1000,
  webhookBackoffMs: 1000,
};
const base64 = (text: string) => Buffer.from(text).toString('base64');
const config = (cluster: object, user: object = {}) =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://audit.test/x', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
const put = async (path: string, text: string) => {
  await files.makeDir('/etc');
  await files.write(path, text);
};

test('auditing takes a policy, a log and a webhook', async () => {
  await put('/etc/policy.yaml', policy);
  await put('/etc/webhook', config({}));
  const all = { ...settings, logPath: '/var/log/audit.log', webhookConfigFile: '/etc/webhook' };
  const auditing = await startAuditing(all, platform);
  expect(auditing.policy).toEqual({ rules: [{ level: 'Metadata' }] });
  expect(auditing.sinks.map(({ plugin }) => plugin)).toEqual(['log', 'webhook']);
  expect(await files.readText('/var/log/audit.log')).toBe('');
  await auditing.close();
});

test('large events are kept from where they are to be', async () => {
  await put('/etc/policy.yaml', policy);
  await put('/etc/webhook', config({}));
  const all = { ...settings, logPath: '/var/log/audit.log', webhookConfigFile: '/etc/webhook' };
  const logTruncate = { maxEventSize: 1, maxBatchSize: 2 };
  const auditing = await startAuditing({ ...all, logTruncate }, platform);
  expect(auditing.sinks.map(({ plugin, within }) => [plugin, within?.plugin])).toEqual([
    ['truncate', 'log'],
    ['webhook', undefined],
  ]);
  await auditing.close();
});

test.each<[Partial<AuditSettings>, string]>([
  [
    { logTruncate: { maxEventSize: 0, maxBatchSize: 2 } },
    'invalid audit truncate log max event size 0, must be a positive number',
  ],
  [
    { webhookTruncate: { maxEventSize: 3, maxBatchSize: 2 } },
    'invalid audit truncate webhook max batch size 2, must be greater than max event size (3)',
  ],
  [{ webhookBufferSize: 0 }, 'invalid audit batch webhook buffer size 0, must be a positive number'],
  [{ webhookThrottleQps: 0 }, 'invalid audit batch webhook throttle QPS 0, must be a positive number'],
  [{ webhookThrottleBurst: 0 }, 'invalid audit batch webhook throttle burst 0, must be a positive number'],
])('%j is refused', async (more, why) => {
  await put('/etc/policy.yaml', policy);
  await expect(startAuditing({ ...settings, ...more }, platform)).rejects.toThrow(why);
});

test('auditing says which file cannot be used, and why', async () => {
  await expect(startAuditing({ ...settings, policyFile: '/none' }, platform)).rejects.toThrow(
    /^loading audit policy file: \/none: ENOENT/,
  );
  await put('/etc/policy.yaml', policy.replace('Metadata', 'Loud'));
  await expect(startAuditing(settings, platform)).rejects.toThrow(
    'loading audit policy file: /etc/policy.yaml: rules[0].level: Unsupported value: "Loud"',
  );
  await put('/etc/policy.yaml', policy);
  await put('/etc/webhook', '{}');
  await expect(startAuditing({ ...settings, webhookConfigFile: '/etc/webhook' }, platform)).rejects.toThrow(
    'initializing audit webhook: /etc/webhook: invalid configuration: no configuration has been provided',
  );
});

test('a kubeconfig says where a server is and how it is talked to', async () => {
  await put('/etc/ca.pem', 'authority');
  await put('/etc/token', 'secret\n');
  await put(
    '/etc/a',
    config({ 'certificate-authority': 'ca.pem', 'tls-server-name': 'n' }, { tokenFile: '/etc/token' }),
  );
  expect(await readServerConfig('/etc/a', files)).toEqual({
    url: new URL('https://audit.test/x'),
    tls: { ca: 'authority', serverName: 'n', insecure: false },
    headers: { authorization: 'Bearer secret' },
  });
  const user = { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') };
  await put('/etc/b', config({ 'insecure-skip-tls-verify': true }, user));
  expect(await readServerConfig('/etc/b', files)).toMatchObject({
    tls: { cert: 'cert', key: 'key', insecure: true },
    headers: {},
  });
  await put('/etc/c', config({}, { username: 'jane', password: 'p' }));
  expect((await readServerConfig('/etc/c', files)).headers).toEqual({
    authorization: `Basic ${base64('jane:p')}`,
  });
  await put('/etc/d', config({ server: undefined }));
  await expect(readServerConfig('/etc/d', files)).rejects.toThrow('the cluster has no server');
});
