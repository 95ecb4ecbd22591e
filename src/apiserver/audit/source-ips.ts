import { looseIp } from '../../machinery/ip.ts';
import type { HttpRequest } from '../../platform/http.ts';

/** Where a request comes from: the addresses that proxies name, then that of the connection. All but the last can be made up. */
export function sourceIps({
  headers,
  remoteAddress,
}: Pick<HttpRequest, 'headers' | 'remoteAddress'>): string[] {
  const found = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .flatMap((text) => looseIp(text.trim()) ?? []);
  const real = looseIp(String(headers['x-real-ip'] ?? ''));
  if (real !== undefined && !found.includes(real)) found.push(real);
  const own = looseIp(remoteAddress);
  if (own !== undefined && found.at(-1) !== own) found.push(own);
  return found;
}
