import { afterAll, beforeAll, expect } from 'vitest';
import { startApiServer, type TestApiServer } from '../../../src/apiserver/testing-api-server.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { Api, at, refusal } from '../support/api.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const total = 40;
const limit = 17;
const store = createMemoryStore({ clock: systemClock });
let server: TestApiServer;
let api: Api;

beforeAll(async () => {
  server = await startApiServer({ store });
  api = new Api({ origin: server.origin, ...(await server.client('root', 'system:masters')) });
  const template = { spec: { containers: [{ name: 'test', image: 'registry.test/main:1' }] } };
  for (let i = 0; i < total; i++) {
    const metadata = { name: `template-${String(i).padStart(4, '0')}` };
    await api.post(templates, { metadata, template });
  }
});
afterAll(async () => {
  api?.close();
  await server?.stop();
});

const templates = at('v1', 'podtemplates', { ns: 'default' });
const chunk = (token?: string) =>
  api.get(`${templates}?limit=${limit}${token ? `&continue=${encodeURIComponent(token)}` : ''}`);

line('chunks', async () => {
  const seen: string[] = [];
  let version: string | undefined;
  let token: string | undefined;
  do {
    const { metadata, items } = await chunk(token);
    version ??= metadata.resourceVersion;
    expect(metadata.resourceVersion).toBe(version);
    expect(items.length).toBeLessThanOrEqual(limit);
    seen.push(...items.map((item: { metadata: { name: string } }) => item.metadata.name));
    expect(metadata.remainingItemCount ?? 0).toBe(total - seen.length);
    token = metadata.continue;
    // Later chunks show the moment of the first one.
    await api.patch(`${templates}/template-0000`, {
      metadata: { annotations: { seen: String(seen.length) } },
    });
  } while (token);
  expect(seen).toHaveLength(total);
  expect(seen).toEqual([...seen].sort());
  const whole = await api.get(templates);
  expect(whole.items).toHaveLength(total);
  expect(whole.metadata.continue).toBeUndefined();
});

line('chunks-after-compaction', async () => {
  const first = await chunk();
  await api.patch(`${templates}/template-0000`, { metadata: { annotations: { changed: 'yes' } } });
  await store.compact((await store.status()).revision);
  const status = await refusal(chunk(first.metadata.continue));
  expect(status).toMatchObject({ code: 410, reason: 'Expired' });
  const inconsistent = status.metadata.continue;
  expect(inconsistent).toBeTruthy();
  const second = await chunk(inconsistent);
  expect(second.items).toHaveLength(limit);
  expect(second.metadata.remainingItemCount).toBe(total - 2 * limit);
  expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
  const third = await chunk(second.metadata.continue);
  expect(third.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
  expect(third.metadata.continue).toBeUndefined();
  const names = [first, second, third].flatMap(({ items }) =>
    items.map((item: { metadata: { name: string } }) => item.metadata.name),
  );
  expect(names).toHaveLength(total);
  expect(new Set(names).size).toBe(total);
});
