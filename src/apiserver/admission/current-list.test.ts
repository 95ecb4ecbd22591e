import { expect, test } from 'vitest';
import {
  mutatingwebhookconfigurations,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings,
} from '../../api/generated/resources.ts';
import { testReader } from '../auth/testing-reader.ts';
import { PolicySet } from './policies/policy-set.ts';
import { currentHooks } from './webhooks/hooks.ts';

const named = (name: string, spec: object = {}) => ({ metadata: { name }, spec });

test('when one policy or binding changes, no other is compiled again', async () => {
  const reader = testReader();
  const validation = (expression: string) => ({ validations: [{ expression }] });
  for (const name of ['a', 'b', 'c']) {
    reader.put(validatingadmissionpolicies, named(name, validation('true')));
    reader.put(validatingadmissionpolicybindings, named(`of-${name}`, { policyName: name }));
  }
  const set = new PolicySet({ reader }, validatingadmissionpolicies, validatingadmissionpolicybindings);
  const compiled = () => Promise.all(set.current.map((bound) => bound.compiled()));
  const [a, b, c] = await compiled();

  reader.put(validatingadmissionpolicies, named('b', validation('false')));
  const [againA, againB, againC] = await compiled();
  expect([againA === a, againB === b, againC === c]).toEqual([true, false, true]);
  expect(againB?.validations[0]?.expression).toBe('false');

  const { reads } = reader;
  reader.put(validatingadmissionpolicybindings, named('of-c', { policyName: 'a' }));
  expect(set.current.map(({ policy, bindings }) => [policy.metadata.name, bindings.length])).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
  expect(reader.reads - reads).toBe(1);

  reader.remove(validatingadmissionpolicies, 'a');
  expect(set.current.map(({ policy }) => policy.metadata.name)).toEqual(['b']);
});

test('when the webhooks of one configuration change, those of others are not looked at again', () => {
  const reader = testReader();
  const configuration = (name: string, ...webhooks: string[]) => ({
    metadata: { name },
    webhooks: webhooks.map((webhook) => ({ name: webhook })),
  });
  reader.put(mutatingwebhookconfigurations, configuration('b', 'b0.example.com', 'b1.example.com'));
  reader.put(mutatingwebhookconfigurations, configuration('a', 'a0.example.com'));
  const hooks = currentHooks(reader, mutatingwebhookconfigurations);
  const ids = () => hooks.current.map(({ id }) => id);
  expect(ids()).toEqual(['a/a0.example.com/0', 'b/b0.example.com/0', 'b/b1.example.com/1']);
  const [before] = hooks.current;
  reader.put(mutatingwebhookconfigurations, configuration('b', 'b2.example.com'));
  expect(ids()).toEqual(['a/a0.example.com/0', 'b/b2.example.com/0']);
  expect(hooks.current[0]).toBe(before);
});
