import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../machinery/names.ts';

const prefix = 'system:serviceaccount:';

/** The user name of a service account. */
export function serviceAccountUser(namespace: string, name: string): string {
  return `${prefix}${namespace}:${name}`;
}

/** The groups that all service accounts of a namespace are in. */
export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** Takes a service account's user name apart; undefined where it is not one. */
export function parseServiceAccountName(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(prefix)) return undefined;
  const [namespace, name, ...more] = user.slice(prefix.length).split(':');
  if (!namespace || !name || more.length > 0) return undefined;
  const errors = [...dns1123LabelErrors(namespace), ...dns1123SubdomainErrors(name)];
  return errors.length === 0 ? { namespace, name } : undefined;
}
