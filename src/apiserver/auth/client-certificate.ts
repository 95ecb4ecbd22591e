import { unauthorized } from '../../machinery/status-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { PeerCertificate } from '../../platform/http.ts';
import { stillHolds } from '../../platform/peer.ts';
import type { UserInfo } from '../registry/kind.ts';
import { type Authenticator, withAuthenticated } from './authenticator.ts';

function userOf({ commonName: name, organizations: groups, uids = [], sha256 }: PeerCertificate): UserInfo {
  const [uid] = uids;
  // Not even a user without one: which of several it is nobody knows.
  if (uids.length > 1 || uid === '') throw unauthorized();
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${sha256}`] };
  return withAuthenticated({ name, ...(uid !== undefined && { uid }), groups, extra });
}

/** Users by client certificate, as long as it holds: the common name is the user, organizations are groups, a UID may stand in the subject too. */
export function certificateAuthenticator(clock: Pick<Clock, 'now'>): Authenticator {
  const users = new WeakMap<PeerCertificate, UserInfo>();
  return {
    authenticate({ peer }) {
      if (!peer) return undefined;
      if (!peer.trusted || !stillHolds(peer, clock)) throw unauthorized();
      if (peer.commonName === '') return undefined;
      let user = users.get(peer);
      if (!user) {
        user = userOf(peer);
        users.set(peer, user);
      }
      return user;
    },
  };
}
