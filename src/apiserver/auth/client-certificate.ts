import { unauthorized } from '../../machinery/status-error.ts';
import type { PeerCertificate } from '../../platform/http.ts';
import type { UserInfo } from '../registry/kind.ts';
import { type Authenticator, withAuthenticated } from './authenticator.ts';

function userOf(peer: PeerCertificate): UserInfo {
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${peer.sha256}`] };
  return withAuthenticated({ name: peer.commonName, groups: peer.organizations, extra });
}

/** Users by client certificate: the common name is the user, organizations are groups. */
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
