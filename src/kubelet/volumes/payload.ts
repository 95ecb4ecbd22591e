import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from '../../api/core/v1.ts';
import type { Sums } from '../../machinery/resource-sums.ts';
import { type PodAddresses, podFieldValue, resourceFieldValue } from '../containers/field-ref.ts';

/** One file of a volume. */
export interface PayloadFile {
  data: Buffer;
  mode: number;
  /** Who owns it; root where absent. */
  uid?: number;
}

/** The files of a volume by their relative path. */
export type Payload = Map<string, PayloadFile>;

/** Modes as the API writes them by default. */
export const defaultFileMode = 0o644;

/** A volume that cannot be made ready now; the message is for the event. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

interface Selection {
  items?: KeyToPath[];
  optional?: boolean;
  defaultMode?: number;
}

/** The files of a ConfigMap: all its keys, or those asked for. */
export function configMapPayload(found: ConfigMap | undefined, name: string, selection: Selection): Payload {
  if (!found && !selection.optional) throw new VolumeError(`configmap ${JSON.stringify(name)} not found`);
  const data = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(text));
  for (const [key, text] of Object.entries(found?.binaryData ?? {}))
    data.set(key, Buffer.from(text, 'base64'));
  return select(data, selection, (key) => `configmap references non-existent config key: ${key}`);
}

/** The files of a Secret: all its keys, or those asked for. */
export function secretPayload(found: Secret | undefined, name: string, selection: Selection): Payload {
  if (!found && !selection.optional) throw new VolumeError(`secret ${JSON.stringify(name)} not found`);
  const data = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(text, 'base64'));
  return select(data, selection, (key) => `references non-existent secret key: ${key}`);
}

function select(data: Map<string, Buffer>, selection: Selection, missing: (key: string) => string): Payload {
  const { items, optional, defaultMode = defaultFileMode } = selection;
  const payload: Payload = new Map();
  if (!items || items.length === 0) {
    for (const [key, content] of data) payload.set(safePath(key), { data: content, mode: defaultMode });
    return payload;
  }
  for (const { key, path, mode } of items) {
    const content = data.get(key);
    if (content) payload.set(safePath(path), { data: content, mode: mode ?? defaultMode });
    else if (!optional) throw new VolumeError(missing(key));
  }
  return payload;
}

/** Facts about the pod itself, as files. */
export function downwardPayload(
  pod: Pod,
  items: DownwardAPIVolumeFile[],
  more: { addresses: PodAddresses; allocatable: Sums; defaultMode?: number },
): Payload {
  const payload: Payload = new Map();
  for (const { path, fieldRef, resourceFieldRef, mode } of items) {
    const text = fieldRef
      ? podFieldValue(pod, fieldRef.fieldPath, more.addresses)
      : resourceFieldRef
        ? resourceFieldValue(pod, resourceFieldRef, { allocatable: more.allocatable })
        : '';
    payload.set(safePath(path), {
      data: Buffer.from(text),
      mode: mode ?? more.defaultMode ?? defaultFileMode,
    });
  }
  return payload;
}

/** A path that stays inside its volume, in its shortest form. */
export function safePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || parts.length === 0 || parts[0]?.startsWith('..'))
    throw new VolumeError(
      `invalid path ${JSON.stringify(path)}: must be relative and may not leave the volume`,
    );
  return parts.join('/');
}
