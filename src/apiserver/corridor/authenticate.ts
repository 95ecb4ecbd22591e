import { StatusError, unauthorized } from '../../machinery/status-error.ts';
import type { HttpRequest } from '../../platform/http.ts';
import { anonymousUser, type Authenticator, type RequestNotes } from '../auth/authenticator.ts';
import type { UserInfo } from '../registry/kind.ts';

export interface AuthenticateOptions {
  /** Asked in order. */
  authenticators: readonly Authenticator[];
  /** Whether a request that shows no credentials is let on as system:anonymous. */
  allowAnonymous: boolean;
  /** For these paths alone; for all where absent. */
  anonymousPaths?: readonly string[] | undefined;
}

/**
 * Who asks. Credentials that one authenticator refuses may still satisfy another; where none is satisfied the
 * refusal stands, and only a request without any credentials can be anonymous.
 */
export async function authenticate(
  request: HttpRequest,
  options: AuthenticateOptions,
  notes?: RequestNotes,
): Promise<UserInfo> {
  let refusal: unknown;
  for (const authenticator of options.authenticators) {
    try {
      const found = authenticator.authenticate(request, notes);
      const user = found instanceof Promise ? await found : found;
      if (user) return user;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      refusal ??= error;
    }
  }
  if (refusal) throw refusal;
  if (!isOpen(request.target, options)) throw unauthorized();
  return anonymousUser;
}

function isOpen(target: string, { allowAnonymous, anonymousPaths }: AuthenticateOptions): boolean {
  if (!allowAnonymous || !anonymousPaths) return allowAnonymous;
  return anonymousPaths.includes(target.split('?', 1)[0] as string);
}
