import { createHash, timingSafeEqual } from 'node:crypto';
import * as resources from '../../../api/generated/resources.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { TokenAuthenticator } from '../authenticator.ts';
import type { ObjectReader } from '../object-reader.ts';

const format = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupFormat = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

const sameText = (a: string, b: string) => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

/** The groups a token's secret adds; undefined where one of them may not be given. */
function extraGroups(text: string | undefined): string[] | undefined {
  const groups = (text ?? '').split(',').filter((group) => group !== '');
  return groups.every((group) => groupFormat.test(group)) ? groups : undefined;
}

/** Join tokens such as `abcdef.0123456789abcdef`, each a secret `bootstrap-token-abcdef` in kube-system. */
export function bootstrapTokens(options: { reader: ObjectReader; clock: Clock }): TokenAuthenticator {
  const { reader, clock } = options;
  return {
    async authenticateToken(token, audiences) {
      const [, id, secret] = format.exec(token) ?? [];
      if (!id || !secret) return undefined;
      const found = reader.get(resources.secrets, {
        namespace: 'kube-system',
        name: `bootstrap-token-${id}`,
      });
      if (found?.type !== 'bootstrap.kubernetes.io/token' || found.metadata.deletionTimestamp)
        return undefined;
      const field = (name: string) => Buffer.from(found.data?.[name] ?? '', 'base64').toString();
      if (field('token-id') !== id || !sameText(field('token-secret'), secret)) return undefined;
      if (field('usage-bootstrap-authentication') !== 'true') return undefined;
      const expiration = field('expiration');
      // A time that cannot be read counts as past.
      if (expiration && !(Date.parse(expiration) > clock.now())) return undefined;
      const groups = extraGroups(field('auth-extra-groups'));
      if (!groups) return undefined;
      return {
        user: { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...groups] },
        audiences,
      };
    },
  };
}
