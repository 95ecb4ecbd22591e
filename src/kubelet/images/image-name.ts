/** An image name taken apart. */
export interface ImageName {
  /** Such as `docker.io`, `localhost:5000`. */
  registry: string;
  /** Such as `library/nginx`. */
  repository: string;
  tag?: string;
  digest?: string;
}

const registryPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const longestName = 255;

/** Takes an image name apart as container tools do; throws an Error that says what is wrong. */
export function parseImageName(text: string): ImageName {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const path = hasTag ? named.slice(0, colon) : named;
  const wrong = digest !== undefined && !digestPattern.test(digest);
  if (path === '' || wrong || (tag !== undefined && !tagPattern.test(tag))) throw invalid();
  return { ...splitPath(path), ...(tag && { tag }), ...(digest && { digest }) };
}

const invalid = () => new Error('invalid reference format');

function splitPath(path: string): { registry: string; repository: string } {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const isRegistry = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const registry = isRegistry ? first : 'docker.io';
  const rest = isRegistry ? path.slice(slash + 1) : path;
  if (rest !== rest.toLowerCase())
    throw new Error(`invalid reference format: repository name (${rest}) must be lowercase`);
  if (!registryPattern.test(registry) || !rest.split('/').every((part) => componentPattern.test(part)))
    throw invalid();
  if (path.length > longestName)
    throw new Error(`repository name must not be more than ${longestName} characters`);
  const repository = registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  return { registry, repository };
}

/** The name as it is asked for: with `latest` where it has neither tag nor digest. */
export function withDefaultTag(text: string): string {
  const { tag, digest } = parseImageName(text);
  return tag || digest ? text : `${text}:latest`;
}
