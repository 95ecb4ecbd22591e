import { goQuote } from '../../machinery/go-text.ts';

/** What a kubelet can speak with a driver, as drivers name it; the newest comes first. */
const known = ['v1.DRAPlugin', 'v1beta1.DRAPlugin'] as const;

export type DraService = (typeof known)[number];

/** The newest that a driver speaks too. Throws where there is none. */
export function chooseService({
  name,
  endpoint,
  versions,
}: {
  name: string;
  endpoint: string;
  versions: readonly string[];
}): DraService {
  const chosen = known.find((service) => versions.includes(service));
  if (chosen) return chosen;
  const why =
    versions.length === 0
      ? 'empty list of supported gRPC services (aka supported versions)'
      : `none of services supported by the plugin (${listed(versions)}) are supported by the kubelet (${listed(known)})`;
  throw new Error(
    `invalid supported gRPC versions of DRA driver plugin ${name} at endpoint ${endpoint}: ${why}`,
  );
}

const listed = (services: readonly string[]) => `[${services.map(goQuote).join(' ')}]`;
