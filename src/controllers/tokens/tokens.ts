import type { TokenRequest } from '../../api/authentication/v1.ts';
import type { Secret, ServiceAccount } from '../../api/core/v1.ts';
import { secrets, serviceaccounts } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { hasReason, ignoring } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done } from '../controller.ts';

const tokenType = 'kubernetes.io/service-account-token';
const nameKey = 'kubernetes.io/service-account.name';
const uidKey = 'kubernetes.io/service-account.uid';
/** The longest time a token may be asked for; it ends with its Secret in any case. */
const tokenSeconds = 2 ** 32;

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Before the key of an account that may still refer to a Secret that is gone. */
const referencePrefix = 'reference|';

/** What is missing in a token Secret besides the token itself. */
export function missingData(secret: Secret, authority: string): Record<string, string> {
  const authorityText = base64(authority);
  return {
    ...(secret.data?.['ca.crt'] !== authorityText && { 'ca.crt': authorityText }),
    // Another namespace may be meant; it is said only where nothing is.
    ...(!secret.data?.namespace && { namespace: base64(secret.metadata.namespace ?? '') }),
  };
}

/**
 * Fills the token Secrets that people make for service accounts, and removes them with the account. The token is
 * bound to the Secret: it is good for as long as the Secret is there, and so is the account's reference to it.
 */
export function createTokensController(
  context: ControllerContext,
  options: { authority: string },
): Component {
  const informer = context.informers.of(secrets, { fieldSelector: `type=${tokenType}` });
  const accounts = context.informers.of(serviceaccounts);
  informer.addIndex('account', (s) => [`${s.metadata.namespace}/${s.metadata.annotations?.[nameKey] ?? ''}`]);
  return createController({
    name: 'tokens-controller',
    queueName: 'serviceaccount_tokens_secret',
    context,
    setup: ({ queue, writes }) => {
      const add = (secret: Stored<Secret>) => queue.add(keyOf(secret));
      const forget = ({ metadata: { namespace = '', name, annotations = {} } }: Stored<Secret>) => {
        const parts = [namespace, annotations[nameKey] ?? '', annotations[uidKey] ?? '', name];
        if (annotations[nameKey]) queue.add(`${referencePrefix}${parts.join('/')}`);
      };
      informer.onChange({ added: add, updated: add, deleted: forget });
      const addOf = (account: Stored<ServiceAccount>) =>
        informer.byIndex('account', keyOf(account)).forEach(add);
      accounts.onChange({ added: addOf, deleted: addOf });
      return async (key) => {
        if (key.startsWith(referencePrefix)) {
          const [namespace, name = '', uid, secretName] = key.slice(referencePrefix.length).split('/');
          const account = await liveAccount(context, { name, namespace });
          if (account && (!uid || account.metadata.uid === uid))
            await dropReference(context, account, secretName);
          return done;
        }
        const secret = informer.get(key);
        const name = secret?.metadata.annotations?.[nameKey];
        if (!secret || !name || secret.metadata.deletionTimestamp) return done;
        const account = await liveAccount(context, { name, namespace: secret.metadata.namespace });
        const uid = secret.metadata.annotations?.[uidKey];
        if (!account || (uid && uid !== account.metadata.uid)) {
          await remove(context, secret);
          return done;
        }
        const data = missingData(secret, options.authority);
        const isFull = uid && secret.data?.token && Object.keys(data).length === 0;
        if (isFull) return done;
        writes.wrote(key, informer, await fill(context, { secret, account, data }));
        return done;
      };
    },
  });
}

async function liveAccount(context: ControllerContext, ref: { name: string; namespace?: string }) {
  try {
    return await context.client.of(serviceaccounts).get(ref);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function dropReference(
  context: ControllerContext,
  account: Stored<ServiceAccount>,
  secretName: string | undefined,
): Promise<void> {
  const kept = (account.secrets ?? []).filter(({ name }) => name !== secretName);
  if (kept.length === (account.secrets ?? []).length) return;
  const cause = causedBy(account, `its token Secret ${secretName} is gone`);
  await context.client
    .of(serviceaccounts)
    .update({ ...account, secrets: kept }, { cause })
    .catch(ignoring('NotFound'));
}

async function remove(context: ControllerContext, secret: Stored<Secret>): Promise<void> {
  const cause = causedBy(secret, 'its service account is gone');
  const preconditions = { uid: secret.metadata.uid };
  await context.client
    .of(secrets)
    .delete(secret.metadata, { cause, preconditions })
    .catch(ignoring('NotFound'));
}

async function fill(
  context: ControllerContext,
  parts: { secret: Stored<Secret>; account: Stored<ServiceAccount>; data: Record<string, string> },
): Promise<Stored<Secret>> {
  const { secret, account, data } = parts;
  const { name, uid } = secret.metadata;
  const cause = causedBy(secret, `it is for a token of ${account.metadata.name}`);
  const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name, uid };
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: [], expirationSeconds: tokenSeconds, boundObjectRef },
  };
  const api = context.client.of(serviceaccounts);
  const token =
    secret.data?.token ??
    base64(
      (await api.postSubresource<TokenRequest>(account.metadata, 'token', body, { cause })).status?.token ??
        '',
    );
  const annotations = { ...secret.metadata.annotations, [uidKey]: account.metadata.uid };
  const next = {
    ...secret,
    metadata: { ...secret.metadata, annotations },
    data: { ...secret.data, ...data, token },
  };
  return context.client.of(secrets).update(next, { cause });
}
