import type { Node, Taint } from '../../../../api/core/v1.ts';
import { deepEqual } from '../../../../machinery/equal.ts';
import { duplicate, type FieldError, forbiddenField, invalid } from '../../../../machinery/field-error.ts';
import { legacyCidrErrors } from '../../../../machinery/ip.ts';
import { labelValueErrors } from '../../../../machinery/names.ts';
import { resourceAmount } from '../../pod-spec/validation/resources.ts';
import { taintEffect } from '../../pod-spec/validation/scheduling.ts';
import { each, invalids, qualifiedName, repeats } from '../../shared/validate.ts';

/** What holds for a new node. */
export function nodeErrors({ spec, status }: Node): FieldError[] {
  return [...taints('metadata.taints', spec.taints), ...amounts(status), ...podRanges(spec.podCIDRs)];
}

/** What an update may do, of the node and of its status alike. */
export function nodeUpdateErrors({ spec, status }: Node, { spec: old }: Node): FieldError[] {
  const errors = [...amounts(status), ...addresses(status)];
  const once = (name: string, shown: string) =>
    forbiddenField(`spec.${name}`, `node updates may not change ${shown} except from "" to valid`);
  if (old.podCIDRs?.length && !deepEqual(old.podCIDRs, spec.podCIDRs ?? []))
    errors.push(once('podCIDRs', 'podCIDR'));
  if (old.providerID && old.providerID !== spec.providerID) errors.push(once('providerID', 'providerID'));
  return [...errors, ...taints('metadata.taints', spec.taints)];
}

/** Upstream reports taints under the metadata, where they were once annotations. */
function taints(field: string, list: readonly Taint[] | undefined): FieldError[] {
  const repeated = repeats();
  return each(field, list, (taint, path) => {
    const { key, value = '', effect } = taint;
    const wrong = labelValueErrors(value).join(';');
    const errors = [
      ...qualifiedName(`${path}.key`, key),
      ...(wrong ? [invalid(`${path}.value`, value, wrong)] : []),
      ...taintEffect(`${path}.effect`, effect),
    ];
    if (!repeated(`${effect} ${key}`)) return errors;
    const error = duplicate(path, taint);
    return [...errors, { ...error, body: `${error.body}: taints must be unique by key and effect pair` }];
  });
}

function amounts(status: Node['status']): FieldError[] {
  const lists = { capacity: status?.capacity, allocatable: status?.allocatable };
  return Object.entries(lists).flatMap(([list, resources]) =>
    Object.entries(resources ?? {}).flatMap(([name, amount]) =>
      resourceAmount(`status.${list}.${name}`, name, amount),
    ),
  );
}

function podRanges(ranges: readonly string[] = []): FieldError[] {
  const errors = each('spec.podCIDRs', ranges, (range, path) =>
    invalids(path, range, legacyCidrErrors(range)),
  );
  const families = new Set(ranges.map((range) => range.includes(':')));
  if (ranges.length <= 1 || (ranges.length === 2 && families.size === 2)) return errors;
  const why = 'may specify no more than one CIDR for each IP family';
  return [...errors, invalid('spec.podCIDRs', ranges, why)];
}

function addresses(status: Node['status']): FieldError[] {
  const repeated = repeats();
  return each('status.addresses', status?.addresses, (address, path) =>
    repeated(`${address.type} ${address.address}`) ? [duplicate(path, address)] : [],
  );
}
