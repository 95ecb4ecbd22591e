import type { ApiServerOptions } from '../apiserver/server.ts';
import { goPattern } from '../machinery/go-pattern.ts';
import { UserError } from './user-error.ts';

/** What the API server does with every request, and how it ends; the names are those of upstream's flags. */
export interface EdgeSettings {
  corsAllowedOrigins?: readonly string[] | undefined;
  strictTransportSecurityDirectives?: readonly string[] | undefined;
  goawayChance?: number | undefined;
  http2MaxStreamsPerConnection?: number | undefined;
  shutdownDelayMs?: number | undefined;
  shutdownSendRetryAfter?: boolean | undefined;
}

/** Throws a UserError where something of it could not be meant. */
export function readEdge(
  settings: EdgeSettings,
): Pick<ApiServerOptions, 'edge' | 'shutdownDelayMs' | 'streamsPerConnection'> {
  const {
    corsAllowedOrigins = [],
    strictTransportSecurityDirectives: directives = [],
    goawayChance = 0,
  } = settings;
  const {
    shutdownDelayMs = 0,
    shutdownSendRetryAfter = false,
    http2MaxStreamsPerConnection: streams = 0,
  } = settings;
  corsAllowedOrigins.forEach(checkOrigin);
  directives.forEach(checkDirective);
  if (!(goawayChance >= 0 && goawayChance <= 0.02))
    throw new UserError('--goaway-chance can not be less than 0 or greater than 0.02');
  return {
    edge: {
      allowedOrigins: corsAllowedOrigins,
      transportSecurity: directives,
      goawayChance,
      sendRetryAfter: shutdownSendRetryAfter,
    },
    shutdownDelayMs,
    ...(streams > 0 && { streamsPerConnection: streams }),
  };
}

const originHint =
  "write the whole of an origin's host, such as //example\\.com(:|$) or ^https://example\\.com(:|$)";

function checkOrigin(pattern: string): void {
  if (pattern === '') throw new UserError('empty value in --cors-allowed-origins', originHint);
  const invalid = (why: string) =>
    new UserError(`--cors-allowed-origins has an invalid regular expression: ${why}`, originHint);
  try {
    goPattern(pattern);
  } catch (error) {
    throw invalid((error as Error).message);
  }
  // Otherwise other sites whose names have this one's in them may ask too (CVE-2022-1996).
  if (!/\^|\/\//.test(pattern) || !/[$:]/.test(pattern))
    throw invalid('regular expression does not pin to start/end of host in the origin header');
}

function checkDirective(directive: string): void {
  if (directive.trim() === '') throw new UserError('empty value in strict-transport-security-directives');
  if (directive === 'includeSubDomains' || directive === 'preload') return;
  if (!/^max-age=[^=]*$/.test(directive))
    throw new UserError(
      '--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information',
    );
}
