import { expect, test, vi } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.ts';
import { flowschemas, prioritylevelconfigurations } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi } from '../registry/testing.ts';
import { FlowControl } from './flow-control.ts';
import { ownMeans } from './testing.ts';
import { planConfigured } from './flow-control-plan.ts';

const level = (metadata: object, lendablePercent = 0) =>
  ({
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'l', ...metadata },
    spec: { type: 'Limited', limited: { lendablePercent } },
  }) as Stored<PriorityLevelConfiguration>;
const mark = (value: string) => ({ annotations: { 'apf.kubernetes.io/autoupdate-spec': value } });

test.each<[string, Stored<PriorityLevelConfiguration>, boolean, boolean]>([
  ['is marked', level(mark('true'), 5), false, true],
  ['is not marked, and as it was made', level({ generation: 1 }, 5), false, true],
  ['is not marked, and has been changed', level({ generation: 2 }, 5), false, false],
  ['is marked as somebody else’s', level(mark('false'), 5), false, false],
  ['is marked as somebody else’s but must be there', level(mark('false'), 5), true, true],
  ['is right', level(mark('true')), true, false],
])('a level that %s is put right, or left', (_, found, isMandatory, isWritten) => {
  const next = planConfigured(level({}) as PriorityLevelConfiguration, found, isMandatory);
  expect(next !== undefined).toBe(isWritten);
  if (next) expect(next.spec.limited?.lendablePercent).toBe(0);
});

test('what every server has is there, comes back, and says whether its level is there', async () => {
  const api = await createTestApi(allKinds);
  const { dispatcher } = api;
  const control = new FlowControl(ownMeans(api));
  await control.start();
  const schema = (name: string) => dispatcher.reader.get<FlowSchema>(flowschemas, { name });
  const names = [...dispatcher.reader.list(flowschemas)].map((s) => s.metadata.name);
  expect(names).toHaveLength(11);
  expect([...dispatcher.reader.list(prioritylevelconfigurations)]).toHaveLength(8);
  const dangling = (name: string) => schema(name)?.status?.conditions?.find((c) => c.type === 'Dangling');
  await vi.waitFor(() => {
    for (const name of names) expect(dangling(name)).toMatchObject({ status: 'False', reason: 'Found' });
  });
  await api.send('delete', flowschemas, { name: 'catch-all' });
  await vi.waitFor(() => expect(schema('catch-all')).toBeDefined());
  const spec = { priorityLevelConfiguration: { name: 'none' }, matchingPrecedence: 5 };
  await api.send('create', flowschemas, { body: { metadata: { name: 'lost' }, spec } });
  await vi.waitFor(() =>
    expect(dangling('lost')).toMatchObject({
      status: 'True',
      message:
        'This FlowSchema references the PriorityLevelConfiguration object named "none" but there is no such object',
    }),
  );
  control.stop();
});
