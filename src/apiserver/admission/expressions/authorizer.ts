import { type Cost, overFirst, sizeOf } from '../../../machinery/cel/library/cost.ts';
import { type Overload, libraryOf, overload } from '../../../machinery/cel/signature.ts';
import { type CelType, opaqueType } from '../../../machinery/cel/types.ts';
import { type CelValue, Opaque } from '../../../machinery/cel/values.ts';
import { selectorsOf } from '../../auth/asked-selectors.ts';
import type { Attributes, Decision } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { requestName, requestNamespace } from '../matching.ts';
import type { Answers } from './answers.ts';

/** A question to the authorizer that is being put together. */
interface Question {
  authorizer: Answers;
  user: UserInfo;
  asked: Attributes;
  /** Texts of selectors. */
  narrowed?: { fields?: string; labels?: string };
}

const empty: Attributes = {
  isResource: true,
  verb: '',
  group: '',
  version: '*',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  path: '',
};

/** What asking costs, as upstream counts. */
const checkCost = 350_000;

type StepName = 'Authorizer' | 'PathCheck' | 'GroupCheck' | 'ResourceCheck';

class Step extends Opaque {
  readonly typeName: string;
  readonly question: Question;
  constructor(step: StepName, question: Question) {
    super();
    this.typeName = `kubernetes.authorization.${step}`;
    this.question = question;
  }
  equals(other: Opaque): boolean {
    return other === this;
  }
}

class DecisionValue extends Opaque {
  readonly typeName = 'kubernetes.authorization.Decision';
  readonly decision: Decision;
  constructor(decision: Decision) {
    super();
    this.decision = decision;
  }
  equals(other: Opaque): boolean {
    return other === this;
  }
}

const root = 'kubernetes.authorization.Authorizer';
const resourceCheck = 'kubernetes.authorization.ResourceCheck';

/** Names an expression may use where it may ask the authorizer. */
export const authorizerTypes: Record<string, CelType> = {
  authorizer: opaqueType(root),
  'authorizer.requestResource': opaqueType(resourceCheck),
};

export function authorizerValue(authorizer: Answers, user: UserInfo): CelValue {
  return new Step('Authorizer', { authorizer, user, asked: empty });
}

/** Whether the user may do what is asked for again: the request's own resource, name and namespace. */
export function resourceCheckValue(authorizer: Answers, attributes: AdmissionAttributes): CelValue {
  const { group, plural: resource } = attributes.resource;
  const asked = {
    ...empty,
    group,
    resource,
    subresource: attributes.subresource,
    namespace: requestNamespace(attributes),
    name: requestName(attributes),
  };
  return new Step('ResourceCheck', { authorizer, user: attributes.context.user, asked });
}

function asking(step: StepName, change: (asked: Attributes, value: string) => Partial<Attributes>) {
  return ({ question }: Step, value: string) =>
    new Step(step, { ...question, asked: { ...question.asked, ...change(question.asked, value) } });
}

function check({ question: { authorizer, user, asked, narrowed } }: Step, verb: string): DecisionValue {
  const selectors = narrowed && (() => selectorsOf(narrowed));
  return new DecisionValue(authorizer.authorize(user, { ...asked, verb, selectors }));
}

function serviceAccount({ question }: Step, namespace: string, name: string): Step {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const user = { name: `system:serviceaccount:${namespace}:${name}`, groups };
  return new Step('Authorizer', { ...question, user });
}

/** What reading a selector costs: it may have a requirement every two characters. */
const selectorCost: Cost = ([, text]) =>
  10 + overFirst()([text as CelValue]) + Math.ceil(sizeOf(text) / 2) * 50;

function functions(): Overload[] {
  const path = 'kubernetes.authorization.PathCheck';
  const group = 'kubernetes.authorization.GroupCheck';
  const decision = 'kubernetes.authorization.Decision';
  const narrowed = (name: 'subresource' | 'namespace' | 'name') =>
    overload(
      `${resourceCheck}::${name}(string): ${resourceCheck}`,
      asking('ResourceCheck', (_, value) => ({ [name]: value })),
    );
  const narrowing =
    (name: 'fields' | 'labels') =>
    ({ question }: Step, text: string) =>
      new Step('ResourceCheck', { ...question, narrowed: { ...question.narrowed, [name]: text } });
  return [
    overload(
      `${root}::path(string): ${path}`,
      asking('PathCheck', (_, value) => ({ isResource: false, path: value })),
    ),
    overload(
      `${root}::group(string): ${group}`,
      asking('GroupCheck', (_, value) => ({ group: value })),
    ),
    overload(`${root}::serviceAccount(string, string): ${root}`, serviceAccount),
    overload(
      `${group}::resource(string): ${resourceCheck}`,
      asking('ResourceCheck', (_, value) => ({ resource: value })),
    ),
    narrowed('subresource'),
    narrowed('namespace'),
    narrowed('name'),
    overload(`${resourceCheck}::fieldSelector(string): ${resourceCheck}`, narrowing('fields'), selectorCost),
    overload(`${resourceCheck}::labelSelector(string): ${resourceCheck}`, narrowing('labels'), selectorCost),
    overload(`${path}::check(string): ${decision}`, check, () => checkCost),
    overload(`${resourceCheck}::check(string): ${decision}`, check, () => checkCost),
    overload(`${decision}::allowed(): bool`, ({ decision: d }: DecisionValue) => d.verdict === 'allow'),
    overload(`${decision}::reason(): string`, ({ decision: d }: DecisionValue) => d.reason),
    overload(`${decision}::errored(): bool`, ({ decision: d }: DecisionValue) => d.error !== undefined),
    overload(`${decision}::error(): string`, ({ decision: d }: DecisionValue) => d.error ?? ''),
  ];
}

/** The functions that ask the authorizer. */
export const authorizerLibrary = libraryOf(functions());
