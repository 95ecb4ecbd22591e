import { secrets } from '../../api/generated/resources.ts';
import type { Client } from '../../client/client.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { UserError } from '../user-error.ts';
import { secretNameOf, type TokenDraft, type TokenRow, tokenRow, tokenSecret } from './bootstrap-token.ts';

const namespace = 'kube-system';

/** Puts a token into the cluster. */
export async function createToken(client: Client, draft: TokenDraft): Promise<void> {
  const cause = { reason: 'the administrator lets machines join' };
  await client
    .of(secrets)
    .create(tokenSecret(draft), { cause })
    .catch((error) => {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      throw new UserError(`there is a token ${draft.token.id} already`, 'delete it first, or take another');
    });
}

/** All tokens, also those that have ended and wait to be removed. */
export async function listTokens(client: Client): Promise<TokenRow[]> {
  const fieldSelector = 'type=bootstrap.kubernetes.io/token';
  const { items } = await client.of(secrets).list({ namespace, fieldSelector });
  return items.flatMap((secret) => tokenRow(secret) ?? []);
}

/** Removes a token by its id, or by the whole of it. */
export async function deleteToken(client: Client, text: string): Promise<void> {
  const id = text.split('.')[0] ?? '';
  if (!/^[a-z0-9]{6}$/.test(id))
    throw new UserError(`${text} is not the id of a token`, 'see `k8ts token list`');
  const cause = { reason: 'the administrator takes the token back' };
  await client
    .of(secrets)
    .delete({ namespace, name: secretNameOf(id) }, { cause })
    .catch((error) => {
      if (!hasReason(error, 'NotFound')) throw error;
      throw new UserError(`there is no token ${id}`, 'see `k8ts token list`');
    });
}
