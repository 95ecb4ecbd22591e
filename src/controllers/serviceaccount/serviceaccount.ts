import type { ServiceAccount } from '../../api/core/v1.ts';
import { namespaces, serviceaccounts } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done } from '../controller.ts';

const accountName = 'default';

/** Sees to it that every namespace has the service account that pods run as unless they name another. */
export function createServiceAccountController(context: ControllerContext): Component {
  const namespaceInformer = context.informers.of(namespaces);
  const accounts = context.informers.of(serviceaccounts);
  return createController({
    name: 'service-account-controller',
    queueName: 'serviceaccount',
    context,
    setup: ({ queue }) => {
      namespaceInformer.onChange({ added: (n) => queue.add(keyOf(n)), updated: (n) => queue.add(keyOf(n)) });
      accounts.onChange({ deleted: (account) => queue.add(account.metadata.namespace ?? '') });
      return async (name) => {
        const namespace = namespaceInformer.get(name);
        if (namespace?.status?.phase === 'Terminating' || !namespace) return done;
        if (accounts.get(`${name}/${accountName}`)) return done;
        const metadata = { name: accountName, namespace: name };
        const account: ServiceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
        const cause = causedBy(namespace, 'every namespace has a default service account');
        await context.client.of(serviceaccounts).create(account, { cause }).catch(ignoring('AlreadyExists'));
        return done;
      };
    },
  });
}
