import { describe, expect, test } from 'vitest';
import { configmaps } from '../../api/generated/resources.ts';
import type { Kind } from './kind.ts';
import { createTestApi } from './testing.ts';

const configMapKind = { resource: configmaps, columns: [] } as unknown as Kind;
const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });

describe('one object', () => {
  test('is created, read, updated, deleted', async () => {
    const api = await createTestApi([configMapKind]);
    const made = await api.object('create', configmaps, { body: map('a', { x: '1' }) });
    expect(made).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { x: '1' } });
    expect(made.metadata).toMatchObject({ name: 'a', namespace: 'default', resourceVersion: '2' });
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(await api.object('get', configmaps, { name: 'a' })).toEqual(made);

    const body = { ...made, data: { x: '2' } };
    const changed = await api.object('update', configmaps, { name: 'a', body });
    expect(changed.metadata.resourceVersion).toBe('3');
    const again = await api.object('update', configmaps, { name: 'a', body: changed });
    expect(again.metadata.resourceVersion).toBe('3');

    const status = await api.object('delete', configmaps, { name: 'a' });
    expect(status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: made.metadata.uid },
    });
    await expect(api.send('get', configmaps, { name: 'a' })).rejects.toThrow('configmaps "a" not found');
  });

  test('is watched and listed', async () => {
    const api = await createTestApi([configMapKind]);
    await api.send('create', configmaps, { body: map('a') });
    const watch = await api.watch(configmaps);
    await api.send('create', configmaps, { body: map('b') });
    await api.send('update', configmaps, { name: 'b', body: map('b', { k: 'v' }) });
    await api.send('delete', configmaps, { name: 'a' });
    expect(watch.said).toEqual(['ADDED a@2', 'ADDED b@3', 'MODIFIED b@4', 'DELETED a@5']);
    const list = await api.list(configmaps);
    expect(list.metadata).toEqual({ resourceVersion: '5' });
    expect(list.items.map((i) => i.object.metadata.name)).toEqual(['b']);
    expect(JSON.parse(Buffer.from(list.items[0]?.json() ?? []).toString())).toEqual(list.items[0]?.object);
  });
});
