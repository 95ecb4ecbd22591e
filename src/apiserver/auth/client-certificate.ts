import { unauthorized } from '../../machinery/status-error.ts';
import type { PeerCertificate } from '../../platform/http.ts';
import type { UserInfo } from '../registry/kind.ts';
import { type Authenticator, withAuthenticated } from './authenticator.ts';

function userOf({ commonName: name, organizations: groups, uids = [], sha256 }: PeerCertificate): UserInfo {
  const [uid] = uids;
  // Not even a user without one: which of several it is nobody knows.
  if (uids.length > 1 || uid === '') throw unauthorized();
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${sha256}`] };
  return withAuthenticated({ name, ...(uid !== undefined && { uid }), groups, extra });
}

/** Users by client certificate: the common name is the user, organizations are groups, a UID may stand in the subject too. */
export function certificateAuthenticator(): Authenticator {
  const users = new WeakMap<PeerCertificate, UserInfo>();
  return {
    authenticate({ peer }) {
      if (!peer) return undefined;
      if (!peer.trusted) throw unauthorized();
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
