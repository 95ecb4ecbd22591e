import { configmaps, secrets } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { signedData, signersAmong, tokenExpiryMs, tokenType } from './plan.ts';

const tokens = { namespace: 'kube-system', fieldSelector: `type=${tokenType}` };
const clusterInfo = 'kube-public/cluster-info';

/** Removes bootstrap tokens whose time is over. */
export function createTokenCleaner(context: ControllerContext): Component {
  const informer = context.informers.of(secrets, tokens);
  return createController({
    name: 'token-cleaner',
    queueName: 'token_cleaner',
    context,
    workers: 1,
    setup: ({ queue }) => {
      informer.onChange({ added: (s) => queue.add(keyOf(s)), updated: (s) => queue.add(keyOf(s)) });
      return async (key) => {
        const secret = informer.get(key);
        const expiry = secret && tokenExpiryMs(secret);
        if (!secret || expiry === undefined) return done;
        const leftMs = expiry - context.clock.now();
        if (leftMs > 0) return { type: 'again', afterMs: leftMs };
        const cause = causedBy(secret, 'the time of this token is over');
        const preconditions = { uid: secret.metadata.uid };
        await context.client
          .of(secrets)
          .delete(secret.metadata, { cause, preconditions })
          .catch(ignoring('NotFound'));
        return done;
      };
    },
  });
}

/** Signs what new nodes read first with each bootstrap token, so that a token's holder can trust it. */
export function createBootstrapSigner(context: ControllerContext): Component {
  const informer = context.informers.of(secrets, tokens);
  const select = { namespace: 'kube-public', fieldSelector: 'metadata.name=cluster-info' };
  const maps = context.informers.of(configmaps, select);
  return createController({
    name: 'bootstrap-signer',
    queueName: 'bootstrap_signer_queue',
    context,
    workers: 1,
    setup: ({ queue }) => {
      const again = () => queue.add(clusterInfo);
      informer.onChange({ added: again, updated: again, deleted: again });
      maps.onChange({ added: again, updated: again });
      return async () => {
        const map = maps.get(clusterInfo);
        if (!map) return done;
        const data = signedData(map, signersAmong(informer.list(), context.clock.now()));
        if (deepEqual(map.data ?? {}, data)) return done;
        const cause = causedBy(map, 'the tokens that may sign it have changed');
        await context.client.of(configmaps).update({ ...map, data }, { cause });
        return done;
      };
    },
  });
}
