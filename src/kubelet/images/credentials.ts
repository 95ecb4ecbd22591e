import type { Secret } from '../../api/core/v1.ts';
import type { RegistryAuth } from '../runtimes/types.ts';
import { withoutSlashes } from '../../machinery/go-text.ts';
import { parseImageName } from './image-name.ts';

interface DockerAuth {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** What shows a registry who asks, and the secret it stands in. */
export interface PullCredential {
  auth: RegistryAuth;
  secret: Secret;
}

/** Reads what a pull secret holds; one that cannot be read holds nothing. */
function readSecret(secret: Secret): Record<string, DockerAuth> {
  const parse = (key: string): Record<string, unknown> => {
    const data = secret.data?.[key];
    if (!data) return {};
    try {
      return JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as Record<string, unknown>;
    } catch {
      return {};
    }
  };
  if (secret.type === 'kubernetes.io/dockerconfigjson')
    return (parse('.dockerconfigjson').auths ?? {}) as Record<string, DockerAuth>;
  return secret.type === 'kubernetes.io/dockercfg' ? (parse('.dockercfg') as Record<string, DockerAuth>) : {};
}

/** `https://index.docker.io/v1/` and the like come down to host and path. */
function normalize(registry: string): string {
  const bare = withoutSlashes(registry.replace(/^https?:\/\//, ''));
  const [host = '', ...path] = bare.split('/');
  const isVersion = path.length === 1 && /^v[12]$/.test(path[0] as string);
  const name = host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
  return isVersion || path.length === 0 ? name : `${name}/${path.join('/')}`;
}

/** The credentials to try for an image, the most specific first. Parts of a host may be `*`. */
export function credentialsFor(image: string, secrets: Secret[]): PullCredential[] {
  const { registry, repository } = parseImageName(image);
  const target = `${registry}/${repository}`;
  return secrets
    .flatMap((secret) =>
      Object.entries(readSecret(secret)).map(([key, auth]) => ({ pattern: normalize(key), auth, secret })),
    )
    .filter(({ pattern }) => covers(pattern, target))
    .sort((a, b) => (a.pattern === b.pattern ? 0 : a.pattern < b.pattern ? 1 : -1))
    .map(({ pattern, auth, secret }) => ({ auth: authOf(pattern, auth), secret }));
}

function covers(pattern: string, target: string): boolean {
  const [host = '', ...path] = pattern.split('/');
  const [targetHost = '', ...targetPath] = target.split('/');
  const parts = host.split('.');
  const targetParts = targetHost.split('.');
  if (parts.length !== targetParts.length) return false;
  if (!parts.every((part, i) => matchesGlob(part, targetParts[i] as string))) return false;
  const wanted = path.join('/');
  const has = targetPath.join('/');
  return wanted === '' || has === wanted || has.startsWith(`${wanted}/`);
}

function matchesGlob(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop() ?? '';
  if (rest.length > 0)
    return rest.every((part) => text.includes(part)) && text.startsWith(head) && text.endsWith(tail);
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}

function authOf(pattern: string, auth: DockerAuth): RegistryAuth {
  const decoded = auth.auth && !auth.username ? Buffer.from(auth.auth, 'base64').toString('utf8') : '';
  const colon = decoded.indexOf(':');
  return {
    username: auth.username ?? (colon >= 0 ? decoded.slice(0, colon) : undefined),
    password: auth.password ?? (colon >= 0 ? decoded.slice(colon + 1) : undefined),
    identityToken: auth.identitytoken,
    registryToken: auth.registrytoken,
    serverAddress: pattern.split('/')[0],
  };
}
