import type { Service, ServiceSpec } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
} from '../../../../machinery/field-error.ts';
import { isHeadless, needsHealthCheck } from './type-change.ts';
import { balancerClass, serviceErrors } from './validation.ts';

const fixed = 'may not change once set';

/** What an update of a service may do: its addresses stay, a second one may come and go. */
export function serviceUpdateErrors(service: Service, old: Service): readonly FieldError[] {
  const [spec, before] = [service.spec, old.spec];
  const errors = [
    ...(spec.type === 'ExternalName' || before.type === 'ExternalName'
      ? noErrors
      : addressChanges(spec, before)),
  ];
  const balanced = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  if (balanced && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, fixed));
  }
  errors.push(...balancerClass(spec));
  const checked = needsHealthCheck(spec) && needsHealthCheck(before);
  if (checked && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'));
  }
  return allErrors(errors, serviceErrors(service, old));
}

function addressChanges(spec: ServiceSpec, old: ServiceSpec): readonly FieldError[] {
  const [now, before] = [isHeadless(spec), isHeadless(old)];
  const errors = now && before ? noErrors : changes('clusterIPs', spec, old);
  return now || before ? errors : allErrors(errors, changes('ipFamilies', spec, old));
}

const words = {
  clusterIPs: { unset: 'primary clusterIP can not be unset', second: 'secondary clusterIP' },
  ipFamilies: { unset: 'primary ipFamily can not be unset', second: 'secondary ipFamily' },
};

function changes(
  name: 'clusterIPs' | 'ipFamilies',
  spec: ServiceSpec,
  old: ServiceSpec,
): readonly FieldError[] {
  const [now, before] = [spec[name] ?? [], old[name] ?? []];
  const field = (i: number) => `spec.${name}[${i}]`;
  if (now.length === before.length) {
    return before.flatMap((value, i) =>
      now[i] === value ? noErrors : [invalid(field(name === 'clusterIPs' ? i : 0), now, fixed)],
    );
  }
  const errors: FieldError[] = [];
  const fewer = now.length < before.length;
  // Upstream looks at the addresses, and shows them, also where it speaks of families.
  const ips = spec.clusterIPs ?? [];
  if (fewer && ips.length === 0) errors.push(invalid(field(0), now, words[name].unset));
  if (now.length > 0 && before.length > 0 && now[0] !== before[0]) errors.push(invalid(field(0), ips, fixed));
  if (fewer && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const why = `must be set to 'SingleStack' when releasing the ${words[name].second}`;
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, why));
  }
  return errors;
}
