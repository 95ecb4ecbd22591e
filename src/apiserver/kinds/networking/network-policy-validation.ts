import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../../../api/networking/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  required,
} from '../../../machinery/field-error.ts';
import { cidrContains, cidrWarnings, legacyCidrErrors } from '../../../machinery/ip.ts';
import { labelSelectorErrors } from '../../../machinery/label-selector.ts';
import { portNameErrors } from '../../../machinery/names.ts';
import { portNumber } from '../pod-spec/validation/ports.ts';
import { each, optionalSupported, supported } from '../shared/validate.ts';

/** What holds for a network policy at any time. */
export function networkPolicyErrors({ spec }: NetworkPolicy): readonly FieldError[] {
  const { ingress, egress, policyTypes = [] } = spec;
  const errors = [
    ...labelSelectorErrors(spec.podSelector, 'spec.podSelector'),
    ...each('spec.ingress', ingress, (rule, field) => ruleErrors(field, rule.ports, 'from', rule.from)),
    ...each('spec.egress', egress, (rule, field) => ruleErrors(field, rule.ports, 'to', rule.to)),
  ];
  if (policyTypes.length > 2) {
    const why = 'may not specify more than two policyTypes';
    return [...errors, invalid('spec.policyTypes', policyTypes, why)];
  }
  const types = each('spec.policyTypes', policyTypes, (type, field) =>
    supported(field, type, ['Ingress', 'Egress']),
  );
  return [...errors, ...types];
}

/** Advice on ranges that can be read in more ways than one. */
export function rangeAdvice({ ingress = [], egress = [] }: NetworkPolicySpec): readonly string[] {
  return [
    ...ingress.flatMap(({ from }, i) => peerAdvice(`spec.ingress[${i}].from`, from)),
    ...egress.flatMap(({ to }, i) => peerAdvice(`spec.egress[${i}].to`, to)),
  ];
}

function peerAdvice(field: string, peers: readonly NetworkPolicyPeer[] = []): string[] {
  return peers.flatMap(({ ipBlock }, i) => {
    if (!ipBlock) return [];
    const path = `${field}[${i}].ipBlock`;
    const excepted = (ipBlock.except ?? []).flatMap((cidr, j) => cidrWarnings(`${path}.except[${j}]`, cidr));
    return [...cidrWarnings(`${path}.cidr`, ipBlock.cidr), ...excepted];
  });
}

function ruleErrors(
  field: string,
  ports: readonly NetworkPolicyPort[] | undefined,
  direction: 'from' | 'to',
  peers: readonly NetworkPolicyPeer[] | undefined,
): readonly FieldError[] {
  return [
    ...each(`${field}.ports`, ports, (port, path) => portErrors(path, port)),
    ...each(`${field}.${direction}`, peers, (peer, path) => peerErrors(path, peer)),
  ];
}

function portErrors(field: string, { protocol, port, endPort }: NetworkPolicyPort): readonly FieldError[] {
  const errors = [...optionalSupported(`${field}.protocol`, protocol, ['TCP', 'UDP', 'SCTP'])];
  const path = `${field}.endPort`;
  if (typeof port === 'number') {
    errors.push(...portNumber(`${field}.port`, port));
    if (endPort === undefined) return errors;
    if (endPort < port) errors.push(invalid(path, port, 'must be greater than or equal to `port`'));
    return [...errors, ...portNumber(path, endPort)];
  }
  const what = port === undefined ? 'not specified' : 'non-numeric';
  if (endPort !== undefined) {
    errors.push(invalid(path, endPort, `may not be specified when \`port\` is ${what}`));
  }
  return port === undefined ? errors : [...errors, ...invalids(`${field}.port`, port, portNameErrors(port))];
}

function peerErrors(
  field: string,
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
): readonly FieldError[] {
  const bySelector = podSelector !== undefined || namespaceSelector !== undefined;
  const errors = [
    ...labelSelectorErrors(podSelector, `${field}.podSelector`),
    ...labelSelectorErrors(namespaceSelector, `${field}.namespaceSelector`),
    ...(ipBlock ? blockErrors(`${field}.ipBlock`, ipBlock) : []),
  ];
  if (!bySelector && !ipBlock) return [...errors, required(field, 'must specify a peer')];
  if (!bySelector || !ipBlock) return errors;
  return [...errors, forbiddenField(field, 'may not specify both ipBlock and another peer')];
}

const prefixLength = (cidr: string) => Number(cidr.slice(cidr.indexOf('/') + 1));

function blockErrors(field: string, { cidr, except }: IPBlock): readonly FieldError[] {
  if (!cidr) return [required(`${field}.cidr`)];
  const errors = invalids(`${field}.cidr`, cidr, legacyCidrErrors(cidr));
  if (errors.length > 0) return errors;
  return each(`${field}.except`, except, (part, path) => {
    const wrong = invalids(path, part, legacyCidrErrors(part));
    if (wrong.length > 0) return wrong;
    const isInside = cidrContains(cidr, part.slice(0, part.indexOf('/')));
    if (isInside && prefixLength(part) > prefixLength(cidr)) return [];
    return [invalid(path, part, 'must be a strict subset of `cidr`')];
  });
}
