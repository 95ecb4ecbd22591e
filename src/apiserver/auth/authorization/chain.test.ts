import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../platform/log.ts';
import { systemRandom } from '../../../platform/random.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import { type Attributes, type Authorizer, type Decision, firstOpinion } from '../authorizer.ts';
import { AuthorizationCounts } from './authorization-counts.ts';
import { AuthorizerChain, usualAuthorizers } from './chain.ts';
import { alwaysDeny } from './always.ts';

const jane = { name: 'jane', groups: [] };
const getPods = { verb: 'get', resource: 'pods' } as Attributes;
const said = (verdict: Decision['verdict'], more: Partial<Decision> = {}): Decision => ({
  verdict,
  reason: '',
  ...more,
});

describe.each([
  ['at once', (decision: Decision): Authorizer => ({ authorize: () => decision })],
  ['later', (decision: Decision): Authorizer => ({ authorize: async () => decision })],
])('several who answer %s', (_, answering) => {
  test.each<[string, Decision[], Decision]>([
    ['AuthorizationSecondPasses', [said('none'), said('allow')], said('allow')],
    ['AuthorizationFirstPasses', [said('allow'), said('deny')], said('allow')],
    [
      'AuthorizationNonePasses',
      [said('none', { reason: 'a' }), said('none'), said('none', { reason: 'b' })],
      said('none', { reason: 'a\nb' }),
    ],
    [
      'AuthorizationError',
      [said('none', { error: 'foo' }), said('none', { error: 'foo' })],
      said('none', { error: 'foo' }),
    ],
    [
      'two errors',
      [said('none', { error: 'foo' }), said('none', { error: 'bar' })],
      said('none', { error: '[foo, bar]' }),
    ],
    [
      'an error before who allows is forgotten',
      [said('none', { error: 'foo' }), said('allow')],
      said('allow'),
    ],
    [
      'AuthorizationUnequivocalDeny',
      [said('none'), said('deny', { reason: 'no' }), said('allow')],
      said('deny', { reason: 'no' }),
    ],
  ])('%s', async (_name, decisions, together) => {
    expect(await firstOpinion(decisions.map(answering)).authorize(jane, getPods)).toEqual(together);
  });
});

function chainOf(...args: [ConstructorParameters<typeof AuthorizerChain>[1]?]) {
  const counts = new AuthorizationCounts();
  const rule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const rbac = {
    authorize: () => said('allow', { reason: 'roles' }),
    rulesFor: () => ({ rules: [rule], errors: [], incomplete: false }),
  };
  const platform = { clock: new VirtualClock(), random: systemRandom, log: silentLog };
  const chain = new AuthorizerChain(
    { node: alwaysDeny, rbac, counts, platform },
    args[0] ?? usualAuthorizers,
  );
  return { chain, rule, decisions: () => counts.metrics[0]?.values() };
}

test('the chain says what those in it say, and counts who has decided', async () => {
  const { chain, rule, decisions } = chainOf();
  expect(await chain.authorize(jane, getPods)).toEqual(said('allow', { reason: 'roles' }));
  expect(await chain.authorize({ name: 'root', groups: ['system:masters'] }, getPods)).toEqual(said('allow'));
  expect(decisions()).toEqual([{ labels: { type: 'RBAC', name: 'rbac', decision: 'allowed' }, value: 1 }]);
  expect(chain.rulesFor(jane, 'ns')).toEqual({ rules: [rule], errors: [], incomplete: false });
});

test('a chain that is put in its place is asked from then on', async () => {
  const { chain, decisions } = chainOf();
  chain.use([{ type: 'AlwaysDeny', name: 'alwaysdeny' }]);
  expect(await chain.authorize(jane, getPods)).toEqual(said('none', { reason: 'Everything is forbidden.' }));
  expect(chain.rulesFor(jane, 'ns').rules).toEqual([]);
  chain.use([{ type: 'AlwaysAllow', name: 'alwaysallow' }]);
  expect(await chain.authorize(jane, getPods)).toEqual(said('allow'));
  expect(chain.rulesFor(jane, 'ns').rules).toHaveLength(2);
  expect(decisions()).toEqual([
    { labels: { type: 'AlwaysAllow', name: 'alwaysallow', decision: 'allowed' }, value: 1 },
  ]);
  expect(() => chain.use([{ type: 'ABAC', name: 'abac' }])).toThrow('policy file not passed');
  expect(await chain.authorize(jane, getPods)).toEqual(said('allow'));
});
