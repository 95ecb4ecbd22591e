import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { cidrTest, looseIp } from '../../../machinery/ip.ts';

const special = [
  ['may not be in the loopback range (127.0.0.0/8, ::1/128)', ['127.0.0.0/8', '::1/128']],
  ['may not be in the link-local range (169.254.0.0/16, fe80::/10)', ['169.254.0.0/16', 'fe80::/10']],
  ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)', ['224.0.0.0/24', 'ff02::/16']],
].map(([why, cidrs]) => ({ why: why as string, tests: (cidrs as string[]).map(cidrTest) }));

/** Traffic must not be sent to addresses that mean the node itself or its neighbours. */
export function specialAddress(field: string, ip: string): readonly FieldError[] {
  const canonical = looseIp(ip);
  if (!canonical) return [invalid(field, ip, 'must be a valid IP address')];
  if (canonical === '0.0.0.0' || canonical === '::')
    return [invalid(field, ip, `may not be unspecified (${ip})`)];
  const hits = special.filter(({ tests }) => tests.some((holds) => holds(canonical)));
  return hits.map(({ why }) => invalid(field, ip, why));
}
