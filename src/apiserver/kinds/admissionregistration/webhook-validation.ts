import type {
  MutatingWebhook,
  ServiceReference,
  ValidatingWebhook,
  WebhookClientConfig,
} from '../../../api/admissionregistration/v1.ts';
import { duplicate, type FieldError, invalid, invalids, required } from '../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../machinery/label-selector.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors, portNumberErrors } from '../../../machinery/names.ts';
import { each, optionalSupported, repeats, requireValue, supported } from '../shared/validate.ts';
import { matchConditionErrors, ruleErrors } from './rule-validation.ts';

type Webhook = MutatingWebhook | ValidatingWebhook;

const reviewVersions = ['v1', 'v1beta1'];
const sideEffects = ['None', 'NoneOnDryRun'];
const maxTimeoutSeconds = 30;

/** What holds for the webhooks of a configuration at any time. */
export function webhookErrors(webhooks: readonly Webhook[] | undefined): readonly FieldError[] {
  const repeated = repeats();
  return each('webhooks', webhooks, (hook, field) => [
    ...oneWebhook(field, hook),
    ...versionErrors(`${field}.admissionReviewVersions`, hook.admissionReviewVersions),
    ...(hook.name && repeated(hook.name) ? [duplicate(`${field}.name`, hook.name)] : []),
  ]);
}

function oneWebhook(field: string, hook: Webhook): readonly FieldError[] {
  const { timeoutSeconds: seconds = 1 } = hook;
  const isSlow = seconds < 1 || seconds > maxTimeoutSeconds;
  const reinvocation = 'reinvocationPolicy' in hook ? hook.reinvocationPolicy : undefined;
  return [
    ...fullName(`${field}.name`, hook.name),
    ...each(`${field}.rules`, hook.rules, (rule, path) => ruleErrors(path, rule)),
    ...optionalSupported(`${field}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']),
    ...optionalSupported(`${field}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']),
    ...(hook.sideEffects === undefined
      ? [required(`${field}.sideEffects`, `must specify one of ${sideEffects.join(', ')}`)]
      : supported(`${field}.sideEffects`, hook.sideEffects, sideEffects)),
    ...(isSlow
      ? [invalid(`${field}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds')]
      : []),
    ...labelSelectorErrors(hook.namespaceSelector, `${field}.namespaceSelector`),
    ...labelSelectorErrors(hook.objectSelector, `${field}.objectSelector`),
    ...optionalSupported(`${field}.reinvocationPolicy`, reinvocation, ['IfNeeded', 'Never']),
    ...clientErrors(`${field}.clientConfig`, hook.clientConfig),
    ...matchConditionErrors(`${field}.matchConditions`, hook.matchConditions),
  ];
}

function fullName(field: string, name: string): readonly FieldError[] {
  if (!name) return [required(field)];
  const errors = dns1123SubdomainErrors(name);
  if (errors.length > 0) return [invalid(field, name, errors.join(','))];
  if (name.split('.').length >= 3) return [];
  return [invalid(field, name, 'should be a domain with at least three segments separated by dots')];
}

function versionErrors(field: string, versions: readonly string[] = []): readonly FieldError[] {
  const list = reviewVersions.join(', ');
  if (versions.length === 0) return [required(field, `must specify one of ${list}`)];
  const repeated = repeats();
  const errors = each(field, versions, (version, path) =>
    repeated(version)
      ? [invalid(path, version, 'duplicate version')]
      : invalids(path, version, dns1035LabelErrors(version)),
  );
  if (versions.some((version) => reviewVersions.includes(version))) return errors;
  return [...errors, invalid(field, versions, `must include at least one of ${list}`)];
}

/** How a webhook is reached: by a Service of the cluster or by a URL. */
export function clientErrors(field: string, { url, service }: WebhookClientConfig): readonly FieldError[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(field, 'exactly one of url or service is required')];
  }
  if (service) return serviceErrors(`${field}.service`, service);
  return urlErrors(`${field}.url`, url as string);
}

const form = '; desired format: https://host[/path]';

function urlErrors(field: string, text: string): readonly FieldError[] {
  if (!URL.canParse(text)) {
    const scheme = text.includes('://') ? text.slice(0, text.indexOf('://')) : '';
    if (scheme === 'https') return [invalid(field, '', `host must be specified${form}`)];
    return [
      invalid(field, scheme, `'https' is the only allowed URL scheme${form}`),
      invalid(field, '', `host must be specified${form}`),
    ];
  }
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  const user = url.username + (url.password && `:${url.password}`);
  return [
    ...(scheme === 'https' ? [] : [invalid(field, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(url.host ? [] : [invalid(field, '', `host must be specified${form}`)]),
    ...(user ? [invalid(field, user, 'user information is not permitted in the URL')] : []),
    ...(url.hash ? [invalid(field, url.hash.slice(1), 'fragments are not permitted in the URL')] : []),
    ...(url.search
      ? [invalid(field, url.search.slice(1), 'query parameters are not permitted in the URL')]
      : []),
  ];
}

/** Upstream mixes up the two names in its answers; so do we. */
function serviceErrors(
  field: string,
  { name, namespace, path, port = 443 }: ServiceReference,
): readonly FieldError[] {
  const wrongPort = portNumberErrors(port);
  return [
    ...requireValue(`${field}.name`, namespace),
    ...requireValue(`${field}.namespace`, name),
    ...(wrongPort.length > 0
      ? [invalid(`${field}.port`, port, `port is not valid: ${wrongPort.join(', ')}`)]
      : []),
    ...pathErrors(`${field}.path`, path ?? ''),
  ];
}

function pathErrors(field: string, path: string): readonly FieldError[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return [invalid(field, path, 'segment[0] may not be empty')];
  const errors = path.startsWith('/') ? [] : [invalid(field, path, "must start with a '/'")];
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  const wrong = steps.flatMap((step, i) => {
    if (step === '') return [invalid(field, path, `segment[${i}] may not be empty`)];
    return dns1123SubdomainErrors(step).map((why) => invalid(field, path, `segment[${i}]: ${why}`));
  });
  return [...errors, ...wrong];
}
