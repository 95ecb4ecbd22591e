import type { Secret } from '../../api/core/v1.ts';
import { formatTime } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { UserError } from '../user-error.ts';

/** A join token: its public id and its secret, written `id.secret`. */
export interface BootstrapToken {
  id: string;
  secret: string;
}

/** What a token is made with. */
export interface TokenDraft {
  token: BootstrapToken;
  /** Milliseconds since the epoch; never ends where undefined. */
  expiresMs?: number;
  usages: readonly string[];
  /** Groups of whoever shows it, beside `system:bootstrappers`. */
  groups: readonly string[];
  description?: string;
}

/** The group that kubeadm gives to tokens of nodes, and that the rights to join are bound to. */
export const nodeTokenGroup = 'system:bootstrappers:kubeadm:default-node-token';
export const tokenUsages = ['signing', 'authentication'];

const format = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupFormat = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const type = 'bootstrap.kubernetes.io/token';

/** Reads `abcdef.0123456789abcdef`. */
export function parseToken(text: string): BootstrapToken {
  const [, id, secret] = format.exec(text.trim()) ?? [];
  if (id && secret) return { id, secret };
  const hint = 'a token has the form abcdef.0123456789abcdef; `k8ts token create` on a server makes one';
  throw new UserError('this is not a join token', hint);
}

export function generateToken(random: Random): BootstrapToken {
  const text = (length: number) =>
    Array.from({ length }, () => alphabet[random.int(alphabet.length)]).join('');
  return { id: text(6), secret: text(16) };
}

export const formatToken = ({ id, secret }: BootstrapToken) => `${id}.${secret}`;

/** Name of the secret that keeps a token. */
export const secretNameOf = (id: string) => `bootstrap-token-${id}`;

const encode = (text: string) => Buffer.from(text).toString('base64');

/** The secret that a token is kept as. Throws a `UserError` for usages and groups that there are not. */
export function tokenSecret(draft: TokenDraft): Secret {
  const { token, expiresMs, usages, groups, description } = draft;
  const unknown = usages.find((usage) => !tokenUsages.includes(usage));
  if (unknown !== undefined)
    throw new UserError(`there is no usage ${unknown}`, `there are: ${tokenUsages.join(', ')}`);
  const wrong = groups.find((group) => !groupFormat.test(group));
  if (wrong !== undefined)
    throw new UserError(`${wrong} cannot be a group of a token`, 'it must begin with system:bootstrappers:');
  const data: Record<string, string> = { 'token-id': token.id, 'token-secret': token.secret };
  if (description) data.description = description;
  if (expiresMs !== undefined) data.expiration = formatTime(expiresMs);
  for (const usage of usages) data[`usage-bootstrap-${usage}`] = 'true';
  if (groups.length > 0) data['auth-extra-groups'] = groups.join(',');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretNameOf(token.id), namespace: 'kube-system' },
    type,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, encode(value)])),
  };
}

/** A token as a list shows it. */
export interface TokenRow {
  token: string;
  /** RFC 3339; undefined where it never ends. */
  expires?: string;
  usages: string[];
  groups: string[];
  description: string;
}

/** What a secret says as a token; undefined where it is none. */
export function tokenRow(secret: Secret): TokenRow | undefined {
  const field = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
  const text = `${field('token-id')}.${field('token-secret')}`;
  if (secret.type !== type || !format.test(text)) return undefined;
  return {
    token: text,
    expires: field('expiration') || undefined,
    usages: tokenUsages.filter((usage) => field(`usage-bootstrap-${usage}`) === 'true'),
    groups: field('auth-extra-groups').split(',').filter(Boolean),
    description: field('description'),
  };
}

const longestTtlMs = 100 * 365.25 * 86_400_000;
const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a time such as `24h`, `1h30m`, `0` (for ever: undefined). */
export function parseTtlMs(text: string): number | undefined {
  if (text === '0') return undefined;
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text)
    throw new UserError(`${text} is not a length of time`, 'write it as 24h, 90m or 1h30m; 0 is for ever');
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit as string] ?? 0), 0);
  if (ms > longestTtlMs) throw new UserError(`${text} is longer than a century`, '0 is for ever');
  return ms;
}
