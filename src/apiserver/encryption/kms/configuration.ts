import { formatDuration, parseDuration } from '../../../machinery/duration.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { readEndpoint } from './endpoint.ts';

/** A program that holds keys, as a configuration names it. */
export interface KmsConfiguration {
  /** `v1` where absent, which is not supported. */
  apiVersion?: string;
  name?: string;
  /** Only of v1. */
  cachesize?: number;
  /** `unix:///path/of/a.sock`. */
  endpoint?: string;
  /** How long each call may take, such as `3s`, which it is where absent. */
  timeout?: string;
}

/** What is needed of a configuration that has been checked. */
export interface KeyProviderSettings {
  name: string;
  socketPath: string;
  timeoutMs: number;
}

const usualTimeout = '3s';
const versionOf = ({ apiVersion }: KmsConfiguration) => apiVersion || 'v1';
const timeoutOf = ({ timeout }: KmsConfiguration) => parseDuration(timeout ?? usualTimeout);

export interface KmsChecks {
  field: string;
  /** Names of the providers before it. */
  taken: ReadonlySet<string>;
  /** Whether the configuration is followed while it changes. */
  isFollowed: boolean;
}

/** What is wrong with a provider, in upstream's words. */
export function kmsErrors(config: KmsConfiguration, { field, taken, isFollowed }: KmsChecks): FieldError[] {
  const { cachesize, name = '' } = config;
  const version = versionOf(config);
  const at = (name: string) => `${field}.${name}`;
  const timeout = timeoutOf(config);
  return [
    ...(name === '' ? [required(at('name'), 'name is a mandatory field for a provider')] : []),
    ...(version !== 'v1' && name.includes(':')
      ? [invalid(at('name'), name, `invalid KMS provider name ${name}, must not contain ':'`)]
      : []),
    ...((isFollowed || version !== 'v1') && taken.has(name)
      ? [invalid(at('name'), name, `duplicate KMS provider name ${name}, names must be unique`)]
      : []),
    ...(timeout <= 0
      ? [shownAs(at('timeout'), formatDuration(timeout), 'timeout should be a positive value')]
      : []),
    ...endpointErrors(config.endpoint ?? '', at('endpoint')),
    ...(version !== 'v1' && cachesize !== undefined && cachesize !== null
      ? [invalid(at('cachesize'), cachesize, 'cachesize is not supported in v2')]
      : []),
    ...(version === 'v1' && cachesize === 0
      ? [invalid(at('cachesize'), 0, 'cachesize should be a positive value, or negative to disable')]
      : []),
    ...(version === 'v1' || version === 'v2'
      ? []
      : [
          invalid(
            at('apiVersion'),
            version,
            // Upstream names the field, not the version.
            'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported',
          ),
        ]),
  ];
}

/** A bad value that is shown as it is, without quotes. */
const shownAs = (field: string, shown: string, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  body: `Invalid value: ${shown}: ${detail}`,
});

function endpointErrors(endpoint: string, field: string): FieldError[] {
  if (endpoint === '') return [invalid(field, '', 'endpoint is a mandatory field for a kms')];
  const read = readEndpoint(endpoint);
  if ('error' in read)
    return [invalid(field, endpoint, `invalid endpoint for kms provider, error: ${read.error}`)];
  if (read.scheme === 'unix') return [];
  const detail = `unsupported scheme ${goQuote(read.scheme)} for KMS provider, only unix is supported`;
  return [invalid(field, endpoint, detail)];
}

/** What a configuration that has been checked asks for. Throws an Error where that is no longer offered. */
export function keyProviderSettings(config: KmsConfiguration): KeyProviderSettings {
  if (versionOf(config) === 'v1')
    throw new Error(
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    );
  const endpoint = readEndpoint(config.endpoint ?? '');
  const socketPath = 'error' in endpoint ? '' : endpoint.socketPath;
  return { name: config.name ?? '', socketPath, timeoutMs: timeoutOf(config) / 1e6 };
}
