import type { ClusterRole, PolicyRule } from '../../api/rbac/v1.ts';
import { clusterroles } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { compileLabelSelector, matchesLabels } from '../../machinery/label-selector.ts';
import { type ControllerContext, createController, done } from '../controller.ts';

/** The rules that an aggregated role has: those of all roles it selects, by name, each once. */
export function aggregatedRules(
  role: Stored<ClusterRole>,
  all: readonly Stored<ClusterRole>[],
): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(compileLabelSelector);
  const lending = all
    .filter((other) => other.metadata.name !== role.metadata.name)
    .filter((other) => selectors.some((selector) => matchesLabels(selector, other.metadata.labels)))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const rule of lending.flatMap((other) => other.rules ?? []))
    if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
  return rules;
}

const name = 'clusterrole-aggregation-controller';

/** Keeps the rules of ClusterRoles that are made up of others. */
export function createClusterRoleAggregationController(context: ControllerContext): Component {
  const informer = context.informers.of(clusterroles);
  return createController({
    name,
    queueName: 'ClusterRoleAggregator',
    context,
    setup: ({ queue, writes }) => {
      // Any role may lend to any other: there are few of the aggregated ones.
      const addAll = () => {
        for (const role of informer.list()) if (role.aggregationRule) queue.add(keyOf(role));
      };
      informer.onChange({
        added: addAll,
        deleted: addAll,
        updated: (role, old) => {
          const isSame =
            deepEqual(role.rules, old.rules) && deepEqual(role.metadata.labels, old.metadata.labels);
          if (!isSame || !deepEqual(role.aggregationRule, old.aggregationRule)) addAll();
        },
      });
      return async (key) => {
        const role = informer.get(key);
        if (!role?.aggregationRule) return done;
        const rules = aggregatedRules(role, informer.list());
        if (deepEqual(role.rules ?? [], rules)) return done;
        const cause = causedBy(role, 'the roles it is made of have other rules');
        const { apiVersion, kind } = role;
        const applied = { apiVersion, kind, metadata: { name: role.metadata.name }, rules };
        // Applied, so that the rules are seen to be nobody else's.
        const options = {
          type: 'application/apply-patch+yaml',
          fieldManager: name,
          force: true,
          cause,
        } as const;
        const written = await context.client.of(clusterroles).patch(role.metadata, applied, options);
        writes.wrote(key, informer, written);
        return done;
      };
    },
  });
}
